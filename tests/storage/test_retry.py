"""What is tried again, from where, how often, and what never is. Faults are injected by `support.faulty_store`."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import (
    ObjectNotFoundError,
    SourceSpentError,
    StorageFullError,
    StorageRefusedError,
    StorageUnavailableError,
)
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.retry import RetryingStore, RetryPolicy
from offline_transfer.storage.sources import from_bytes, from_file, once
from offline_transfer.storage.store import BLOCK_BYTES, ObjectInfo, Store
from tests.support.faulty_store import Fault, FaultyStore, Method, Moment

PASSING = StorageUnavailableError(store="the store", key="key")
LASTING = StorageFullError(store="the store", key="key")
BODY = bytes(range(256)) * 4096 * 3 + b"end"


class Patience(list[float]):
    """Stands in for `time.sleep` and remembers how long each wait would have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def retrying(inner: Store, patience: Patience | None = None, attempts: int = 3) -> RetryingStore:
    policy = RetryPolicy(attempts=attempts, first_wait=1.0, longest_wait=4.0)
    return RetryingStore(inner, policy=policy, sleep=Patience() if patience is None else patience)


def failing(method: Method, moment: Moment = Moment.BEFORE, *, calls: int = 1, passed: int = 0) -> list[Fault]:
    return [
        Fault(method=method, moment=moment, call=call, passed=passed, error=PASSING) for call in range(1, calls + 1)
    ]


@pytest.mark.parametrize("moment", Moment)
def test_a_write_is_repeated_from_the_beginning_of_its_source(memory: BucketStore, moment: Moment) -> None:
    faulty = FaultyStore(memory, *failing(Method.PUT, moment, calls=2, passed=BLOCK_BYTES))
    assert retrying(faulty).put("key", from_bytes(BODY)) == len(BODY)
    assert b"".join(memory.blocks("key")) == BODY
    assert faulty.calls == {Method.PUT: 3}


@pytest.mark.parametrize("moment", Moment)
def test_a_read_continues_where_it_broke_off(memory: BucketStore, moment: Moment) -> None:
    memory.put("key", from_bytes(BODY))
    faulty = FaultyStore(memory, *failing(Method.BLOCKS, moment, calls=2, passed=BLOCK_BYTES + 7))
    assert b"".join(retrying(faulty).blocks("key", start=5)) == BODY[5:]
    assert faulty.calls == {Method.BLOCKS: 3}


def test_a_read_has_all_attempts_again_after_every_block(memory: BucketStore) -> None:
    memory.put("key", from_bytes(BODY))
    faults = failing(Method.BLOCKS, Moment.DURING, calls=5, passed=BLOCK_BYTES // 2)
    assert b"".join(retrying(FaultyStore(memory, *faults), attempts=2).blocks("key")) == BODY


def test_a_listing_continues_where_it_broke_off(memory: BucketStore) -> None:
    for number in range(5):
        memory.put(f"a/{number}", from_bytes(b"1"))
    faulty = FaultyStore(memory, *failing(Method.LIST, Moment.DURING, passed=2))
    assert list(retrying(faulty).list("a")) == [ObjectInfo(f"a/{number}", 1) for number in range(5)]
    assert faulty.calls == {Method.LIST: 2}


def test_a_listing_that_changed_is_not_continued(memory: BucketStore) -> None:
    for number in range(5):
        memory.put(f"a/{number}", from_bytes(b"1"))
    found = retrying(FaultyStore(memory, *failing(Method.LIST, Moment.DURING, passed=2))).list("a")
    assert [next(found).key, next(found).key] == ["a/0", "a/1"]
    memory.put("a/0-new", from_bytes(b"1"))
    with pytest.raises(StorageRefusedError, match="its listing changed while it was read"):
        next(found)


def test_sizes_and_deletions_are_repeated(memory: BucketStore) -> None:
    memory.put("key", from_bytes(b"123"))
    faults = [*failing(Method.SIZE), *failing(Method.DELETE, Moment.AFTER)]
    store = retrying(FaultyStore(memory, *faults))
    assert store.size("key") == 3
    store.delete("key")
    assert list(memory.list()) == []


def test_attempts_are_limited_and_waits_grow_at_random_up_to_a_limit(memory: BucketStore) -> None:
    patience = Patience()
    faulty = FaultyStore(memory, *failing(Method.SIZE, calls=6))
    with pytest.raises(StorageUnavailableError) as raised:
        retrying(faulty, patience, attempts=6).size("key")
    assert raised.value is PASSING
    assert faulty.calls == {Method.SIZE: 6}
    assert [0 <= wait <= limit for wait, limit in zip(patience, [1, 2, 4, 4, 4], strict=True)] == [True] * 5
    assert len(set(patience)) == 5


@pytest.mark.parametrize("method", [Method.PUT, Method.SIZE, Method.DELETE])
def test_what_cannot_pass_is_not_repeated(memory: BucketStore, method: Method) -> None:
    faulty = FaultyStore(memory, Fault(method=method, error=LASTING))
    patience = Patience()
    store = retrying(faulty, patience)
    calls: dict[Method, Callable[[], object]] = {
        Method.PUT: lambda: store.put("key", from_bytes(b"1")),
        Method.SIZE: lambda: store.size("key"),
        Method.DELETE: lambda: store.delete("key"),
    }
    with pytest.raises(StorageFullError):
        calls[method]()
    assert faulty.calls == {method: 1}
    assert patience == []


def test_an_absent_object_is_not_looked_for_again(memory: BucketStore) -> None:
    faulty = FaultyStore(memory)
    with pytest.raises(ObjectNotFoundError):
        next(retrying(faulty).blocks("absent"))
    assert faulty.calls == {Method.BLOCKS: 1}


def test_what_the_source_raises_is_not_repeated(memory: BucketStore) -> None:
    source = FaultyStore(memory, *failing(Method.BLOCKS))
    target = FaultyStore(memory)
    with pytest.raises(StorageUnavailableError):
        retrying(target).put("copy", lambda: source.blocks("key"))
    assert target.calls == {Method.PUT: 1}


def test_a_source_that_exists_once_is_never_written_half(memory: BucketStore) -> None:
    blocks = iter([b"one", b"two"])
    for source in (once(iter([b"one", b"two"])), lambda: blocks):
        memory.put("key", from_bytes(b"old"))
        faulty = FaultyStore(memory, *failing(Method.PUT, Moment.DURING, passed=3))
        with pytest.raises(SourceSpentError) as raised:
            retrying(faulty).put("key", source)
        assert b"".join(memory.blocks("key")) == b"old"
        assert faulty.calls == {Method.PUT: 2}
        assert raised.value.retryable


def test_a_source_that_exists_once_is_written_if_nothing_fails(memory: BucketStore) -> None:
    assert retrying(memory).put("key", once(iter([b"one", b"two"]))) == 6


def test_a_source_of_a_file_is_read_anew(disk: DiskStore, memory: BucketStore) -> None:
    disk.put("file", from_bytes(BODY))
    faulty = FaultyStore(memory, *failing(Method.PUT, Moment.DURING, passed=BLOCK_BYTES))
    retrying(faulty).put("key", from_file(Path(disk.describe()) / "file"))
    assert b"".join(memory.blocks("key")) == BODY


def test_a_source_counts_anew_for_every_attempt(memory: BucketStore) -> None:
    counts: list[int] = []

    def source() -> Iterator[bytes]:
        counts.append(0)
        for block in (b"one", b"two"):
            counts[-1] += len(block)
            yield block

    retrying(FaultyStore(memory, *failing(Method.PUT, Moment.DURING, passed=3))).put("key", source)
    assert counts[-1] == 6
    assert len(counts) == 2


def test_a_repetition_is_logged(memory: BucketStore, caplog: pytest.LogCaptureFixture) -> None:
    memory.put("key", from_bytes(b"1"))
    with caplog.at_level(logging.WARNING):
        retrying(FaultyStore(memory, *failing(Method.SIZE))).size("key")
    (record,) = caplog.records
    assert (record.message, record.__dict__["store"], record.__dict__["attempt"], record.__dict__["failure"]) == (
        "storage.retried",
        "memory://test",
        1,
        "the store did not answer, or broke off at key. Check the network and the store, then try again.",
    )


def test_a_write_that_failed_after_it_was_done_is_there(memory: BucketStore) -> None:
    with pytest.raises(StorageUnavailableError):
        FaultyStore(memory, *failing(Method.PUT, Moment.AFTER)).put("key", from_bytes(b"1"))
    assert list(memory.list()) == [ObjectInfo("key", 1)]


def test_a_write_that_failed_while_it_was_done_is_not_there(memory: BucketStore) -> None:
    with pytest.raises(StorageUnavailableError):
        FaultyStore(memory, *failing(Method.PUT, Moment.DURING, passed=2)).put("key", from_bytes(b"123"))
    assert list(memory.list()) == []


def test_a_read_is_cut_after_the_planned_bytes(memory: BucketStore) -> None:
    memory.put("key", from_bytes(b"12345"))
    blocks = FaultyStore(memory, *failing(Method.BLOCKS, Moment.DURING, passed=3)).blocks("key")
    assert next(blocks) == b"123"
    with pytest.raises(StorageUnavailableError):
        next(blocks)
