"""Opens an archive: what it says about itself, which objects a relation has, and their contents.

A manifest is trusted, a listing is not. Without a manifest (GitLab's own exports have none) the listing is all there is, and
`Archive.unchecked` says what nobody can know then.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from types import TracebackType
from typing import Self

from offline_transfer.archive.checksums import Measured, read_checksums
from offline_transfer.archive.errors import InvalidKeyError, shown
from offline_transfer.archive.gzip import decompress
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    UNCOMPRESSED_METADATA_KEY,
    EntityPrefix,
    ExportPrefix,
    ObjectKey,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation
from offline_transfer.archive.manifest_reader import ManifestReader, require_same_export
from offline_transfer.archive.metadata import Metadata
from offline_transfer.errors import BadInputError, OfflineTransferError
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.store import Store, exists
from offline_transfer.verify.errors import ArchiveNotFoundError, EntityNotInArchiveError, ManifestMissingError
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import ObjectIndex, StoredObject
from offline_transfer.verify.spool import Spool, spooled

SIGNATURE_KEY = "SHA256SUMS.sig"
_DESCRIBING = frozenset({METADATA_KEY, UNCOMPRESSED_METADATA_KEY, MANIFEST_KEY, CHECKSUMS_KEY, SIGNATURE_KEY})


class Archive:
    """One archive, open for reading. Close it, or use it as a context manager.

    Opening raises `ArchiveNotFoundError`, `ManifestMissingError`, `MixedArchiveError`, `InvalidMetadataError`,
    `InvalidManifestError`, `UnsupportedSourceVersionError`, `UnsupportedFormatVersionError`, and errors of the store.
    """

    def __init__(self, store: Store, prefix: ExportPrefix, limits: Limits | None = None) -> None:
        self.store = store
        self.prefix = prefix
        self.limits = limits or Limits()
        self.metadata = self._read_metadata()
        self.failed_relations: tuple[FailedRelation, ...] = ()
        self.manifest_sha256: str | None = None
        self._index = ObjectIndex()
        self._is_listed = False
        try:
            self._announce()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    @property
    def has_manifest(self) -> bool:
        """Whether a manifest says what has to be there."""
        return self.manifest_sha256 is not None

    @property
    def where(self) -> str:
        """The store and the prefix, for messages."""
        return f"{self.store.describe()}/{self.prefix}"

    def entity(self, full_path: str) -> EntityPrefix:
        """The prefix of a group or project by its full path at the source. Raises `EntityNotInArchiveError`."""
        try:
            return self.metadata.entities_mapping[full_path]
        except KeyError:
            raise EntityNotInArchiveError(where=self.where, path=full_path) from None

    def full_path(self, entity: EntityPrefix) -> str | None:
        """The full path of an entity at the source."""
        return next((path for path, prefix in self.metadata.entities_mapping.items() if prefix == entity), None)

    def relations(self, entity: EntityPrefix) -> tuple[str, ...]:
        """The relations of which the archive holds objects, in alphabetical order."""
        return self._index.relations(entity)

    def objects(self, entity: EntityPrefix, relation: str) -> tuple[StoredObject, ...] | None:
        """The objects of a relation in the order of their batches, None where it has none at all.

        Where a relation lies there whole and in batches, the batches count, as in GitLab.
        """
        found = self._index.of_relation(entity, relation)
        batched = tuple(item for item in found if item.key.batch is not None)
        return batched or found or None

    def all_objects(self) -> Iterator[StoredObject]:
        """Every object of the archive, in the order of keys."""
        return self._index.all()

    def spool(self, stored: StoredObject) -> AbstractContextManager[Spool]:
        """A private copy of an object, compared with the manifest while it was copied. See `spool.spooled` for errors."""
        return spooled(stored, self.store.blocks(self.prefix.key(stored.key)), self.limits)

    def check_objects(self, objects: Iterable[StoredObject]) -> Iterator[Finding]:
        """Presence, size and stored hash of objects, before anything of them is used.

        Without a manifest only their presence can be checked. A store that fails for a while raises its retryable error.
        """
        for stored in objects:
            finding = self.check_presence(stored) or self._check_hash(stored)
            if finding is not None:
                yield finding

    def check_structure(self) -> Iterator[Finding]:
        """Objects that nobody announced, batches that are missing between others, and relations that are there twice."""
        self._list()
        for key in self._index.unannounced():
            if key not in _DESCRIBING:
                reason = "the manifest does not name it" if self.has_manifest else "it is not the key of an object"
                yield Finding(kind=FindingKind.UNEXPECTED_OBJECT, where=key, reason=reason)
        failed = {(str(relation.entity), relation.relation) for relation in self.failed_relations}
        for entity, relation, last in self._index.gaps():
            if (entity, relation) not in failed:
                reason = f"not all of its batches 1 to {last} are there"
                yield Finding(kind=FindingKind.MISSING_OBJECT, where=f"{entity}/{relation}", reason=reason)
        for key in self._index.crowded():
            reason = "its relation or batch is there in another form as well"
            yield Finding(kind=FindingKind.UNEXPECTED_OBJECT, where=key, reason=reason)

    def unchecked(self) -> Iterator[Finding]:
        """What cannot be checked in this archive, as notes."""
        if not self.has_manifest:
            for reason in (
                "without a manifest nobody can say whether an object is missing or was changed",
                "without a manifest the records of an object cannot be counted against what was exported",
            ):
                yield Finding(kind=FindingKind.UNCHECKED, where=MANIFEST_KEY, reason=reason)

    def failures(self) -> Iterator[Finding]:
        """The relations that the export could not write, as notes."""
        paths = {prefix: path for path, prefix in self.metadata.entities_mapping.items()}
        for failed in self.failed_relations:
            yield Finding(
                kind=FindingKind.FAILED_RELATION,
                entity=paths.get(failed.entity),
                path=failed.relation,
                reason=f"the export failed: {shown(failed.reason)}",
            )

    def check_presence(self, stored: StoredObject) -> Finding | None:
        """Whether the store holds an object, in its size."""
        self._list()
        size = self._index.listed_size(stored.key)
        if size is None:
            return Finding(kind=FindingKind.MISSING_OBJECT, where=stored.where, reason="it is not in the store")
        if size != stored.size:
            reason = f"it has {size:,} bytes, the manifest says {stored.size:,}"
            return Finding(kind=FindingKind.WRONG_SIZE, where=stored.where, reason=reason)
        return None

    def _check_hash(self, stored: StoredObject) -> Finding | None:
        if stored.entry is None:
            return None
        measured = Measured(self.store.blocks(self.prefix.key(stored.key)))
        try:
            for _ in measured:
                pass
        except OfflineTransferError as error:
            if error.retryable:
                raise
            return Finding(kind=FindingKind.UNREADABLE, where=stored.where, reason=error.message)
        if measured.sha256 != stored.entry.measurement.sha256:
            reason = "its SHA-256 is not the one in the manifest"
            return Finding(kind=FindingKind.WRONG_HASH, where=stored.where, reason=reason)
        return None

    def check_sums(self) -> Iterator[Finding]:
        """Whether `SHA256SUMS` says the same as the manifest, which it covers too."""
        if self.manifest_sha256 is None:
            return
        kind = FindingKind.CHECKSUMS_DIFFER
        try:
            self._index.sum(
                read_checksums(self.store.blocks(self.prefix.key(CHECKSUMS_KEY)), self.limits, CHECKSUMS_KEY)
            )
        except ObjectNotFoundError:
            yield Finding(kind=kind, where=CHECKSUMS_KEY, reason="it is not in the store")
            return
        except BadInputError as error:
            yield Finding(kind=kind, where=CHECKSUMS_KEY, reason=error.message)
            return
        announced = ((str(item.key), item.entry.measurement.sha256) for item in self.all_objects() if item.entry)
        for key, sha256 in chain(announced, [(MANIFEST_KEY, self.manifest_sha256)]):
            summed = self._index.sum_of(key)
            if summed != sha256:
                reason = "it has no line in SHA256SUMS" if summed is None else "SHA256SUMS gives it another hash"
                yield Finding(kind=kind, where=key, reason=reason)
        for key in self._index.summed_strangers():
            if key != MANIFEST_KEY:
                yield Finding(kind=kind, where=key, reason="SHA256SUMS has a line for it, and the manifest has none")

    def _read_metadata(self) -> Metadata:
        blocks = self.store.blocks(self.prefix.key(METADATA_KEY))
        try:
            return Metadata.parse(decompress(blocks, self.limits, METADATA_KEY), self.limits, METADATA_KEY)
        except ObjectNotFoundError:
            pass
        plain = self.store.blocks(self.prefix.key(UNCOMPRESSED_METADATA_KEY))
        try:
            return Metadata.parse(plain, self.limits, UNCOMPRESSED_METADATA_KEY)
        except ObjectNotFoundError:
            raise ArchiveNotFoundError(where=self.where) from None

    def _announce(self) -> None:
        if exists(self.store, self.prefix.key(MANIFEST_KEY)):
            self._announce_manifest()
        elif self.metadata.format_version is not None:
            raise ManifestMissingError(where=self.where)
        else:
            self._list()
            self._index.announce(self._listed_objects())

    def _announce_manifest(self) -> None:
        measured = Measured(self.store.blocks(self.prefix.key(MANIFEST_KEY)))
        reader = ManifestReader(decompress(measured, self.limits, MANIFEST_KEY), self.limits, MANIFEST_KEY)
        require_same_export(reader.metadata, self.metadata)
        self.failed_relations = reader.failed_relations
        self._index.announce(
            StoredObject(key=entry.key, size=entry.measurement.stored_bytes, entry=entry) for entry in reader.entries()
        )
        self.manifest_sha256 = measured.sha256

    def _list(self) -> None:
        if self._is_listed:
            return
        start = len(str(self.prefix)) + 1
        self._index.list((item.key[start:], item.size) for item in self.store.list(str(self.prefix)))
        self._is_listed = True

    def _listed_objects(self) -> Iterator[StoredObject]:
        entities = frozenset(self.metadata.entities_mapping.values())
        for name in self._index.unannounced():
            try:
                key = ObjectKey.parse(name)
            except InvalidKeyError:
                continue
            size = self._index.listed_size(key)
            if key.entity in entities and size is not None:
                yield StoredObject(key=key, size=size)
