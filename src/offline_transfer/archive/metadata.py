"""What an export says about itself: GitLab's keys, the ones of its design document, and two of ours. Written last of all."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from offline_transfer import __version__
from offline_transfer.archive.errors import (
    InvalidExportPrefixError,
    InvalidFieldError,
    InvalidKeyError,
    InvalidMetadataError,
    LimitExceededError,
    RecordError,
    UnsupportedFormatVersionError,
    UnsupportedSourceVersionError,
    shown,
)
from offline_transfer.archive.fields import Fields
from offline_transfer.archive.keys import LARGEST_ID, EntityPrefix, ExportPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.ndjson import parse
from offline_transfer.types import JsonObject, PortableKind

INSTANCE_VERSION = "19.3.0"
"""The GitLab version whose protocol and layout this release speaks."""
MINIMUM_SOURCE_VERSION = "19.0.0"
"""The oldest GitLab whose archives are read, the same as GitLab's own importer asks for."""
FORMAT_VERSION = 1
"""Counts up when a reader of the version before would misread an archive."""
GENERATOR = f"offline-transfer {__version__}"

PATH_BYTES = 2000

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})(?:-[0-9A-Za-z.-]{1,32})?")
_ALIAS = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?"
_HOSTNAME = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?|" + _ALIAS
)
_PATH_PART = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}"
_FULL_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART}){{0,30}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The metadata of one export. `None` stands for keys that GitLab's own exports do not have."""

    export_prefix: ExportPrefix
    source_hostname: str
    """Scheme, host and perhaps a port, such as `https://gitlab.example.com`, or an alias."""
    entities_mapping: Mapping[str, EntityPrefix]
    """Full path at the source to entity prefix, groups first."""
    instance_version: str = INSTANCE_VERSION
    instance_enterprise: bool = False
    source_ghost_user_id: int | None = None
    batched: bool | None = None
    """Whether collections went out in batches."""
    format_version: int | None = FORMAT_VERSION
    generator: str | None = GENERATOR

    @property
    def export_tag(self) -> str:
        """What the design document calls the export prefix; both names are written."""
        return self.export_prefix.value

    def to_object(self) -> JsonObject:
        """The JSON object, with its keys in the order of the specification."""
        values: JsonObject = {
            "instance_version": self.instance_version,
            "instance_enterprise": self.instance_enterprise,
            "export_prefix": self.export_prefix.value,
            "export_tag": self.export_tag,
            "source_hostname": self.source_hostname,
            "batched": self.batched,
            "entities_mapping": {path: str(entity) for path, entity in self.entities_mapping.items()},
            "source_ghost_user_id": self.source_ghost_user_id,
            "format_version": self.format_version,
            "generator": self.generator,
        }
        return {key: value for key, value in values.items() if value is not None}

    def to_json(self) -> bytes:
        """The document as it is compressed and stored."""
        return orjson.dumps(self.to_object(), option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_object(cls, values: JsonObject, name: str) -> "Metadata":
        """Read a JSON object whose origin is unknown. Keys that are not ours are passed over; see `parse` for errors."""
        try:
            metadata = _from_fields(Fields(values))
        except InvalidFieldError as error:
            raise InvalidMetadataError(name=name, reason=str(error)) from error
        _require_supported(metadata)
        return metadata

    @classmethod
    def parse(cls, blocks: Iterable[bytes], limits: Limits, name: str) -> "Metadata":
        """Read the decompressed document; `name` is the object, for errors.

        Raises `InvalidMetadataError`, `LimitExceededError`, and `UnsupportedSourceVersionError` or
        `UnsupportedFormatVersionError` for an archive that this release cannot import.
        """
        data = bytearray()
        for block in blocks:
            data += block
            if len(data) > limits.metadata_bytes:
                raise LimitExceededError(name=name, limit=limits.metadata_bytes, unit="bytes", setting="metadata_bytes")
        try:
            values = parse(bytes(data), index=0, limits=limits, name=name)
        except RecordError as error:
            raise InvalidMetadataError(name=name, reason=error.problem) from error
        return cls.from_object(values, name)


def _from_fields(fields: Fields) -> Metadata:
    return Metadata(
        instance_version=fields.matching("instance_version", _VERSION),
        instance_enterprise=fields.boolean("instance_enterprise"),
        export_prefix=_export_prefix(fields),
        source_hostname=fields.matching("source_hostname", _HOSTNAME, ending="/"),
        batched=fields.boolean("batched") if fields.has("batched") else None,
        entities_mapping=_mapping(fields.object("entities_mapping")),
        source_ghost_user_id=fields.optional_integer("source_ghost_user_id", smallest=1, largest=LARGEST_ID),
        format_version=fields.optional_integer("format_version", smallest=1, largest=2**31),
        generator=fields.text("generator", longest=200) if fields.has("generator") else None,
    )


def _export_prefix(fields: Fields) -> ExportPrefix:
    named = [fields.text(key, longest=1000) for key in ("export_prefix", "export_tag") if fields.has(key)]
    if not named:
        raise InvalidFieldError(key="export_prefix", problem="it is missing")
    if len(set(named)) > 1:
        raise InvalidFieldError(key="export_tag", problem="it differs from `export_prefix`")
    try:
        return ExportPrefix.parse(named[0])
    except InvalidExportPrefixError as error:
        raise InvalidFieldError(key="export_prefix", problem=str(error.details["reason"])) from error


def _mapping(values: JsonObject) -> dict[str, EntityPrefix]:
    mapping: dict[str, EntityPrefix] = {}
    paths: set[str] = set()
    for path, prefix in values.items():
        if len(path) > PATH_BYTES or _FULL_PATH.fullmatch(path) is None:
            raise InvalidFieldError(key="entities_mapping", problem=f"`{shown(path)}` is not a full path")
        try:
            mapping[path] = EntityPrefix.parse(prefix if isinstance(prefix, str) else "")
        except InvalidKeyError as error:
            problem = f"`{shown(path)}` has no entity prefix"
            raise InvalidFieldError(key="entities_mapping", problem=problem) from error
        paths.add(path.lower())
    if len(paths) < len(mapping):
        raise InvalidFieldError(key="entities_mapping", problem="two paths differ in case alone")
    around = (mapping.get(path.rpartition("/")[0]) for path in mapping)
    if any(prefix is not None and prefix.kind is PortableKind.PROJECT for prefix in around):
        raise InvalidFieldError(key="entities_mapping", problem="a path lies in a project, and projects hold no others")
    if len(set(mapping.values())) < len(mapping):
        raise InvalidFieldError(key="entities_mapping", problem="two paths have one entity prefix")
    return mapping


def _require_supported(metadata: Metadata) -> None:
    if metadata.format_version is not None and metadata.format_version > FORMAT_VERSION:
        raise UnsupportedFormatVersionError(version=metadata.format_version, supported=FORMAT_VERSION)
    if is_older(metadata.instance_version, MINIMUM_SOURCE_VERSION):
        raise UnsupportedSourceVersionError(version=metadata.instance_version, minimum=MINIMUM_SOURCE_VERSION)


def is_older(version: str, other: str) -> bool:
    """Whether a GitLab of one version, `19.3.0`, is older than one of another; what follows the numbers does not count."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(version)
    assert match is not None
    return tuple(int(number) for number in match.groups())
