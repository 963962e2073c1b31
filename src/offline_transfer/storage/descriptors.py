"""Walking directories by descriptor: no name is resolved twice, and no symbolic link is followed.

Works below one directory that is already open. What lies there is hostile: it may be a removable disk that somebody prepared.
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from errno import EINVAL, ELOOP, ENOTDIR, ENXIO
from typing import Final, Self

from offline_transfer.storage.keys import PARTIAL_SUFFIX

DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OPEN_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a named pipe would keep whoever opens it waiting for a writer.
_OPEN_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# With a dot, 16 random digits and the suffix it stays below the 255 bytes that a name may have.
_PARTIAL_STEM_BYTES: Final = 200


class EntryKind(StrEnum):
    """What a name in a directory stands for, in the words of messages."""

    FILE = "a file"
    DIRECTORY = "a directory"
    LINK = "a symbolic link"
    SPECIAL = "a device, pipe or socket"


class WrongKindError(OSError):
    """An entry of a path is not of the kind that the path needs. Never leaves this room."""

    def __init__(self, name: str, kind: EntryKind) -> None:
        super().__init__(EINVAL, os.strerror(EINVAL), name)
        self.name = name
        self.kind = kind


def kind_of_mode(mode: int) -> EntryKind:
    """The kind of an entry from its `st_mode`."""
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    if stat.S_ISDIR(mode):
        return EntryKind.DIRECTORY
    return EntryKind.LINK if stat.S_ISLNK(mode) else EntryKind.SPECIAL


@contextmanager
def opened(descriptor: int) -> Iterator[int]:
    """The descriptor, closed at the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def directory_below(root: int, parts: Sequence[str]) -> Iterator[int]:
    """A descriptor of a directory below the root. Raises FileNotFoundError, WrongKindError."""
    descriptor = os.dup(root)
    try:
        for part in parts:
            inner = _open_directory(descriptor, part)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def make_directories(root: int, parts: Sequence[str]) -> None:
    """Create what is absent of the path, each new directory readable by the owner alone and made durable in its parent."""
    for depth, part in enumerate(parts):
        with directory_below(root, parts[:depth]) as parent:
            try:
                os.mkdir(part, DIRECTORY_MODE, dir_fd=parent)
            except FileExistsError:
                continue
            sync_directory(parent)


def open_file(directory: int, name: str) -> int:
    """A descriptor for reading a regular file. Raises FileNotFoundError, WrongKindError."""
    try:
        descriptor = os.open(name, _OPEN_FILE, dir_fd=directory)
    except OSError as error:
        if error.errno in (ELOOP, ENXIO):
            raise WrongKindError(name, kind_of_entry(directory, name)) from None
        raise
    kind = kind_of_mode(os.fstat(descriptor).st_mode)
    if kind is not EntryKind.FILE:
        os.close(descriptor)
        raise WrongKindError(name, kind)
    return descriptor


def kind_of_entry(directory: int, name: str) -> EntryKind:
    """The kind of an entry, a link not being followed. Raises FileNotFoundError."""
    return kind_of_mode(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)


def file_size(directory: int, name: str) -> int:
    """Bytes of a regular file. Raises FileNotFoundError, WrongKindError."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    kind = kind_of_mode(status.st_mode)
    if kind is not EntryKind.FILE:
        raise WrongKindError(name, kind)
    return status.st_size


class FileReplacement:
    """A file that is being written beside the one it will replace, as `<name>.<random>.partial`.

    `commit` makes it durable under its name; without it nothing of the file is left at the end of the `with` block. A process that
    is killed leaves the partial file behind. Who writes it holds a lock on it, which ends with the process.
    """

    def __init__(self, directory: int, name: str) -> None:
        self._directory = os.dup(directory)
        self._name = name
        self._partial = _partial_name(name)
        self._committed = False
        try:
            self._descriptor = os.open(self._partial, _CREATE_FILE, FILE_MODE, dir_fd=self._directory)
        except BaseException:
            os.close(self._directory)
            raise
        # Where a file system has no locks, nobody can tell, and nothing is swept.
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if not self._committed:
            # A disk that was pulled out has its own error on the way; it must not be replaced by this one.
            with suppress(OSError):
                os.unlink(self._partial, dir_fd=self._directory)
        os.close(self._directory)

    def write(self, block: bytes) -> int:
        """Write the whole block, however little each call takes, and return its length."""
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        return len(block)

    def commit(self) -> None:
        """Make contents and name durable. Raises IsADirectoryError where a directory has the name."""
        os.fsync(self._descriptor)
        os.rename(self._partial, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        self._committed = True
        sync_directory(self._directory)


def sync_directory(directory: int) -> None:
    """Make the names in a directory durable, where its file system can."""
    try:
        os.fsync(directory)
    except OSError as error:
        # Network and FUSE file systems answer so when they have no such operation; there is nothing better to call.
        if error.errno != EINVAL:
            raise


def _open_directory(parent: int, name: str) -> int:
    try:
        return os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
    except OSError as error:
        if error.errno in (ENOTDIR, ELOOP):
            raise WrongKindError(name, kind_of_entry(parent, name)) from None
        raise


def _partial_name(name: str) -> str:
    stem = name.encode()[:_PARTIAL_STEM_BYTES].decode(errors="ignore")
    return f"{stem}.{secrets.token_hex(8)}{PARTIAL_SUFFIX}"
