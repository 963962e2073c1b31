"""The names of objects in an archive. Nobody else formats or takes apart a key.

Keys are relative to the export prefix. GitLab writes `group_1/labels/batch_1.ndjson.gz`; its design document writes
`group_1-labels/batch_1.ndjson`. Both are read, with and without `.gz`; GitLab's is written.
"""

import re
import secrets
import string
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from offline_transfer.archive.errors import InvalidExportPrefixError, InvalidKeyError, shown
from offline_transfer.types import PortableKind

METADATA_KEY = "metadata.json.gz"
UNCOMPRESSED_METADATA_KEY = "metadata.json"
MANIFEST_KEY = "manifest.json.gz"
CHECKSUMS_KEY = "SHA256SUMS"
SIGNATURE_KEY = "SHA256SUMS.sig"
IDENTITY_KEY = "identity.age"

COMPRESSED_SUFFIX = ".gz"
ENCRYPTED_SUFFIX = ".age"

SELF_RELATION = "self"
MAX_IIDS_RELATION = "max_iids"
USER_CONTRIBUTIONS_RELATION = "user_contributions"

LARGEST_ID = 2**63 - 1
LARGEST_BATCH = 2**31 - 1
PREFIX_BYTES = 800
PREFIX_PART_BYTES = 255
TOKEN_LENGTH = 8

_NUMBER = r"[1-9][0-9]{0,18}"
_RELATION = r"[a-z_]{1,64}"
RELATION_NAME = re.compile(_RELATION)
_ENTITY = re.compile(rf"(?P<kind>{'|'.join(PortableKind)})_(?P<id>{_NUMBER})")
_KEY = re.compile(
    rf"(?P<entity>[a-z]+_[0-9]+)(?P<separator>[/-])(?P<relation>{_RELATION})"
    rf"(?:/batch_(?P<batch>{_NUMBER}))?\.(?P<extension>json|ndjson|tar)(?P<gz>\.gz)?(?P<age>\.age)?"
)


class Extension(StrEnum):
    """What an object holds once it is decompressed."""

    JSON = "json"
    NDJSON = "ndjson"
    TAR = "tar"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a key is written. The default is GitLab's way, and the only one that is written, encrypted or not."""

    separator: str = "/"
    compressed: bool = True
    encrypted: bool = False


GITLAB_SPELLING = Spelling()


@dataclass(frozen=True, slots=True, order=True)
class EntityPrefix:
    """The directory of one group or project: its kind and its id at the source, `group_1`."""

    kind: PortableKind
    id: int

    def __post_init__(self) -> None:
        if not 1 <= self.id <= LARGEST_ID:
            raise InvalidKeyError(key=shown(self), reason="an id lies between 1 and 9223372036854775807")

    def __str__(self) -> str:
        return f"{self.kind.value}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `group_1` or `project_52`; raises `InvalidKeyError`."""
        match = _ENTITY.fullmatch(text)
        if match is None:
            raise InvalidKeyError(key=shown(text), reason="an entity is `group_` or `project_` and an id")
        return cls(PortableKind(match["kind"]), int(match["id"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKey:
    """One object of an archive. Two spellings of one key are equal; `str()` gives the spelling in which the key was read."""

    entity: EntityPrefix
    relation: str
    extension: Extension
    batch: int | None = None
    spelling: Spelling = field(default=GITLAB_SPELLING, compare=False)

    def __post_init__(self) -> None:
        if RELATION_NAME.fullmatch(self.relation) is None:
            raise InvalidKeyError(key=shown(self), reason="a relation has 1 to 64 lower case letters and underscores")
        if self.batch is not None and not 1 <= self.batch <= LARGEST_BATCH:
            raise InvalidKeyError(key=shown(self), reason="batches are counted from 1 to 2147483647")

    def __str__(self) -> str:
        batch = "" if self.batch is None else f"/batch_{self.batch}"
        compressed = COMPRESSED_SUFFIX if self.spelling.compressed else ""
        ending = f"{compressed}{ENCRYPTED_SUFFIX}" if self.spelling.encrypted else compressed
        return f"{self.entity}{self.spelling.separator}{self.relation}{batch}.{self.extension.value}{ending}"

    def canonical(self) -> "ObjectKey":
        """The same object in the spelling that is written, not encrypted."""
        return replace(self, spelling=GITLAB_SPELLING)

    def encrypted(self) -> "ObjectKey":
        """The same object as it is stored in an encrypted archive."""
        return replace(self, spelling=replace(self.spelling, encrypted=True))

    def decrypted(self) -> "ObjectKey":
        """The same object as it is stored in an archive that is not encrypted."""
        return replace(self, spelling=replace(self.spelling, encrypted=False))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key relative to the export prefix, in either spelling; raises `InvalidKeyError`."""
        match = _KEY.fullmatch(text)
        if match is None:
            raise InvalidKeyError(key=shown(text), reason="it is not `<entity>/<relation>[/batch_<n>].<extension>.gz`")
        return cls(
            entity=EntityPrefix.parse(match["entity"]),
            relation=match["relation"],
            extension=Extension(match["extension"]),
            batch=None if match["batch"] is None else int(match["batch"]),
            spelling=Spelling(
                match["separator"], compressed=match["gz"] is not None, encrypted=match["age"] is not None
            ),
        )


@dataclass(frozen=True, slots=True)
class ExportPrefix:
    """The directory of one export. Exports generate theirs; imports take any path, since people rename and move archives."""

    value: str

    def __post_init__(self) -> None:
        reason = _fault_of_prefix(self.value)
        if reason is not None:
            raise InvalidExportPrefixError(prefix=shown(self.value), reason=reason)

    def __str__(self) -> str:
        return self.value

    @classmethod
    def generate(cls, now: datetime) -> Self:
        """A new prefix in GitLab's form, `YYYY-MM-DD_HH-MM-SS_export_` in UTC and 8 random letters or digits."""
        token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(TOKEN_LENGTH))
        return cls(f"{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}_export_{token}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path, with or without a slash at its end; raises `InvalidExportPrefixError`."""
        return cls(text.removesuffix("/"))

    def key(self, relative: ObjectKey | str) -> str:
        """The whole key of an object that lies below this prefix."""
        return f"{self.value}/{relative}"


def _fault_of_prefix(value: str) -> str | None:
    parts = value.split("/")
    if not value:
        return "it is empty"
    if value.isspace():
        return "it is blank"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in value) or "\\" in value:
        return "it holds control characters, surrogates or backslashes"
    if any(part in ("", ".", "..") for part in parts):
        return "it has empty parts, `.` or `..`"
    if any(len(part.encode()) > PREFIX_PART_BYTES for part in parts) or len(value.encode()) > PREFIX_BYTES:
        return f"it is longer than {PREFIX_BYTES} bytes, or one of its parts than {PREFIX_PART_BYTES}"
    return None
