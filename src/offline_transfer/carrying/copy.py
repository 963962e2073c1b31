"""Copies an archive as it is."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Final, TypeAlias

from offline_transfer.archive.checksums import Measured, checked
from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.keys import CHECKSUMS_KEY, SIGNATURE_KEY
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.signature import SigningKey
from offline_transfer.carrying.errors import ArchiveInTheWayError, SamePlaceError
from offline_transfer.carrying.plan import METADATA_KEYS, Item, Place, Plan
from offline_transfer.storage.errors import ObjectNotFoundError, StoreNotFoundError
from offline_transfer.storage.sources import from_bytes, from_start
from offline_transfer.types import JsonObject
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.reader import Archive

NAMED_STRANGERS: Final = 100

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called after each object: its name, and bytes done of all bytes."""


def silent(_name: str, _done: int, _total: int) -> None:
    """Says nothing."""


class SignatureFate(StrEnum):
    """What became of the signature. The values are part of the output of `--json`."""

    NONE = "none"
    KEPT = "kept"
    LOST = "lost"
    """What was signed is not what was written."""
    MADE = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """What a copy came to."""

    copied: int
    """Objects that were written."""
    present: int
    """Objects that were there already, with the right size and hash."""
    size: int
    """Bytes that were written."""
    signature: SignatureFate
    left: tuple[str, ...] = ()
    """What lies beside the archive, does not belong to it, and was not copied; the first hundred."""

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "copied": self.copied,
            "present": self.present,
            "bytes": self.size,
            "signature": self.signature.value,
            "left": list(self.left),
        }


def copy(
    source: Place,
    archive: Archive | Carried,
    destination: Place,
    *,
    signing_key: SigningKey | None = None,
    progress: Progress = silent,
) -> Carriage:
    """Copy an archive to an empty place, or go on where a copy of the same archive was broken off.

    What is there with the right size and hash stays. Raises `ChecksumMismatchError` for an object that is not what was exported,
    `SourceFaultError`, `ArchiveInTheWayError`, SamePlaceError, `ArchiveNotFoundError`, and errors of the stores.
    """
    require_another_place(source, destination)
    with ExitStack() as stack:
        metadata_name = source.metadata_key()
        metadata = stack.enter_context(_aside(source, metadata_name, archive.limits))
        plan = stack.enter_context(Plan(source, archive))
        _require_free(plan, source, destination, metadata_name, metadata)
        copied = present = size = done = 0
        total = plan.totals()[1]
        for item in plan.items():
            if _is_there(source, destination, item):
                present += 1
            else:
                if not copied:
                    # What is being mended is no archive meanwhile.
                    destination.store.delete(destination.key(metadata_name))
                _copy(source, destination, item)
                copied += 1
                size += item.size
            done += item.size
            progress(item.name, done, total)
        fate = _copy_sums(archive, destination, signing_key)
        destination.store.put(destination.key(metadata_name), from_start(metadata))
        left = tuple(name for name, _ in zip(plan.strangers(), range(NAMED_STRANGERS), strict=False))
    return Carriage(copied=copied, present=present, size=size, signature=fate, left=left)


def require_another_place(source: Place, destination: Place) -> None:
    """Raise SamePlaceError for an archive that would be copied onto itself."""
    if source.describe() == destination.describe():
        raise SamePlaceError(where=destination.describe())


def _require_free(plan: Plan, source: Place, destination: Place, metadata_name: str, metadata: IO[bytes]) -> None:
    """Whether what lies at the destination is nothing, or a part of this archive."""
    for name, _ in listed(destination):
        if name == metadata_name:
            if _is_other(destination, name, metadata):
                _refuse(destination, "another archive lies there")
        elif name in METADATA_KEYS:
            _refuse(destination, "another archive lies there")
        elif name not in (CHECKSUMS_KEY, SIGNATURE_KEY) and not plan.has(name):
            _refuse(destination, f"{name} lies there, which does not belong to the archive at {source.describe()}")


def listed(place: Place) -> Iterator[tuple[str, int]]:
    """What lies at a place that need not exist yet."""
    try:
        yield from place.names()
    except StoreNotFoundError:
        # A directory is made by the first object; a bucket that is not there says so then.
        return


def _refuse(destination: Place, reason: str) -> None:
    raise ArchiveInTheWayError(where=destination.describe(), reason=reason)


def _is_other(destination: Place, name: str, metadata: IO[bytes]) -> bool:
    return _sha256(destination.store.blocks(destination.key(name))) != _sha256(from_start(metadata)())


def _is_there(source: Place, destination: Place, item: Item) -> bool:
    key = destination.key(item.name)
    try:
        if destination.store.size(key) != item.size:
            return False
    except ObjectNotFoundError:
        return False
    sha256 = item.sha256 or _sha256(source.store.blocks(source.key(item.name)))
    return _sha256(destination.store.blocks(key)) == sha256


def _copy(source: Place, destination: Place, item: Item) -> None:
    def read() -> Iterable[bytes]:
        blocks = source.store.blocks(source.key(item.name))
        if item.sha256 is None:
            return blocks
        return checked(blocks, length=item.size, sha256=item.sha256, name=item.name)

    destination.store.put(destination.key(item.name), read)


def _copy_sums(archive: Archive | Carried, destination: Place, signing_key: SigningKey | None) -> SignatureFate:
    sums, signature_key = archive.sums, destination.key(SIGNATURE_KEY)
    if sums is None:
        return SignatureFate.NONE
    destination.store.put(destination.key(CHECKSUMS_KEY), sums.blocks)
    if signing_key is not None:
        destination.store.put(signature_key, from_bytes(signing_key.sign(sums.file)))
        return SignatureFate.MADE
    if sums.signature is None:
        destination.store.delete(signature_key)
        return SignatureFate.NONE
    destination.store.put(signature_key, from_bytes(sums.signature))
    return SignatureFate.KEPT


@contextmanager
def _aside(place: Place, name: str, limits: Limits) -> Iterator[IO[bytes]]:
    """A private copy of a describing object, so that what is written at the end is what was seen at the beginning."""
    with tempfile.TemporaryFile(prefix="offline-transfer-") as file:
        for block in place.store.blocks(place.key(name)):
            file.write(block)
            if file.tell() > limits.metadata_bytes:
                raise LimitExceededError(name=name, limit=limits.metadata_bytes, unit="bytes", setting="metadata_bytes")
        yield file


def _sha256(blocks: Iterable[bytes]) -> str:
    measured = Measured(blocks)
    for _ in measured:
        pass
    return measured.sha256
