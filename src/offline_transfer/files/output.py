"""A file that appears whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from offline_transfer.files.errors import NoRoomError


class Output:
    """A file that is being written. What the system refuses becomes NoRoomError, and nothing else does."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream: Final = stream
        self._path: Final = path

    def write(self, block: bytes) -> None:
        """Write a block."""
        with _translated(self._path):
            self._stream.write(block)


@contextmanager
def replacing(path: Path) -> Iterator[Output]:
    """A file beside the path, which takes the path's place, durable, when the block ends well; else nothing is left of it.

    Raises NoRoomError with the system's reason.
    """
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.partial")
    try:
        with _translated(path):
            stream = partial.open("xb")
        with stream:
            yield Output(stream, path)
            with _translated(path):
                stream.flush()
                os.fsync(stream.fileno())
        with _translated(path):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoomError(name=path, reason=error.strerror) from error
