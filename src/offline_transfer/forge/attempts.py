"""Directories in which something is built aside before it is put in place.

Each attempt has a fresh directory of its own and holds a lock on a file beside it. The lock ends with the process, however that
ends, so a sweep can tell what a dead attempt left from what a living one is building.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SPOOL: Final = "spool"
"""Where below a data directory that is made which is only needed for a while: unpacked exports, bundles on their way."""

_LOCK_SUFFIX: Final = ".lock"
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts below one directory, which must lie on the file system on which their results are put in place."""

    directory: Path

    @contextlib.contextmanager
    def begin(self) -> Iterator[Path]:
        """A fresh private directory for the length of the block; whatever is still in it then is removed."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock, descriptor = self._lock_new()
        place = lock.with_suffix("")
        try:
            place.mkdir(mode=0o700)
            yield place
        finally:
            _remove(place, lock)
            os.close(descriptor)

    def sweep(self) -> int:
        """Remove what attempts of dead processes left and return how many there were."""
        swept = 0
        for lock in sorted(self.directory.glob(f"*{_LOCK_SUFFIX}")):
            try:
                descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue  # It ended by itself in the meantime.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(lock.with_suffix(""), lock)
                swept += 1
            except BlockingIOError:
                pass  # It lives.
            finally:
                os.close(descriptor)
        return swept

    def _lock_new(self) -> tuple[Path, int]:
        while True:
            lock = self.directory / f"{secrets.token_hex(16)}{_LOCK_SUFFIX}"
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A sweep that came between the two calls above has taken the file for a dead attempt's and removed it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), lock.stat()):
                    return lock, descriptor
            os.close(descriptor)


def _remove(place: Path, lock: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    # What could not be removed keeps its lock file, by which the next sweep finds it again.
    if not place.exists():
        lock.unlink(missing_ok=True)


def put_in_place(fresh: Path, place: Path) -> None:
    """Make the directory `fresh` stand at `place` in one step, on disk too.

    A directory that stands there already changes places with it: nobody sees a moment without either.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        fresh.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _exchange(fresh, place)
    flush_directory(place.parent)


def flush_directory(directory: Path) -> None:
    """Bring a directory's own entries to the disk, so that a rename in it survives a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(first: Path, second: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        renameat2 = libc.renameat2
    except AttributeError:
        failure = errno.ENOSYS
    else:
        status = renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
        failure = ctypes.get_errno() if status else 0
    if failure in (errno.ENOSYS, errno.EINVAL):
        # A file system without exchange: there is a moment without either, and a crash in it is healed by the next attempt.
        aside = first.with_name(f"{first.name}.replaced")
        second.rename(aside)
        first.rename(second)
    elif failure:
        raise OSError(failure, os.strerror(failure))
