"""Failing on purpose: a store around a store."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from offline_transfer.errors import StorageError
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store


class Method(StrEnum):
    """The methods of `Store` that can fail."""

    PUT = "put"
    BLOCKS = "blocks"
    SIZE = "size"
    LIST = "list"
    DELETE = "delete"


class Moment(StrEnum):
    """When a call fails. `AFTER` a write the object is there (or gone) although its caller hears that it failed."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The `call`-th call of a method fails with the error; `DURING` it fails once `passed` bytes or listed objects went through."""

    method: Method
    error: StorageError
    moment: Moment = Moment.BEFORE
    call: int = 1
    passed: int = 0


class FaultyStore:
    """Passes calls on to another store, but for the planned faults. See `store.Store` for the contract.

    `calls` counts the calls of each method, those that failed included. Not for more than one thread.
    """

    def __init__(self, inner: Store, *faults: Fault) -> None:
        self.calls: Counter[Method] = Counter()
        self._inner = inner
        self._faults = {(fault.method, fault.call): fault for fault in faults}

    def describe(self) -> str:
        """The store inside."""
        return self._inner.describe()

    def put(self, key: str, source: Source) -> int:
        """See `Store.put`."""
        fault = self._begin(Method.PUT)
        size = self._inner.put(key, source if fault is None else lambda: _cut_blocks(iter(source()), fault))
        _fail(fault, Moment.AFTER)
        return size

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """See `Store.blocks`."""
        fault = self._begin(Method.BLOCKS)
        yield from _cut_blocks(self._inner.blocks(key, start=start), fault)
        _fail(fault, Moment.AFTER)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        fault = self._begin(Method.SIZE)
        size = self._inner.size(key)
        _fail(fault, Moment.AFTER)
        return size

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """See `Store.list`."""
        fault = self._begin(Method.LIST)
        for position, found in enumerate(self._inner.list(prefix, limit=limit)):
            if fault is not None and position >= fault.passed:
                _fail(fault, Moment.DURING)
            yield found
        _fail(fault, Moment.AFTER)

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        fault = self._begin(Method.DELETE)
        self._inner.delete(key)
        _fail(fault, Moment.AFTER)

    def _begin(self, method: Method) -> Fault | None:
        self.calls[method] += 1
        fault = self._faults.get((method, self.calls[method]))
        _fail(fault, Moment.BEFORE)
        return fault


def _fail(fault: Fault | None, moment: Moment) -> None:
    if fault is not None and fault.moment is moment:
        raise fault.error


def _cut_blocks(blocks: Iterator[bytes], fault: Fault | None) -> Iterator[bytes]:
    """The blocks, of which a fault `DURING` the call lets the first bytes pass."""
    if fault is None or fault.moment is not Moment.DURING:
        yield from blocks
        return
    left = fault.passed
    for block in blocks:
        if len(block) > left:
            if left:
                yield block[:left]
            raise fault.error
        left -= len(block)
        yield block
    raise fault.error
