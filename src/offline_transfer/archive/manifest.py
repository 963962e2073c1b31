"""Every object of an export with its size, hashes and counts, so that a reader knows what has to be there.

The manifest of a large export is large (1,000 projects with 40 relations: 40,000 objects or more), so it is one JSON document whose
parts stand on lines of their own: it is written and read line by line, and any JSON parser can read it too. Objects stand in
ascending order of their keys, which makes doubles impossible and the same export the same file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from offline_transfer.archive.errors import InvalidFieldError, InvalidKeyError
from offline_transfer.archive.fields import Fields
from offline_transfer.archive.keys import RELATION_NAME, EntityPrefix, ObjectKey
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import Measurement
from offline_transfer.types import JsonObject

LARGEST_COUNT = 2**63 - 1
REASON_LENGTH = 1000

_SHA256 = re.compile(r"[0-9a-f]{64}")
_RECORD_PATH = re.compile(r"[a-z_]{1,64}(?:\.[a-z_]{1,64}){0,20}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One object: its key, how it measures, how many records of each path it holds, and when they were read at the source."""

    key: ObjectKey
    measurement: Measurement
    records: Mapping[str, int]
    """Path in the relation's tree, such as `issues` or `issues.notes`, to a count. Binary relations count files, or refs."""
    read_at: datetime
    """Aware; the time of the database transaction."""

    def to_object(self) -> JsonObject:
        """The JSON object. Entity, relation and batch are there again for readers that take no keys apart."""
        return {
            "key": str(self.key),
            "entity": str(self.key.entity),
            "relation": self.key.relation,
            "batch": self.key.batch,
            "bytes": self.measurement.stored_bytes,
            "sha256": self.measurement.sha256,
            "content_bytes": self.measurement.content_bytes,
            "content_sha256": self.measurement.content_sha256,
            "records": dict(self.records),
            "read_at": self.read_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    @classmethod
    def from_object(cls, values: JsonObject) -> "ManifestEntry":
        """Read one entry of unknown origin; raises `InvalidFieldError`."""
        fields = Fields(values)
        return cls(
            key=_key(fields),
            measurement=Measurement(
                stored_bytes=fields.integer("bytes", smallest=0, largest=LARGEST_COUNT),
                sha256=fields.matching("sha256", _SHA256),
                content_bytes=fields.integer("content_bytes", smallest=0, largest=LARGEST_COUNT),
                content_sha256=fields.matching("content_sha256", _SHA256),
            ),
            records=fields.counts("records", pattern=_RECORD_PATH, largest=LARGEST_COUNT),
            read_at=_time(fields, "read_at"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRelation:
    """A relation of an entity that is not in the archive, or not whole, and why."""

    entity: EntityPrefix
    relation: str
    reason: str

    def to_object(self) -> JsonObject:
        """The JSON object; the reason on one line and at most 1,000 characters long."""
        reason = _CONTROL.sub(" ", self.reason).strip()[:REASON_LENGTH] or "unknown"
        return {"entity": str(self.entity), "relation": self.relation, "reason": reason}

    @classmethod
    def from_object(cls, values: JsonObject) -> "FailedRelation":
        """Read one failed relation of unknown origin; raises `InvalidFieldError`."""
        fields = Fields(values)
        return cls(
            entity=_entity(fields),
            relation=fields.matching("relation", RELATION_NAME),
            reason=fields.text("reason", longest=REASON_LENGTH),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRelation:
    """A relation of an entity that whoever asked for the export left out on purpose."""

    entity: EntityPrefix
    relation: str

    def to_object(self) -> JsonObject:
        """The JSON object."""
        return {"entity": str(self.entity), "relation": self.relation}

    @classmethod
    def from_object(cls, values: JsonObject) -> "SkippedRelation":
        """Read one skipped relation of unknown origin; raises `InvalidFieldError`."""
        fields = Fields(values)
        return cls(entity=_entity(fields), relation=fields.matching("relation", RELATION_NAME))


@dataclass(slots=True, kw_only=True)
class Totals:
    """Sums over the entries of a manifest; they let a reader notice entries that were taken out."""

    objects: int = 0
    stored_bytes: int = 0
    content_bytes: int = 0
    records: dict[str, int] = field(default_factory=dict)

    def add(self, entry: ManifestEntry) -> None:
        """Count one entry."""
        self.objects += 1
        self.stored_bytes += entry.measurement.stored_bytes
        self.content_bytes += entry.measurement.content_bytes
        for path, count in entry.records.items():
            self.records[path] = self.records.get(path, 0) + count

    def to_object(self) -> JsonObject:
        """The JSON object, with the paths in alphabetical order."""
        return {
            "objects": self.objects,
            "bytes": self.stored_bytes,
            "content_bytes": self.content_bytes,
            "records": dict(sorted(self.records.items())),
        }

    @classmethod
    def from_object(cls, values: JsonObject) -> "Totals":
        """Read totals of unknown origin; raises `InvalidFieldError`."""
        fields = Fields(values)
        return cls(
            objects=fields.integer("objects", smallest=0, largest=LARGEST_COUNT),
            stored_bytes=fields.integer("bytes", smallest=0, largest=LARGEST_COUNT),
            content_bytes=fields.integer("content_bytes", smallest=0, largest=LARGEST_COUNT),
            records=dict(fields.counts("records", pattern=_RECORD_PATH, largest=LARGEST_COUNT)),
        )


def write_manifest(
    metadata: Metadata,
    failed: Iterable[FailedRelation],
    entries: Iterable[ManifestEntry],
    skipped: Iterable[SkippedRelation] = (),
) -> Iterator[bytes]:
    """The document in pieces, before compression. Entries come in ascending order of `str(key)`, each key once."""
    totals = Totals()
    yield b'{"metadata":' + orjson.dumps(metadata.to_object()) + b',\n"failed_relations":[\n'
    yield from _items(relation.to_object() for relation in failed)
    yield b'],\n"skipped_relations":[\n'
    yield from _items(relation.to_object() for relation in skipped)
    yield b'],\n"objects":[\n'
    yield from _items(entry.to_object() for entry in _counted(entries, totals))
    yield b'],\n"totals":' + orjson.dumps(totals.to_object()) + b"}\n"


def _counted(entries: Iterable[ManifestEntry], totals: Totals) -> Iterator[ManifestEntry]:
    last = ""
    for entry in entries:
        key = str(entry.key.canonical())
        if str(entry.key) != key or key <= last:
            raise ValueError(
                f"{entry.key} comes after {last}: entries go by key, each once, in the spelling that is written"
            )
        last = key
        totals.add(entry)
        yield entry


def _items(objects: Iterable[JsonObject]) -> Iterator[bytes]:
    separator = b""
    for values in objects:
        yield separator + orjson.dumps(values)
        separator = b",\n"
    if separator:
        yield b"\n"


def _key(fields: Fields) -> ObjectKey:
    try:
        key = ObjectKey.parse(fields.text("key", longest=200))
    except InvalidKeyError as error:
        raise InvalidFieldError(key="key", problem=str(error.details["reason"])) from error
    if str(key) != str(key.canonical()):
        raise InvalidFieldError(key="key", problem="it is not in the spelling that is written")
    batch = fields.optional_integer("batch", smallest=1, largest=LARGEST_COUNT)
    said = (fields.text("entity", longest=100), fields.text("relation", longest=100), batch)
    if said != (str(key.entity), key.relation, key.batch):
        raise InvalidFieldError(key="key", problem="it disagrees with `entity`, `relation` or `batch`")
    return key


def _entity(fields: Fields) -> EntityPrefix:
    try:
        return EntityPrefix.parse(fields.text("entity", longest=100))
    except InvalidKeyError as error:
        raise InvalidFieldError(key="entity", problem=str(error.details["reason"])) from error


def _time(fields: Fields, key: str) -> datetime:
    try:
        return datetime.fromisoformat(fields.matching(key, _TIME))
    except ValueError as error:
        raise InvalidFieldError(key=key, problem="there is no such time") from error
