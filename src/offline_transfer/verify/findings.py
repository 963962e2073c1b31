"""What a look at an archive found: values that commands, pages and interfaces show alike."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from offline_transfer.archive.errors import SHOWN_LENGTH, about
from offline_transfer.types import JsonObject


class FindingKind(StrEnum):
    """What is the matter. The values are part of the output of `--json` and never change their meaning."""

    # Objects of one archive.
    MISSING_OBJECT = "missing_object"
    UNEXPECTED_OBJECT = "unexpected_object"
    WRONG_SIZE = "wrong_size"
    WRONG_HASH = "wrong_hash"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    WRONG_COUNT = "wrong_count"
    CHECKSUMS_DIFFER = "checksums_differ"
    MISSING_RELATION = "missing_relation"
    WRONG_SIGNATURE = "wrong_signature"
    MISSING_SIGNATURE = "missing_signature"
    UNSIGNED = "unsigned"
    # Contents of one archive.
    INVALID_RECORD = "invalid_record"
    INVALID_BUNDLE = "invalid_bundle"
    WRONG_LFS_OBJECT = "wrong_lfs_object"
    REFUSED_NAME = "refused_name"
    UNKNOWN_KEY = "unknown_key"
    SENSITIVE_KEY = "sensitive_key"
    UNKNOWN_RELATION = "unknown_relation"
    FAILED_RELATION = "failed_relation"
    SKIPPED_RELATION = "skipped_relation"
    UNCHECKED = "unchecked"
    # Two archives.
    ONLY_IN_FIRST = "only_in_first"
    ONLY_IN_SECOND = "only_in_second"
    DIFFERENT = "different"
    USERS_MERGED = "users_merged"
    UNKNOWN_USER = "unknown_user"


NOTES: Final = frozenset(
    {
        FindingKind.UNSIGNED,
        FindingKind.UNKNOWN_KEY,
        FindingKind.SENSITIVE_KEY,
        FindingKind.UNKNOWN_RELATION,
        FindingKind.FAILED_RELATION,
        FindingKind.SKIPPED_RELATION,
        FindingKind.UNCHECKED,
    }
)
"""The mild kinds: worth knowing, and no reason to refuse an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be, or that could not be looked at.

    `where` is the object (its key), `entity` the full path of a group or project, `path` the place in the relation tree, `sample`
    something of the data that helps to see the point. Texts of an archive come cut, and escaped where printing them could do harm.
    """

    kind: FindingKind
    reason: str
    where: str | None = None
    entity: str | None = None
    path: str | None = None
    sample: str | None = None

    def __post_init__(self) -> None:
        for name in ("where", "entity", "path", "sample"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, printable(value))

    @property
    def is_fault(self) -> bool:
        """Whether the archive should not be imported, or two archives are not equal, because of it."""
        return self.kind not in NOTES

    @property
    def said(self) -> str:
        """It in one line: the object, and what is wrong with it."""
        return self.reason if self.where is None else about(self.where, self.reason)

    def to_json(self) -> JsonObject:
        """As `--json` prints it; what does not apply is left out."""
        values: JsonObject = {
            "kind": self.kind.value,
            "where": self.where,
            "entity": self.entity,
            "path": self.path,
            "reason": self.reason,
            "sample": self.sample,
        }
        return {key: value for key, value in values.items() if value is not None}


def printable(text: str) -> str:
    """A text of unknown origin in its own alphabet, without what could take over a terminal, on one line and cut."""
    # A name of which nothing but escapes is left helps nobody to find the record.
    cut = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:SHOWN_LENGTH]
    )
    return cut if len(text) <= SHOWN_LENGTH else f"{cut}..."
