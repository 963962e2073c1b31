"""Is killed while it replaces an object: DIRECTORY."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from offline_transfer.storage.disk import DiskStore


def source() -> Iterator[bytes]:
    """One megabyte, and then the end of this process."""
    yield b"n" * 1_000_000
    os.kill(os.getpid(), signal.SIGKILL)


DiskStore(Path(sys.argv[1])).put("folder/key", source)
