"""Small archives for tests, written object by object as literal values."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson

from offline_transfer.archive import tarball
from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.encryption import PLAIN, Envelope
from offline_transfer.archive.gzip import compress
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    SIGNATURE_KEY,
    EntityPrefix,
    ExportPrefix,
    Extension,
    ObjectKey,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, SkippedRelation, write_manifest
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import ObjectStream
from offline_transfer.archive.signature import SigningKey
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.storage.disk import DiskStore
from offline_transfer.types import JsonObject, JsonValue, PortableKind

PREFIX = ExportPrefix("2026-04-16_19-39-00_export_dJtnb3CV")
READ_AT = datetime(2026, 4, 16, 19, 39, 1, 123456, tzinfo=UTC)
LIMITS = Limits()
MAPPING = {"top": "group_1", "top/app": "project_7"}


@dataclass
class Draft:
    """An archive on its way to a directory. Objects are written at once, what describes them by `finish`."""

    root: Path
    mapping: Mapping[str, str] = field(default_factory=lambda: MAPPING)
    ghost: int | None = None
    prefix: ExportPrefix = PREFIX
    failed: list[FailedRelation] = field(default_factory=list)
    skipped: list[SkippedRelation] = field(default_factory=list)
    entries: dict[str, ManifestEntry] = field(default_factory=dict)
    envelope: Envelope = PLAIN
    hostname: str = "https://source.example.com"

    @property
    def store(self) -> DiskStore:
        return DiskStore(self.root)

    def path(self, key: str) -> Path:
        """The file behind an object."""
        return self.root / self.prefix.key(key)

    def stored(self, key: str) -> str:
        """What the object of a key is called where it is stored."""
        return f"{key}{self.envelope.suffix}"

    def records(self, key: str, records: Sequence[JsonObject]) -> None:
        """Write an object of NDJSON, counted by its relation tree."""
        lines = [orjson.dumps(record) + b"\n" for record in records]
        self.content(key, b"".join(lines), _counts(ObjectKey.parse(key), records))

    def document(self, key: str, document: JsonObject) -> None:
        """Write `self` or `max_iids`."""
        self.content(key, orjson.dumps(document), {ObjectKey.parse(key).relation: 1})

    def files(self, key: str, files: Mapping[str, bytes], *, count: int | None = None) -> None:
        """Write a tar of files."""
        members = [
            tarball.Member(name=name, size=len(data), open=partial(_once, data)) for name, data in sorted(files.items())
        ]
        content = b"".join(tarball.write(members, LIMITS, key))
        self.content(key, content, {ObjectKey.parse(key).relation: len(files) if count is None else count})

    def content(self, key: str, content: bytes, counts: Mapping[str, int]) -> None:
        """Write any content under a key, with these counts in the manifest."""
        stream = ObjectStream([content], self.envelope)
        self.put(self.stored(key), b"".join(stream))
        self.entries[key] = ManifestEntry(
            key=ObjectKey.parse(key), measurement=stream.measurement, records=counts, read_at=READ_AT
        )

    def complete(self) -> "Draft":
        """Write an empty object for every relation that has none yet."""
        have = {(str(entry.key.entity), entry.key.relation) for entry in self.entries.values()}
        for prefix in self.mapping.values():
            portable = tree(EntityPrefix.parse(prefix).kind)
            empty: dict[str, Callable[[str], None]] = {
                "self.json.gz": lambda key: self.document(key, {}),
                "max_iids.json.gz": lambda key: self.document(key, {}),
                **{f"{node.name}.ndjson.gz": lambda key: self.records(key, []) for node in portable.relations},
                **{f"{name}.tar.gz": lambda key: self.files(key, {}) for name in portable.files},
            }
            for name, write in empty.items():
                if (prefix, name.partition(".")[0]) not in have:
                    write(f"{prefix}/{name}")
        return self

    def metadata(self) -> Metadata:
        return Metadata(
            export_prefix=self.prefix,
            source_hostname=self.hostname,
            entities_mapping={path: EntityPrefix.parse(entity) for path, entity in self.mapping.items()},
            instance_enterprise=True,
            source_ghost_user_id=self.ghost,
            batched=True,
        )

    def finish(self, signing_key: SigningKey | None = None) -> "Draft":
        """Write manifest, checksums and metadata, as an export of ours ends."""
        entries = [self.entries[key] for key in sorted(self.entries)]
        manifest = self._sealed(b"".join(write_manifest(self.metadata(), self.failed, entries, self.skipped)))
        self.put(self.stored(MANIFEST_KEY), manifest)
        sums = [*self.envelope.beside.items()]
        sums += [(self.stored(str(entry.key)), entry.measurement.sha256) for entry in entries]
        sums += [(self.stored(MANIFEST_KEY), hashlib.sha256(manifest).hexdigest())]
        self.put(CHECKSUMS_KEY, b"".join(write_checksums(sums)))
        if signing_key is not None:
            self.sign(signing_key)
        self.put(self.stored(METADATA_KEY), self._sealed(self.metadata().to_json()))
        return self

    def sign(self, signing_key: SigningKey) -> None:
        """Sign the checksums as they are."""
        with self.path(CHECKSUMS_KEY).open("rb+") as file:
            self.put(SIGNATURE_KEY, signing_key.sign(file))

    def _sealed(self, content: bytes) -> bytes:
        return b"".join(self.envelope.seal(compress([content])))

    def finish_as_gitlab(self) -> "Draft":
        """Write GitLab's metadata alone."""
        values = self.metadata().to_object()
        gitlab = {
            key: values[key] for key in values if key not in ("format_version", "generator", "batched", "export_tag")
        }
        self.put(METADATA_KEY, b"".join(compress([orjson.dumps(gitlab)])))
        return self

    def put(self, key: str, stored: bytes) -> None:
        """Write stored bytes as they are."""
        # Not through the store, which waits for the disk each time.
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored)


def _once(data: bytes) -> Iterator[bytes]:
    yield data


def _counts(key: ObjectKey, records: Sequence[JsonValue]) -> dict[str, int]:
    if key.extension is not Extension.NDJSON:
        return {}
    counts: dict[str, int] = {key.relation: 0}
    node = next((node for node in tree(PortableKind(key.entity.kind)).relations if node.name == key.relation), None)
    _count(node, key.relation, list(records), counts)
    return counts


def _count(node: RelationNode | None, path: str, records: list[JsonValue], counts: dict[str, int]) -> None:
    for record in records:
        counts[path] = counts.get(path, 0) + 1
        for child in node.children if node is not None else ():
            assert isinstance(record, dict)
            below = record.get(child.name)
            if below is not None:
                _count(child, child.path, below if isinstance(below, list) else [below], counts)
