"""Opens an archive: what it says about itself, which objects a relation has, and their contents.

A manifest is trusted, a listing is not. Without a manifest (GitLab's own exports have none) the listing is all there is, and
`Archive.unchecked` says what nobody can know then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from types import TracebackType
from typing import Self

from offline_transfer.archive.checksums import Measured
from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.errors import InvalidKeyError, shown
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    ENCRYPTED_SUFFIX,
    IDENTITY_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    SIGNATURE_KEY,
    UNCOMPRESSED_METADATA_KEY,
    EntityPrefix,
    ExportPrefix,
    ObjectKey,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, SkippedRelation
from offline_transfer.archive.manifest_reader import ManifestReader, require_same_export
from offline_transfer.archive.objects import content
from offline_transfer.archive.patience import in_time
from offline_transfer.archive.signature import PublicKey
from offline_transfer.errors import BadInputError, OfflineTransferError
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.store import Store, exists
from offline_transfer.verify.errors import (
    EntityNotInArchiveError,
    ManifestMissingError,
    UntrustedArchiveError,
)
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import ObjectIndex, StoredObject
from offline_transfer.verify.opening import open_metadata
from offline_transfer.verify.spool import Spool, spooled
from offline_transfer.verify.sums import Signature, SignaturePolicy, SignatureState, Sums, judge

_DESCRIBING = frozenset({METADATA_KEY, UNCOMPRESSED_METADATA_KEY, MANIFEST_KEY, CHECKSUMS_KEY, SIGNATURE_KEY})
_DESCRIBING_ENCRYPTED = frozenset(
    {
        f"{METADATA_KEY}{ENCRYPTED_SUFFIX}",
        f"{MANIFEST_KEY}{ENCRYPTED_SUFFIX}",
        CHECKSUMS_KEY,
        SIGNATURE_KEY,
        IDENTITY_KEY,
    }
)


class Archive:
    """One archive, open for reading. Close it, or use it as a context manager.

    Opening raises `ManifestMissingError`, `MixedArchiveError`, `InvalidManifestError`, and what `opening.open_metadata` raises.
    """

    def __init__(
        self, store: Store, prefix: ExportPrefix, limits: Limits | None = None, keys: Keys | None = None
    ) -> None:
        self.store = store
        self.prefix = prefix
        self.limits = limits or Limits()
        opened = open_metadata(store, prefix, self.limits, keys or Keys())
        self.metadata = opened.metadata
        self.is_encrypted = opened.is_encrypted
        self._keys = opened.keys
        self.failed_relations: tuple[FailedRelation, ...] = ()
        self.skipped_relations: tuple[SkippedRelation, ...] = ()
        self._skipped: frozenset[tuple[EntityPrefix, str]] = frozenset()
        self.manifest_sha256: str | None = None
        self._index = ObjectIndex()
        self._is_listed = False
        self._sums: Sums | None = None
        self._has_read_sums = False
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
        """Let go of what was copied and looked up."""
        self._index.close()
        if self._sums is not None:
            self._sums.close()

    @property
    def keys(self) -> Keys:
        """What opens its objects, with the identity that a passphrase led to."""
        return self._keys

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
        return spooled(stored, self.store.blocks(self.prefix.key(stored.key)), self._keys, self.limits)

    def check_objects(
        self, objects: Iterable[StoredObject], watch: Callable[[], None] = lambda: None
    ) -> Iterator[Finding]:
        """Presence, size and stored hash of objects, before anything of them is used.

        Without a manifest only their presence can be checked. A store that fails for a while raises its retryable error. `watch` is
        called for each object and block; whatever it raises ends the check.
        """
        for stored in objects:
            watch()
            finding = self.check_presence(stored) or self._check_hash(stored, watch)
            if finding is not None:
                yield finding

    def check_structure(self) -> Iterator[Finding]:
        """Objects that nobody announced, batches that are missing between others, and relations that are there twice."""
        yield from self.strays()
        yield from self.missing_batches()
        yield from self.crowded()

    def strays(self) -> Iterator[Finding]:
        """Objects in the store that are none of the archive's."""
        self._list()
        describing = _DESCRIBING_ENCRYPTED if self.is_encrypted else _DESCRIBING
        for key in self._index.unannounced():
            if key not in describing:
                reason = "the manifest does not name it" if self.has_manifest else "it is not the key of an object"
                yield Finding(kind=FindingKind.UNEXPECTED_OBJECT, where=key, reason=reason)

    def missing_batches(self) -> Iterator[Finding]:
        """Relations that lack a batch between others, though their export did not fail."""
        failed = {(str(relation.entity), relation.relation) for relation in self.failed_relations}
        for entity, relation, last in self._index.gaps():
            if (entity, relation) not in failed:
                reason = f"not all of its batches 1 to {last} are there"
                yield Finding(kind=FindingKind.MISSING_OBJECT, where=f"{entity}/{relation}", reason=reason)

    def crowded(self) -> Iterator[Finding]:
        """Objects that are one relation or batch twice."""
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
        """The relations that the export could not write, or left out on purpose, as notes."""
        paths = {prefix: path for path, prefix in self.metadata.entities_mapping.items()}
        for failed in self.failed_relations:
            yield Finding(
                kind=FindingKind.FAILED_RELATION,
                entity=paths.get(failed.entity),
                path=failed.relation,
                reason=f"the export failed: {shown(failed.reason)}",
            )
        for skipped in self.skipped_relations:
            yield Finding(
                kind=FindingKind.SKIPPED_RELATION,
                entity=paths.get(skipped.entity),
                path=skipped.relation,
                reason="whoever exported left it out on purpose",
            )

    def is_skipped(self, entity: EntityPrefix, relation: str) -> bool:
        """Whether a relation was left out on purpose, so that nothing is missing without it."""
        return (entity, relation) in self._skipped

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

    def _check_hash(self, stored: StoredObject, watch: Callable[[], None]) -> Finding | None:
        if stored.entry is None:
            return None
        blocks = self.store.blocks(self.prefix.key(stored.key))
        measured = Measured(in_time(blocks, self.limits, stored.where))
        pieces = iter(measured)
        is_left = True
        while is_left:
            watch()
            try:
                is_left = next(pieces, None) is not None
            except OfflineTransferError as error:
                if error.retryable:
                    raise
                return Finding(kind=FindingKind.UNREADABLE, where=stored.where, reason=error.message)
        if measured.sha256 != stored.entry.measurement.sha256:
            reason = "its SHA-256 is not the one in the manifest"
            return Finding(kind=FindingKind.WRONG_HASH, where=stored.where, reason=reason)
        return None

    @property
    def sums(self) -> Sums | None:
        """A copy of its `SHA256SUMS`, taken once; None where it has none. Raises `LimitExceededError` and errors of the store."""
        if not self._has_read_sums:
            try:
                self._sums = Sums.read(self.store, self.prefix, self.limits)
            except ObjectNotFoundError:
                self._sums = None
            self._has_read_sums = True
        return self._sums

    def signature(self, keys: Iterable[PublicKey]) -> Signature:
        """Whose signature it has, among the owners of these keys. Raises like `sums`."""
        return Signature(SignatureState.UNSIGNED) if self.sums is None else self.sums.signed_by(keys)

    def check_sums(self) -> Iterator[Finding]:
        """Whether `SHA256SUMS` says the same as the manifest, which it covers too."""
        if self.manifest_sha256 is None:
            return
        kind = FindingKind.CHECKSUMS_DIFFER
        sums = self.sums
        if sums is None:
            yield Finding(kind=kind, where=CHECKSUMS_KEY, reason="it is not in the store")
            return
        try:
            self._index.sum(sums.pairs())
        except BadInputError as error:
            yield Finding(kind=kind, where=CHECKSUMS_KEY, reason=error.message)
            return
        announced = ((str(item.key), item.entry.measurement.sha256) for item in self.all_objects() if item.entry)
        beside = [(self._stored_key(MANIFEST_KEY), self.manifest_sha256), *self._beside()]
        for key, sha256 in chain(announced, beside):
            summed = self._index.sum_of(key)
            if summed != sha256:
                reason = "it has no line in SHA256SUMS" if summed is None else "SHA256SUMS gives it another hash"
                yield Finding(kind=kind, where=key, reason=reason)
        known = {key for key, _ in beside}
        for key in self._index.summed_strangers():
            if key not in known:
                yield Finding(kind=kind, where=key, reason="SHA256SUMS has a line for it, and the manifest has none")

    def require_signature(self, keys: Sequence[PublicKey]) -> None:
        """Raise UntrustedArchiveError unless one of the keys has signed, and everything hangs on that by its hash."""
        if not self.has_manifest:
            raise UntrustedArchiveError(where=self.where, reason="without a manifest nothing hangs on a signature")
        judged = judge(self.signature(keys), SignaturePolicy(keys, is_required=True))
        for finding in chain(judged, self.check_sums()):
            raise UntrustedArchiveError(where=self.where, reason=finding.said)

    def _beside(self) -> Iterator[tuple[str, str]]:
        """What lies beside the objects of an encrypted archive, and its hash."""
        if not self.is_encrypted:
            return
        measured = Measured(self.store.blocks(self.prefix.key(IDENTITY_KEY)))
        try:
            for _ in measured:
                pass
        except ObjectNotFoundError:
            return
        yield IDENTITY_KEY, measured.sha256

    def _stored_key(self, key: str) -> str:
        return f"{key}{ENCRYPTED_SUFFIX}" if self.is_encrypted else key

    def _announce(self) -> None:
        if exists(self.store, self.prefix.key(self._stored_key(MANIFEST_KEY))):
            self._announce_manifest()
        elif self.is_encrypted or self.metadata.format_version is not None:
            raise ManifestMissingError(where=self.where)
        else:
            self._list()
            self._index.announce(self._listed_objects())

    def _announce_manifest(self) -> None:
        key = self._stored_key(MANIFEST_KEY)
        measured = Measured(in_time(self.store.blocks(self.prefix.key(key)), self.limits, key))
        opened = self._keys.open(measured, key) if self.is_encrypted else measured
        reader = ManifestReader(content(opened, key, self.limits), self.limits, key)
        require_same_export(reader.metadata, self.metadata)
        self.failed_relations = reader.failed_relations
        self.skipped_relations = reader.skipped_relations
        self._skipped = frozenset((found.entity, found.relation) for found in reader.skipped_relations)
        self._index.announce(self._announced(entry) for entry in reader.entries())
        self.manifest_sha256 = measured.sha256

    def _announced(self, entry: ManifestEntry) -> StoredObject:
        key = entry.key.encrypted() if self.is_encrypted else entry.key
        return StoredObject(key=key, size=entry.measurement.stored_bytes, entry=entry)

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
            if not key.spelling.encrypted and key.entity in entities and size is not None:
                yield StoredObject(key=key, size=size)
