"""Trying again: a store around a store."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from offline_transfer.errors import StorageError
from offline_transfer.storage.errors import SourceSpentError, StorageRefusedError
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently: attempt n + 1 waits a random part of `first_wait` * 2^(n-1) seconds, at most `longest_wait`.

    It is drawn from the whole of that range, so that workers that failed together do not come back together.
    """

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0


class RetryingStore:
    """Repeats what failed with a StorageError whose class says that trying again can help. See `store.Store` for the contract.

    A write calls its source anew for every attempt; what the source itself raises is not repeated. A read continues where it
    broke off and has all attempts again after every block. A listing continues if the store lists in the same order again.
    """

    def __init__(
        self, inner: Store, *, policy: RetryPolicy | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._inner = inner
        chosen = policy or RetryPolicy()
        self._retrying = Retrying(
            stop=stop_after_attempt(chosen.attempts),
            wait=wait_random_exponential(multiplier=chosen.first_wait, max=chosen.longest_wait),
            retry=retry_if_exception(_can_help),
            before_sleep=self._log,
            sleep=sleep,
            reraise=True,
        )

    def describe(self) -> str:
        """The store inside: the wrapper changes nothing that a reader of messages cares for."""
        return self._inner.describe()

    def put(self, key: str, source: Source) -> int:
        """See `Store.put`. A source that gives the first attempt's iterator again makes the second fail with SourceSpentError."""
        replayed = _Replayed(source)

        def attempt() -> int:
            return self._inner.put(key, replayed)

        def may_repeat(error: BaseException) -> bool:
            return error is not replayed.failure and _can_help(error)

        return self._retrying.copy(retry=retry_if_exception(may_repeat))(attempt)

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """See `Store.blocks`."""
        reading = _Reading(self._inner, key, start)
        while block := self._retrying(reading.next_block):
            yield block

    def size(self, key: str) -> int:
        """See `Store.size`."""
        return self._retrying(lambda: self._inner.size(key))

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """See `Store.list`."""
        listing = _Listing(self._inner, prefix, limit)
        while found := self._retrying(listing.next_object):
            yield found

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        self._retrying(lambda: self._inner.delete(key))

    def _log(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        _LOGGER.warning(
            "storage.retried",
            extra={"store": self.describe(), "attempt": state.attempt_number, "failure": str(failure)},
        )


def _can_help(error: BaseException) -> bool:
    return isinstance(error, StorageError) and error.retryable


class _Replayed:
    """A source that notices when it cannot be replayed, and remembers what it raised itself."""

    def __init__(self, source: Source) -> None:
        self.failure: Exception | None = None
        self._source = source
        self._previous: Iterable[bytes] | None = None

    def __call__(self) -> Iterator[bytes]:
        try:
            blocks = self._source()
            if blocks is self._previous and isinstance(blocks, Iterator):
                raise SourceSpentError
            self._previous = blocks
            yield from blocks
        except Exception as failure:
            self.failure = failure
            raise


class _Reading:
    """The blocks of an object, the next of which can be asked for again after a failure."""

    def __init__(self, inner: Store, key: str, start: int) -> None:
        self._inner = inner
        self._key = key
        self._position = start
        self._blocks: Iterator[bytes] | None = None

    def next_block(self) -> bytes:
        """The next block, empty at the end."""
        blocks = self._blocks or self._inner.blocks(self._key, start=self._position)
        self._blocks = None
        block = next(blocks, b"")
        self._blocks = blocks
        self._position += len(block)
        return block


class _Listing:
    """The objects of a listing, the next of which can be asked for again after a failure."""

    def __init__(self, inner: Store, prefix: str, limit: int) -> None:
        self._inner = inner
        self._prefix = prefix
        self._limit = limit
        self._given = 0
        self._last: ObjectInfo | None = None
        self._objects: Iterator[ObjectInfo] | None = None

    def next_object(self) -> ObjectInfo | None:
        """The next object, None at the end."""
        objects = self._objects or self._resumed()
        self._objects = None
        found = next(objects, None)
        self._objects = objects
        if found is not None:
            self._given += 1
            self._last = found
        return found

    def _resumed(self) -> Iterator[ObjectInfo]:
        objects = self._inner.list(self._prefix, limit=self._limit)
        passed = deque(islice(objects, self._given), maxlen=1)
        if list(passed) != ([] if self._last is None else [self._last]):
            answer = "its listing changed while it was read"
            raise StorageRefusedError(store=self._inner.describe(), key=self._prefix or "its top", answer=answer)
        return objects
