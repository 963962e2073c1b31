"""What is left on a disk that is no object: empty directories where an archive was removed, and unfinished files."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from errno import EEXIST, ENOTEMPTY
from typing import Final

from offline_transfer.storage.descriptors import EntryKind, directory_below, kind_of_mode, open_file, opened
from offline_transfer.storage.keys import PARTIAL_SUFFIX

YOUNG_SECONDS: Final = 60.0
"""A file that is so young may have a writer that has not locked it yet."""

_NOT_EMPTY = frozenset({ENOTEMPTY, EEXIST})


def prune(parent: int, name: str) -> None:
    """Remove a directory with all below it that holds no finished file. Links are neither followed nor removed."""
    with suppress(FileNotFoundError):
        with directory_below(parent, [name]) as directory:
            for inner, kind in _entries(directory):
                if kind is EntryKind.DIRECTORY:
                    prune(directory, inner)
                elif kind is EntryKind.FILE and inner.endswith(PARTIAL_SUFFIX):
                    os.unlink(inner, dir_fd=directory)
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise


def sweep(directory: int) -> int:
    """Remove the unfinished files below a directory whose writers are dead, and give how many there were."""
    swept = 0
    for name, kind in _entries(directory):
        with suppress(FileNotFoundError):
            if kind is EntryKind.DIRECTORY:
                with directory_below(directory, [name]) as inner:
                    swept += sweep(inner)
            elif kind is EntryKind.FILE and name.endswith(PARTIAL_SUFFIX):
                swept += _sweep_file(directory, name)
    return swept


def _sweep_file(directory: int, name: str) -> int:
    with opened(open_file(directory, name)) as descriptor:
        if time.time() - os.fstat(descriptor).st_mtime < YOUNG_SECONDS:
            return 0
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Its writer lives, or nobody can know.
            return 0
        os.unlink(name, dir_fd=directory)
        return 1


def _entries(directory: int) -> Iterator[tuple[str, EntryKind]]:
    """The names in a directory as it is now, with what they stand for."""
    with os.scandir(directory) as entries:
        found = [(entry.name, kind_of_mode(entry.stat(follow_symlinks=False).st_mode)) for entry in entries]
    yield from found
