"""Where files lie that no test run minds losing: in memory, where creating a thousand takes milliseconds and not a second."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")
NEEDED_BYTES: Final = 1 << 30


def parent_directory() -> Path:
    """The file system in memory, if there is one of some size, or else the one for temporary files."""
    if (
        SHARED_MEMORY.is_dir()
        and os.access(SHARED_MEMORY, os.W_OK)
        and shutil.disk_usage(SHARED_MEMORY).free > NEEDED_BYTES
    ):
        return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def directory_of_run(shared_directory: Path) -> Path:
    """A private directory that all workers of a test run find by the directory that they share."""
    name = hashlib.sha256(str(shared_directory).encode()).hexdigest()[:12]
    directory = parent_directory() / f"offline-transfer-tests-{os.geteuid()}-{name}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.lstat().st_uid != os.geteuid() or directory.is_symlink():
        raise PermissionError(f"{directory} belongs to somebody else")
    return directory
