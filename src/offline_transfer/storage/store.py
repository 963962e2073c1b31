"""The contract of a store. `tests/storage/test_conformance.py` holds every store against it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from offline_transfer.storage.errors import ObjectNotFoundError

BLOCK_BYTES: Final = 1024 * 1024
LIST_LIMIT: Final = 1_000_000

Source: TypeAlias = Callable[[], Iterable[bytes]]
"""Gives the contents of an object from their beginning, each time it is called.

A store calls it once for every attempt, so it opens, counts and hashes anew; `storage.sources` makes the common ones. Blocks may
have any size; those of 1 MiB are fastest.
"""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object of a listing: its key and its size in bytes."""

    key: str
    size: int


class Store(Protocol):
    """Holds objects under keys (`storage.keys`).

    Every method refuses an invalid key with InvalidObjectKeyError. What a store itself cannot do is a StorageError whose
    `retryable` says whether another attempt can help; messages name the store and the key, never a secret. The caller decides
    about retries (`storage.retry`): a store makes one attempt. Stores hold no open files or locks between calls, and threads may
    share one.
    """

    def describe(self) -> str:
        """The store as messages name it: a path or a URL without credentials."""
        ...

    def put(self, key: str, source: Source) -> int:
        """Write an object, replacing one of that key, and return its size in bytes.

        It appears whole and durable or not at all: until this returns, and if it raises, readers see what was there before. What
        the source raises passes through unchanged. Memory is a few blocks, whatever the size of the object.
        """
        ...

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """The contents from the byte `start` on, in blocks of at most 1 MiB; none is empty.

        Errors come with the block that could not be read, ObjectNotFoundError with the first. An object never ends early in
        silence: what is shorter than the store announced raises ObjectCutError, and so does a `start` beyond its end. An object
        that is replaced meanwhile may be read in either state, so those who depend on the contents compare a hash.
        """
        ...

    def size(self, key: str) -> int:
        """Bytes of an object. Raises ObjectNotFoundError."""
        ...

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """Every object below the prefix (`storage.keys.validate_prefix`), page by page, in no particular order.

        Nothing is left out but unfinished objects: an entry whose name or kind cannot be accepted raises InvalidObjectKeyError or
        UnsafeEntryError, the object after `limit` others TooManyObjectsError. Without objects there is nothing to yield; a store
        that does not exist raises StoreNotFoundError.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that does not exist is no error, since the one who calls may run twice."""
        ...


def exists(store: Store, key: str) -> bool:
    """Whether the store holds the object."""
    try:
        store.size(key)
    except ObjectNotFoundError:
        return False
    return True
