"""Files of an export below one directory, read without following a symbolic link.

The directory is hostile: somebody unpacked an archive there, or prepared it. Each path is walked by descriptors, so that
nothing can be put in the place of what was looked at before.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from offline_transfer.archive.errors import LimitExceededError, shown
from offline_transfer.files.errors import LinkInExportError, UnreadableExportError
from offline_transfer.storage.descriptors import (
    EntryKind,
    WrongKindError,
    directory_below,
    file_size,
    kind_of_mode,
    open_file,
    opened,
)

BLOCK_BYTES: Final = 1024 * 1024
DEEPEST: Final = 50
"""Levels of directories; an export has five, and what lies beside it may be a working copy of anything."""
_OPEN_ROOT: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Folder:
    """A directory that holds an export, or a part of one. Paths are relative, with slashes.

    Links and special files raise LinkInExportError, what the system refuses UnreadableExportError.
    """

    def __init__(self, root: Path) -> None:
        self.root: Final = root

    def has(self, path: str) -> bool:
        """Whether there is a file of this name."""
        return self.size(path) is not None

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        *parts, name = path.split("/")
        with self._translated(path):
            try:
                with self._opened_root() as root, directory_below(root, parts) as directory:
                    return file_size(directory, name)
            except FileNotFoundError:
                return None
            except WrongKindError as error:
                if error.kind in (EntryKind.FILE, EntryKind.DIRECTORY):
                    return None
                raise

    def blocks(self, path: str) -> Iterator[bytes]:
        """The contents of a file in blocks of up to 1 MiB."""
        *parts, name = path.split("/")
        with self._translated(path):
            with self._opened_root() as root, directory_below(root, parts) as directory:
                descriptor = open_file(directory, name)
            with opened(descriptor):
                while block := os.read(descriptor, BLOCK_BYTES):
                    yield block

    def files(self, prefix: str = "") -> Iterator[str]:
        """The paths of all files below a directory, sorted within each; nothing where there is no such directory."""
        yield from self._walk([part for part in prefix.split("/") if part])

    def _walk(self, parts: list[str]) -> Iterator[str]:
        folder = "/".join(parts)
        if len(parts) > DEEPEST:
            raise LimitExceededError(name=self.root, limit=DEEPEST, unit="levels of directories", setting="DEEPEST")
        for name, kind in self._entries(parts):
            path = f"{folder}/{name}" if folder else name
            if kind is EntryKind.FILE:
                yield path
            elif kind is EntryKind.DIRECTORY:
                yield from self._walk([*parts, name])
            else:
                self._refuse(path, kind)

    def _entries(self, parts: list[str]) -> list[tuple[str, EntryKind]]:
        with self._translated("/".join(parts) or "its top"):
            try:
                with (
                    self._opened_root() as root,
                    directory_below(root, parts) as directory,
                    os.scandir(directory) as entries,
                ):
                    return sorted((entry.name, _kind(entry)) for entry in entries)
            except FileNotFoundError:
                return []
            except WrongKindError as error:
                if error.kind is EntryKind.FILE:
                    return []
                raise

    @contextmanager
    def _opened_root(self) -> Iterator[int]:
        with opened(os.open(self.root, _OPEN_ROOT)) as root:
            yield root

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            yield
        except WrongKindError as error:
            self._refuse(path, error.kind)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UnreadableExportError(name=f"{shown(path)} in {self.root}", reason=reason) from error

    def _refuse(self, path: str, kind: EntryKind) -> NoReturn:
        raise LinkInExportError(name=shown(path), path=self.root, kind=kind)


def _kind(entry: "os.DirEntry[str]") -> EntryKind:
    return kind_of_mode(entry.stat(follow_symlinks=False).st_mode)
