"""A private copy of one object: what is parsed is what was checked, whatever becomes of the original meanwhile."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from offline_transfer.archive import ndjson, tarball
from offline_transfer.archive.checksums import checked
from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.errors import LimitExceededError, RecordError
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.objects import content
from offline_transfer.archive.patience import in_time
from offline_transfer.types import JsonObject
from offline_transfer.verify.errors import SpoolFullError
from offline_transfer.verify.index import StoredObject

BLOCK_BYTES: Final = 1024 * 1024
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Record:
    """One line of an object: its position, counted from 0, and its value or why it has none."""

    index: int
    value: "JsonObject | RecordError"


class Spool:
    """The private copy. Everything can be read from it again and again; each iteration is of its own."""

    def __init__(self, stored: StoredObject, file: IO[bytes], keys: Keys, limits: Limits) -> None:
        self.stored = stored
        self._file = file
        self._keys = keys
        self._limits = limits

    def opened(self) -> Iterator[bytes]:
        """The object without its envelope, as it was compressed. Raises `DamagedObjectError` and its kin, `WrongIdentityError`."""
        blocks = self._blocks()
        return self._keys.open(blocks, self.stored.where) if self.stored.key.spelling.encrypted else blocks

    def content(self) -> Iterator[bytes]:
        """The decompressed content. With a manifest its hash is compared too, at the end: believe nothing before that.

        Raises `DamagedObjectError` and its kin, `LimitExceededError`, `WrongIdentityError`.
        """
        opened = in_time(self.opened(), self._limits, self.stored.where)
        blocks = content(opened, self.stored.key, self._limits)
        if self.stored.entry is None:
            return blocks
        measurement = self.stored.entry.measurement
        return checked(
            blocks, length=measurement.content_bytes, sha256=measurement.content_sha256, name=self.stored.where
        )

    def lines(self) -> Iterator[bytes]:
        """The lines of NDJSON, unparsed."""
        return ndjson.lines(self.content(), self._limits, self.stored.where)

    def records(self) -> Iterator[Record]:
        """The lines of NDJSON as records; a line that is none comes as its error, and the next ones follow."""
        name = self.stored.where
        for index, line in enumerate(self.lines()):
            try:
                yield Record(index, ndjson.parse(line, index=index, limits=self._limits, name=name))
            except RecordError as error:
                yield Record(index, error)

    def document(self) -> JsonObject:
        """The one JSON object of `self` and `max_iids`. Raises `RecordError` besides."""
        return ndjson.document(self.content(), self._limits, self.stored.where)

    def members(self) -> Iterator[tarball.TarMember]:
        """The files of a tar; each is read before the next is asked for. Raises `UnsafeMemberError` besides."""
        return tarball.members(self.content(), self._limits, self.stored.where)

    def _blocks(self) -> Iterator[bytes]:
        position = 0
        while block := os.pread(self._file.fileno(), BLOCK_BYTES, position):
            yield block
            position += len(block)


@contextmanager
def spooled(stored: StoredObject, blocks: Iterable[bytes], keys: Keys, limits: Limits) -> Iterator[Spool]:
    """Copy the stored bytes into a file without a name, comparing size and hash with the manifest's.

    What is encrypted stays so there; `keys` open it while it is read.

    Raises `ChecksumMismatchError`, `LimitExceededError`, `TookTooLongError`, `SpoolFullError`, and what the blocks raise.
    """
    if stored.size > limits.object_bytes:
        raise LimitExceededError(name=stored.where, limit=limits.object_bytes, unit="bytes", setting="object_bytes")
    if stored.entry is not None:
        blocks = checked(blocks, length=stored.size, sha256=stored.entry.measurement.sha256, name=stored.where)
    with tempfile.TemporaryFile(prefix="offline-transfer-", buffering=0) as file:
        for block in in_time(blocks, limits, stored.where):
            _write(file, block, stored)
        yield Spool(stored, file, keys, limits)


def _write(file: IO[bytes], block: bytes, stored: StoredObject) -> None:
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        if error.errno in FULL:
            raise SpoolFullError(name=stored.where) from None
        raise
