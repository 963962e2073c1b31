"""Gzip in one member: the same bytes for the same content on one build, and no surprises on the way back."""

from collections.abc import Iterable, Iterator

from isal import igzip_lib, isal_zlib

from offline_transfer.archive.errors import DamagedObjectError, LimitExceededError, TruncatedObjectError
from offline_transfer.archive.limits import Limits

BLOCK_BYTES = 256 * 1024
LEVEL = 2
MAGIC = b"\x1f\x8b"

_GZIP_WINDOW = 31
# The stubs declare this class as an instance.
_InvalidData: type[Exception] = vars(igzip_lib)["IsalError"]


def exact_blocks(pieces: Iterable[bytes], size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The same bytes in blocks of exactly `size`, the last one shorter; empty content gives no block."""
    held: list[bytes] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count < size:
            continue
        block = held[0] if len(held) == 1 else b"".join(held)
        whole = count - count % size
        if whole == size == count:
            yield block
        else:
            for start in range(0, whole, size):
                yield block[start : start + size]
        held = [block[whole:]]
        count -= whole
    if count:
        yield b"".join(held)


def compress(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress content of any piece sizes into one gzip member without name or time.

    ISA-L's output depends on the sizes of the pieces it is fed, so it is fed blocks of one size.
    """
    compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
    for block in exact_blocks(blocks):
        compressed = compressor.compress(block)
        if compressed:
            yield compressed
    yield compressor.flush()


def decompress(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[bytes]:
    """The content of one gzip member, in blocks of at most 256 KiB. `name` stands in errors.

    The checksum at the end is part of the reading: take the content for whole only when the iterator has ended. Raises
    `DamagedObjectError`, also for a second member or anything else that follows the first, `TruncatedObjectError` and
    `LimitExceededError`.
    """
    member = _Member(limits, name)
    for block in blocks:
        yield from member.feed(block)
    member.finish()


class _Member:
    """One gzip member on its way through the decompressor, with what went in and what came out."""

    def __init__(self, limits: Limits, name: str) -> None:
        self._decompressor = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
        self._limits = limits
        self._name = name
        self._start = b""
        self._taken = 0
        self._given = 0

    def feed(self, block: bytes) -> Iterator[bytes]:
        if not block:
            return
        self._take(block)
        data = block
        while not self._decompressor.eof:
            try:
                content = self._decompressor.decompress(data, BLOCK_BYTES)
            except _InvalidData as error:
                raise DamagedObjectError(name=self._name, reason="its compressed data are not valid") from error
            if content:
                self._give(content)
                yield content
            if self._decompressor.needs_input and not self._decompressor.eof:
                return
            data = b""
        self._refuse_what_follows(self._decompressor.unused_data)

    def finish(self) -> None:
        if not self._taken:
            raise TruncatedObjectError(name=self._name, reason="it is empty, without even a gzip header")
        if not self._decompressor.eof:
            raise TruncatedObjectError(name=self._name, reason="its compressed data end before their checksum")

    def _take(self, block: bytes) -> None:
        if self._decompressor.eof:
            self._refuse_what_follows(block)
        if self._taken < len(MAGIC):
            self._start += block[: len(MAGIC) - self._taken]
            if not MAGIC.startswith(self._start):
                raise DamagedObjectError(name=self._name, reason="it is not a gzip file")
        self._taken += len(block)
        if self._taken > self._limits.object_bytes:
            self._refuse_size(limit=self._limits.object_bytes, unit="bytes", setting="object_bytes")

    def _give(self, content: bytes) -> None:
        self._given += len(content)
        if self._given > self._limits.decompressed_bytes:
            self._refuse_size(
                limit=self._limits.decompressed_bytes, unit="decompressed bytes", setting="decompressed_bytes"
            )
        if self._given > max(self._limits.unrated_bytes, self._taken * self._limits.compression_ratio):
            self._refuse_size(
                limit=self._limits.compression_ratio,
                unit="decompressed bytes for each stored byte",
                setting="compression_ratio",
            )

    def _refuse_size(self, *, limit: int, unit: str, setting: str) -> None:
        raise LimitExceededError(name=self._name, limit=limit, unit=unit, setting=setting)

    def _refuse_what_follows(self, data: bytes) -> None:
        if data.startswith(MAGIC):
            raise DamagedObjectError(name=self._name, reason="it holds a second gzip member")
        if data:
            raise DamagedObjectError(name=self._name, reason="something follows the end of its gzip member")
