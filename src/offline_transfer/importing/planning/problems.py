"""What a plan complains of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from offline_transfer.errors import OfflineTransferError
from offline_transfer.types import JsonObject
from offline_transfer.verify.findings import FindingKind


class ProblemKind(StrEnum):
    """What is the matter. The values are part of the output of `--json` and never change their meaning."""

    SOURCE_ENTITY_NOT_FOUND = "source_entity_not_found"
    NAMED_TWICE = "named_twice"
    DESTINATION_NOT_FOUND = "destination_not_found"
    PROJECT_AT_ROOT = "project_at_root"
    INVALID_DESTINATION = "invalid_destination"
    DAMAGED = "damaged"
    UNKNOWN_RELATION = "unknown_relation"
    OBJECT_TOO_LARGE = "object_too_large"
    CONTENT_TOO_LARGE = "content_too_large"
    SIGNATURE_REFUSED = "signature_refused"
    NO_ROOM = "no_room"

    TAKEN_PATH = "taken_path"
    SIMILAR_NAME = "similar_name"
    ODD_NAME = "odd_name"
    LOWER_VISIBILITY = "lower_visibility"
    GAP = "gap"
    NOT_EXPORTED = "not_exported"
    LEFT_OUT = "left_out"
    EDITION = "edition"
    UNCHECKED = "unchecked"
    UNSIGNED = "unsigned"
    INACTIVE = "inactive"
    INHERITED = "inherited"
    LITTLE_ROOM = "little_room"


BLOCKING: Final = frozenset(
    {
        ProblemKind.SOURCE_ENTITY_NOT_FOUND,
        ProblemKind.NAMED_TWICE,
        ProblemKind.DESTINATION_NOT_FOUND,
        ProblemKind.PROJECT_AT_ROOT,
        ProblemKind.INVALID_DESTINATION,
        ProblemKind.DAMAGED,
        ProblemKind.UNKNOWN_RELATION,
        ProblemKind.OBJECT_TOO_LARGE,
        ProblemKind.CONTENT_TOO_LARGE,
        ProblemKind.SIGNATURE_REFUSED,
        ProblemKind.NO_ROOM,
    }
)
"""With one of these the import would be refused, or something that was asked for would not come at all."""

NOTED: Final = {
    FindingKind.UNCHECKED: ProblemKind.UNCHECKED,
    FindingKind.FAILED_RELATION: ProblemKind.NOT_EXPORTED,
    FindingKind.SKIPPED_RELATION: ProblemKind.LEFT_OUT,
}
"""Findings that are no faults, as a plan calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that somebody should know before the import. Texts of the archive in it are escaped and cut."""

    kind: ProblemKind
    message: str
    entity: str | None = None
    """Full path at the source; None where the archive as a whole or this instance is meant."""

    @property
    def is_blocker(self) -> bool:
        """Whether the import would be refused, or something would not come at all."""
        return self.kind in BLOCKING

    @classmethod
    def of(cls, error: OfflineTransferError, entity: str | None = None) -> "Problem":
        """What an import would raise. The error's code is the kind."""
        return cls(kind=ProblemKind(error.code()), message=error.message, entity=entity)

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"kind": self.kind.value, "entity": self.entity, "message": self.message}
