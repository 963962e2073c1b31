"""A file that appears whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from offline_transfer.files.errors import NoRoomError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A stream beside the path, whose file takes the path's place, durable, when the block ends well; else nothing is left of it.

    Raises NoRoomError, naming the reason of the system, for whatever keeps the file from being written.
    """
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        raise NoRoomError(name=path, reason=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)
