"""Empty directories, and unfinished files in them, where an archive was removed from a disk."""

import os
from contextlib import suppress
from errno import EEXIST, ENOTEMPTY

from offline_transfer.storage.descriptors import EntryKind, directory_below, kind_of_mode
from offline_transfer.storage.keys import PARTIAL_SUFFIX

_NOT_EMPTY = frozenset({ENOTEMPTY, EEXIST})


def prune(parent: int, name: str) -> None:
    """Remove a directory with all below it that holds no finished file. Links are neither followed nor removed."""
    with suppress(FileNotFoundError):
        with directory_below(parent, [name]) as directory:
            with os.scandir(directory) as entries:
                found = [(entry.name, kind_of_mode(entry.stat(follow_symlinks=False).st_mode)) for entry in entries]
            for inner, kind in found:
                if kind is EntryKind.DIRECTORY:
                    prune(directory, inner)
                elif kind is EntryKind.FILE and inner.endswith(PARTIAL_SUFFIX):
                    os.unlink(inner, dir_fd=directory)
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
