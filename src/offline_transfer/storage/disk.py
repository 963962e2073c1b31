"""A directory as a store: local disks, network shares, removable media.

Objects are plain files, so that people can copy, list and check them with any tool. Directories are 0700 and files 0600. Links are
never followed below the root; the root itself is what the user named, so links on the way to it are. Reading writes nothing.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EACCES, EDQUOT, EFBIG, EIO, EISDIR, ENOSPC, EPERM, EREMOTEIO, EROFS, ESTALE, ETIMEDOUT
from itertools import islice
from pathlib import Path
from typing import Final, NoReturn

from offline_transfer.storage.descriptors import (
    DIRECTORY_MODE,
    EntryKind,
    FileReplacement,
    WrongKindError,
    directory_below,
    file_size,
    kind_of_mode,
    make_directories,
    open_file,
    opened,
    sync_directory,
)
from offline_transfer.storage.errors import (
    InvalidLocationError,
    KeyConflictError,
    ObjectCutError,
    ObjectNotFoundError,
    ReadOnlyStoreError,
    StorageAccessDeniedError,
    StorageFullError,
    StorageRefusedError,
    StorageUnavailableError,
    StoreNotFoundError,
    TooManyObjectsError,
    UnsafeEntryError,
)
from offline_transfer.storage.keys import PARTIAL_SUFFIX, validate_key, validate_prefix
from offline_transfer.storage.pruning import prune, sweep
from offline_transfer.storage.store import BLOCK_BYTES, LIST_LIMIT, ObjectInfo, Source

_OPEN_ROOT: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# EFBIG is how a file system or a limit says that a file must not grow any further; the remedy is the same as for a full disk.
_FULL: Final = frozenset({ENOSPC, EDQUOT, EFBIG})
_DENIED: Final = frozenset({EACCES, EPERM})
_PASSING: Final = frozenset({EIO, EREMOTEIO, ESTALE, ETIMEDOUT})
_UNSAFE: Final = frozenset({EntryKind.LINK, EntryKind.SPECIAL})


class DiskStore:
    """Objects as files below a root directory, which the first `put` creates. See `store.Store` for the contract.

    A key that another object needs as a directory, or the reverse, raises KeyConflictError. Directories that became empty stay
    until `prune`. Messages name the root by its path, or as it is `called` where its path is nobody's business.
    """

    def __init__(self, root: Path, *, called: str | None = None) -> None:
        self._root = root.absolute()
        self._called = called

    def describe(self) -> str:
        """The path of the root, or what else it is called."""
        return str(self._root) if self._called is None else self._called

    def put(self, key: str, source: Source) -> int:
        """See `Store.put`."""
        *folders, name = validate_key(key).split("/")
        size = 0
        with self._begin(key, folders, name) as replacement:
            for block in source():
                # Only our own calls are translated: an OSError of the source is not one of this disk.
                with self._translated(key, self._write_error):
                    size += replacement.write(block)
            with self._translated(key, self._write_error):
                replacement.commit()
        return size

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """See `Store.blocks`."""
        *folders, name = validate_key(key).split("/")
        with self._translated(key, self._read_error):
            with self._directory(folders) as directory:
                descriptor = open_file(directory, name)
            with opened(descriptor):
                yield from self._read(descriptor, key, start)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        *folders, name = validate_key(key).split("/")
        with self._translated(key, self._read_error), self._directory(folders) as directory:
            return file_size(directory, name)

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """See `Store.list`."""
        validate_prefix(prefix)
        found = self._list(prefix)
        yield from islice(found, limit)
        if next(found, None) is not None:
            raise TooManyObjectsError(store=self.describe(), prefix=prefix or "its top", limit=limit)

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        *folders, name = validate_key(key).split("/")
        try:
            with self._translated(key, self._read_error), self._directory(folders) as directory:
                file_size(directory, name)
                os.unlink(name, dir_fd=directory)
                sync_directory(directory)
        except ObjectNotFoundError:
            return

    def prune(self, prefix: str) -> None:
        """Remove the directories from the prefix down that hold nothing but unfinished files, and these."""
        *folders, name = validate_key(prefix).split("/")
        with (
            self._translated(prefix, self._write_error),
            suppress(FileNotFoundError),
            self._directory(folders) as directory,
        ):
            prune(directory, name)
            sync_directory(directory)

    def sweep(self) -> int:
        """Remove the unfinished files of processes that died, and give how many there were."""
        with self._translated("its top", self._read_error):
            try:
                with self._opened_root() as root:
                    return sweep(root)
            except FileNotFoundError:
                return 0

    def _begin(self, key: str, folders: Sequence[str], name: str) -> FileReplacement:
        with self._translated(key, self._write_error):
            self._make_root()
            with self._opened_root() as root:
                make_directories(root, folders)
                with directory_below(root, folders) as directory:
                    return FileReplacement(directory, name)

    def _make_root(self) -> None:
        if self._root.exists():
            return
        self._root.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        with opened(os.open(self._root.parent, _OPEN_ROOT)) as parent:
            sync_directory(parent)

    @contextmanager
    def _opened_root(self) -> Iterator[int]:
        try:
            descriptor = os.open(self._root, _OPEN_ROOT)
        except NotADirectoryError:
            raise InvalidLocationError(problem=f"{self._root} is not a directory") from None
        with opened(descriptor):
            yield descriptor

    @contextmanager
    def _directory(self, folders: Sequence[str]) -> Iterator[int]:
        with self._opened_root() as root, directory_below(root, folders) as directory:
            yield directory

    def _read(self, descriptor: int, key: str, start: int) -> Iterator[bytes]:
        expected = os.fstat(descriptor).st_size
        os.posix_fadvise(descriptor, start, 0, os.POSIX_FADV_SEQUENTIAL)
        received = os.lseek(descriptor, start, os.SEEK_SET)
        while received < expected:
            block = os.read(descriptor, min(BLOCK_BYTES, expected - received))
            if not block:
                break
            received += len(block)
            yield block
        if start > expected:
            raise ObjectCutError(key=key, store=self.describe(), received=expected, expected=start)
        if received != expected:
            raise ObjectCutError(key=key, store=self.describe(), received=received, expected=expected)

    def _list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._translated(prefix or "its top", self._read_error), ExitStack() as stack:
            try:
                root = stack.enter_context(self._opened_root())
            except FileNotFoundError:
                raise StoreNotFoundError(store=self.describe()) from None
            directory = self._entered(stack, root, prefix.split("/") if prefix else [])
            if directory is not None:
                yield from self._walk(directory, prefix)

    def _entered(self, stack: ExitStack, parent: int, folders: Sequence[str]) -> int | None:
        """The directory, open until the stack ends; None if there is none of that name (any more)."""
        try:
            return stack.enter_context(directory_below(parent, folders))
        except FileNotFoundError:
            return None
        except WrongKindError as error:
            if error.kind in _UNSAFE:
                raise
            return None

    def _walk(self, directory: int, prefix: str) -> Iterator[ObjectInfo]:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    # It was removed since the directory was read.
                    continue
                yield from self._entry(directory, entry.name, status, prefix)

    def _entry(self, directory: int, name: str, status: os.stat_result, prefix: str) -> Iterator[ObjectInfo]:
        kind = kind_of_mode(status.st_mode)
        if kind is EntryKind.FILE and name.endswith(PARTIAL_SUFFIX):
            return
        key = validate_key(f"{prefix}/{name}" if prefix else name)
        if kind is EntryKind.FILE:
            yield ObjectInfo(key, status.st_size)
        elif kind is EntryKind.DIRECTORY:
            with ExitStack() as stack:
                inner = self._entered(stack, directory, [name])
                if inner is not None:
                    yield from self._walk(inner, key)
        else:
            raise UnsafeEntryError(entry=key, store=self.describe(), kind=kind)

    @contextmanager
    def _translated(self, key: str, translate: Callable[[OSError, str], NoReturn]) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            translate(error, key)

    def _read_error(self, error: OSError, key: str) -> NoReturn:
        if isinstance(error, WrongKindError) and error.kind in _UNSAFE:
            self._raise_unsafe(error, key)
        if isinstance(error, WrongKindError | FileNotFoundError):
            raise ObjectNotFoundError(key=key, store=self.describe()) from error
        self._raise_system(error, key)

    def _write_error(self, error: OSError, key: str) -> NoReturn:
        if isinstance(error, WrongKindError) and error.kind in _UNSAFE:
            self._raise_unsafe(error, key)
        if isinstance(error, WrongKindError):
            raise KeyConflictError(key=key, store=self.describe(), kind=error.kind) from error
        if error.errno == EISDIR:
            raise KeyConflictError(key=key, store=self.describe(), kind=EntryKind.DIRECTORY) from error
        self._raise_system(error, key)

    def _raise_unsafe(self, error: WrongKindError, key: str) -> NoReturn:
        raise UnsafeEntryError(entry=f"{error.name!r} of {key}", store=self.describe(), kind=error.kind) from error

    def _raise_system(self, error: OSError, key: str) -> NoReturn:
        store = self.describe()
        if error.errno in _FULL:
            raise StorageFullError(key=key, store=store) from error
        if error.errno in _DENIED:
            raise StorageAccessDeniedError(key=key, store=store) from error
        if error.errno == EROFS:
            raise ReadOnlyStoreError(key=key, store=store) from error
        if error.errno in _PASSING:
            raise StorageUnavailableError(key=key, store=store) from error
        raise StorageRefusedError(key=key, store=store, answer=os.strerror(error.errno or EIO)) from error
