"""Where files lie that no test run minds losing: in memory, where creating a thousand takes milliseconds and not a second."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")
NEEDED_BYTES: Final = 1 << 30
PREFIX: Final = "offline-transfer-tests-"
ABANDONED_SECONDS: Final = 600


def parent_directory() -> Path:
    """The file system in memory, if there is one of some size, or else the one for temporary files."""
    if (
        SHARED_MEMORY.is_dir()
        and os.access(SHARED_MEMORY, os.W_OK)
        and shutil.disk_usage(SHARED_MEMORY).free > NEEDED_BYTES
    ):
        return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def directory_of_run(run: str) -> Path:
    """The private directory of a test run, the same for all its workers."""
    directory = parent_directory() / f"{PREFIX}{os.geteuid()}-{run}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise PermissionError(f"{directory} belongs to somebody else")
    return directory


def abandoned_directories() -> list[Path]:
    """Directories of runs that began a while ago; some may still go on."""
    latest = time.time() - ABANDONED_SECONDS
    return [path for path in parent_directory().glob(f"{PREFIX}{os.geteuid()}-*") if path.stat().st_mtime < latest]
