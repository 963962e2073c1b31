"""The common sources of `Store.put`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from offline_transfer.storage.errors import SourceSpentError
from offline_transfer.storage.store import BLOCK_BYTES, Source


def from_bytes(contents: bytes) -> Source:
    """A source of contents that are in memory anyway."""
    return lambda: (contents,)


def from_file(path: Path) -> Source:
    """A source that reads a file of ours, opened anew for every attempt."""

    def read() -> Iterator[bytes]:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    return read


def from_start(file: IO[bytes]) -> Source:
    """A source that reads an open file from its beginning for every attempt; one attempt at a time."""

    def read() -> Iterator[bytes]:
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block

    return read


def once(blocks: Iterable[bytes]) -> Source:
    """A source of blocks that exist only once: a second attempt raises SourceSpentError instead of writing an empty object."""
    return _Once(blocks)


class _Once:
    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks: Iterable[bytes] | None = blocks

    def __call__(self) -> Iterable[bytes]:
        blocks, self._blocks = self._blocks, None
        if blocks is None:
            raise SourceSpentError
        return blocks
