"""What a destination takes, so that a source can check it before anything is carried: limits and versions, nothing private."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION
from offline_transfer.archive.limits import MIB
from offline_transfer.archive.metadata import FORMAT_VERSION, GENERATOR, INSTANCE_VERSION, MINIMUM_SOURCE_VERSION
from offline_transfer.forge.application_settings import ApplicationSettings, SignaturePolicy
from offline_transfer.relations.loader import tree
from offline_transfer.settings import Settings
from offline_transfer.types import Edition, JsonObject, PortableKind
from offline_transfer.verify.errors import InvalidProfileError, ProfileNotReadError

LARGEST_FILE: Final = 256 * 1024

Bytes = Annotated[int, Field(ge=1, le=2**63 - 1)]
Version = Annotated[str, Field(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(-[0-9A-Za-z.-]{1,32})?$")]
Relations = Annotated[list[Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]], Field(max_length=1000)]


class DestinationProfile(BaseModel):
    """What one instance takes. What a later release says besides is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    profile: Literal[1] = 1
    """Counts up when a reader of the version before would misread it."""
    generator: Annotated[str, Field(max_length=200)]
    instance_version: Version
    minimum_source_version: Version
    format_version: Annotated[int, Field(ge=1, le=2**31)]
    """The highest format version that it reads."""
    edition: Edition
    largest_object: Bytes | None
    """Bytes of one object as it is stored; None is no limit."""
    largest_content: Bytes | None
    """Bytes of one object unpacked; None is no limit."""
    signature_policy: SignaturePolicy
    relations: Mapping[PortableKind, Relations]
    """The relations that it knows, in whatever edition."""

    def knows(self, kind: PortableKind, relation: str) -> bool:
        """Whether it would not refuse an archive because of this relation."""
        return relation in self.relations.get(kind, ())

    def to_json(self) -> JsonObject:
        """The document."""
        document: JsonObject = self.model_dump(mode="json")
        return document

    def to_file(self) -> bytes:
        """The document for people to look through before they hand it on."""
        return orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def profile_of(said: ApplicationSettings, settings: Settings) -> DestinationProfile:
    """What this instance takes now."""
    return DestinationProfile(
        generator=GENERATOR,
        instance_version=INSTANCE_VERSION,
        minimum_source_version=MINIMUM_SOURCE_VERSION,
        format_version=FORMAT_VERSION,
        edition=settings.edition,
        largest_object=said.bulk_import_max_download_file_size * MIB or None,
        largest_content=said.max_decompressed_archive_size * MIB or None,
        signature_policy=said.offline_transfer_signature_policy,
        relations={kind: _relations(kind) for kind in PortableKind},
    )


def read(path: Path) -> DestinationProfile:
    """Read the file that a destination has written. Raises ProfileNotReadError and InvalidProfileError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ProfileNotReadError(path=path, reason=error.strerror) from None
    if len(data) > LARGEST_FILE:
        raise InvalidProfileError(path=path, problem=f"it has more than {LARGEST_FILE:,} bytes")
    try:
        # Parsed by orjson, which minds depth, and then held against the model as JSON is: enums by their values.
        return DestinationProfile.model_validate(orjson.loads(data), strict=False)
    except orjson.JSONDecodeError:
        raise InvalidProfileError(path=path, problem="it is not JSON") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = shown(".".join(str(part) for part in first["loc"]) or "the document")
        raise InvalidProfileError(path=path, problem=f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None


def _relations(kind: PortableKind) -> list[str]:
    moving = tree(kind)
    return sorted({SELF_RELATION, MAX_IIDS_RELATION, *(node.name for node in moving.relations), *moving.files})
