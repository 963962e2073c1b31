"""Copies an archive into another envelope: encrypts what is plain, decrypts what is encrypted, or encrypts to somebody else.

The compressed objects stay as they are, so decrypting gives the bytes that would have been stored without it. Sizes and hashes
change, so manifest and checksums are written anew, and a signature is lost unless somebody signs.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from offline_transfer.archive.checksums import Measured
from offline_transfer.archive.encryption import PLAIN, Envelope
from offline_transfer.archive.keys import CHECKSUMS_KEY, MANIFEST_KEY, METADATA_KEY, SIGNATURE_KEY
from offline_transfer.archive.manifest import ManifestEntry, write_manifest
from offline_transfer.archive.objects import Measurement
from offline_transfer.archive.signature import SigningKey
from offline_transfer.carrying.copy import (
    NAMED_STRANGERS,
    Carriage,
    Progress,
    SignatureFate,
    listed,
    require_another_place,
    silent,
)
from offline_transfer.carrying.errors import ArchiveInTheWayError, NothingToRewriteError, SourceFaultError
from offline_transfer.carrying.plan import METADATA_KEYS, Place
from offline_transfer.exporting.writing import Destination
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_start
from offline_transfer.storage.store import Source
from offline_transfer.verify.errors import SpoolFullError
from offline_transfer.verify.findings import FindingKind
from offline_transfer.verify.index import ObjectIndex, StoredObject
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.spool import FULL, Spool

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE written (key TEXT PRIMARY KEY, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
"""


def recode(
    archive: Archive,
    destination: Place,
    envelope: Envelope = PLAIN,
    *,
    signing_key: SigningKey | None = None,
    progress: Progress = silent,
) -> Carriage:
    """Copy an open archive to an empty place in another envelope.

    A copy that was broken off goes on where nothing is encrypted: what is there with the right bytes stays. What is encrypted
    differs each time, so it is written again. Raises `NothingToRewriteError`, `SourceFaultError`, `ChecksumMismatchError`,
    `ArchiveInTheWayError`, SamePlaceError, and errors of the stores.
    """
    if not archive.has_manifest:
        raise NothingToRewriteError(where=archive.where)
    require_another_place(Place(store=archive.store, prefix=archive.prefix), destination)
    left = _strangers(archive)
    target = Destination(Location(destination.store, ""), destination.prefix, envelope)
    _require_free(archive, destination, envelope)
    with closing(_Written()) as written:
        carriage = _copy_objects(archive, target, written, progress)
        _describe(archive, target, written, signing_key)
    fate = SignatureFate.MADE if signing_key is not None else _fate_without_key(archive)
    return replace(carriage, signature=fate, left=left)


class _Written:
    """Size and hash of every object as it was written. Memory stays flat."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def add(self, name: str, size: int, sha256: str) -> None:
        """Take up an object by its key in the manifest."""
        self._database.execute("INSERT INTO written VALUES (?, ?, ?)", [name, size, sha256])

    def entry(self, stored: StoredObject) -> ManifestEntry:
        """The line of the manifest, with the new size and hash."""
        assert stored.entry is not None
        select = "SELECT bytes, sha256 FROM written WHERE key = ?"
        size, sha256 = self._database.execute(select, [str(stored.entry.key)]).fetchone()
        measurement = replace(stored.entry.measurement, stored_bytes=size, sha256=sha256)
        return replace(stored.entry, measurement=measurement)


def _copy_objects(archive: Archive, target: Destination, written: _Written, progress: Progress) -> Carriage:
    copied = present = size = done = 0
    total = sum(stored.size for stored in archive.all_objects())
    for stored in archive.all_objects():
        assert stored.entry is not None
        with archive.spool(stored) as spool, _resealed(spool, target.envelope) as sealed:
            if _is_there(target, stored, sealed):
                present += 1
            else:
                target.place.store.put(target.key(stored.entry.key), sealed.source)
                copied += 1
                size += sealed.size
        written.add(str(stored.entry.key), sealed.size, sealed.sha256)
        done += stored.size
        progress(stored.where, done, total)
    return Carriage(copied=copied, present=present, size=size, signature=SignatureFate.NONE)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """An object in its new envelope, kept aside."""

    source: Source
    size: int
    sha256: str


@contextmanager
def _resealed(spool: Spool, envelope: Envelope) -> Iterator[_Sealed]:
    """Put an object into its new envelope, once.

    An envelope gives other bytes each time, and a request that was given up may come late and replace the one that counts.
    """
    measured = Measured(envelope.seal(spool.opened()))
    with tempfile.TemporaryFile(prefix="offline-transfer-") as file:
        try:
            for block in measured:
                file.write(block)
            file.flush()
        except OSError as error:
            if error.errno in FULL:
                raise SpoolFullError(name=spool.stored.where) from None
            raise
        yield _Sealed(from_start(file), measured.length, measured.sha256)


def _is_there(target: Destination, stored: StoredObject, sealed: _Sealed) -> bool:
    """Whether an earlier attempt has written the object; of what is encrypted nobody can know."""
    assert stored.entry is not None
    if target.envelope.suffix:
        return False
    there = Measured(target.place.store.blocks(target.key(stored.entry.key)))
    try:
        for _ in there:
            pass
    except ObjectNotFoundError:
        return False
    return (there.length, there.sha256) == (sealed.size, sealed.sha256)


def _describe(archive: Archive, target: Destination, written: _Written, signing_key: SigningKey | None) -> None:
    entries = map(written.entry, archive.all_objects())
    document = write_manifest(archive.metadata, archive.failed_relations, entries, archive.skipped_relations)
    manifest = target.put_content(MANIFEST_KEY, document).measurement
    target.place.store.delete(target.plain_key(SIGNATURE_KEY))
    target.put_sums(_sums(archive, target.envelope, written, manifest), signing_key)
    target.put_content(METADATA_KEY, [archive.metadata.to_json()])


def _sums(archive: Archive, envelope: Envelope, written: _Written, manifest: Measurement) -> Iterator[tuple[str, str]]:
    yield from envelope.beside.items()
    for entry in map(written.entry, archive.all_objects()):
        yield f"{entry.key}{envelope.suffix}", entry.measurement.sha256
    yield f"{MANIFEST_KEY}{envelope.suffix}", manifest.sha256


def _strangers(archive: Archive) -> tuple[str, ...]:
    """What is not copied, because it does not belong to the archive. Raises `SourceFaultError` for whatever else is wrong."""
    left = []
    for finding in chain(archive.check_sums(), archive.check_structure()):
        if finding.kind is not FindingKind.UNEXPECTED_OBJECT:
            raise SourceFaultError(where=archive.where, problem=finding.said)
        left.append(str(finding.where))
    return tuple(left[:NAMED_STRANGERS])


def _require_free(archive: Archive, destination: Place, envelope: Envelope) -> None:
    """Whether what lies at the destination is nothing, or was left by a copy that was broken off."""
    ours = (f"{stored.key.decrypted()}{envelope.suffix}" for stored in archive.all_objects())
    describing = (f"{MANIFEST_KEY}{envelope.suffix}", CHECKSUMS_KEY, SIGNATURE_KEY)
    with closing(ObjectIndex()) as index:
        index.sum((name, "") for name in chain(ours, describing))
        index.list(listed(destination))
        for name in index.unsummed():
            reason = f"{name} lies there, which does not belong to the archive at {archive.where}"
            if name in METADATA_KEYS:
                reason = "another archive lies there"
            raise ArchiveInTheWayError(where=destination.describe(), reason=reason)


def _fate_without_key(archive: Archive) -> SignatureFate:
    is_signed = archive.sums is not None and archive.sums.signature is not None
    return SignatureFate.LOST if is_signed else SignatureFate.NONE
