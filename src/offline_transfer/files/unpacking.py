"""A tar of an export, unpacked into a private directory: regular files with known names, and nothing else."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from offline_transfer.archive import tarball
from offline_transfer.archive.errors import shown
from offline_transfer.archive.limits import Limits
from offline_transfer.files.errors import ConflictingMemberError, NoRoomError
from offline_transfer.files.inventory import Strangers
from offline_transfer.files.layout import place

# EFBIG is how a file system or a limit says that a file must not grow any further; the remedy is the same as for a full disk.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CONFLICT: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR})


def unpack(blocks: Iterable[bytes], directory: Path, limits: Limits, name: str) -> Strangers:
    """Write the files of a tar below a directory that is ours alone; gives the names that no export has.

    Raises what `tarball.members` raises, ConflictingMemberError and NoRoomError. What was unpacked before an error is for the one
    who made the directory to remove.
    """
    strangers = Strangers()
    for member in tarball.members(blocks, limits, name):
        if place(member.name) is None:
            strangers.add(member.name)
            continue
        target = directory / member.name
        with _translated(member.name, name):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(target, member.blocks(), name)
    return strangers


def write_new(target: Path, blocks: Iterable[bytes], name: str) -> None:
    """Write a file that must not be there yet, in a directory that is ours alone. `name` is the export, for errors."""
    with _translated(target.name, name):
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for block in blocks:
            rest = memoryview(block)
            while rest:
                # Only our own calls are translated: an error of the source is not one of this disk.
                with _translated(target.name, name):
                    rest = rest[file.write(rest) :]


@contextmanager
def _translated(member: str, name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _CONFLICT:
            raise ConflictingMemberError(path=name, name=shown(member)) from error
        if error.errno in _FULL:
            raise NoRoomError(name=shown(member), reason=os.strerror(error.errno or 0)) from error
        raise
