"""Every store keeps the contract of `storage.store.Store`."""

import os
from collections.abc import Callable, Iterator
from threading import Thread

import pytest

from offline_transfer.storage.errors import (
    InvalidObjectKeyError,
    ObjectCutError,
    ObjectNotFoundError,
    TooManyObjectsError,
)
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import BLOCK_BYTES, ObjectInfo, Store, exists

LARGE = os.urandom(20 * BLOCK_BYTES + 17)
INVALID_KEYS = (
    "",
    "/etc/passwd",
    "a//b",
    "a/",
    "./b",
    "a/../../b",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\udc80b",
    "a" * 256,
    "a/b.partial",
)
UNUSUAL_KEYS = (
    "a b/c",
    "ü/日本",
    "100%",
    "a%2fb",
    "a+b=c&d",
    "~#?*[]{}<>|^`'\"",
    "a:b;c,d@e$f!",
    ".hidden/..x",
    "b" * 255,
    "-r",
)


def contents(store: Store, key: str) -> bytes:
    return b"".join(store.blocks(key))


def listed(store: Store, prefix: str = "") -> list[ObjectInfo]:
    return sorted(store.list(prefix), key=lambda info: info.key)


def cut_after(blocks: list[bytes], error: BaseException) -> Callable[[], Iterator[bytes]]:
    def source() -> Iterator[bytes]:
        yield from blocks
        raise error

    return source


def test_gives_back_what_was_put(store: Store) -> None:
    assert store.put("group_1/labels.ndjson.gz", lambda: iter([b"one", b"two"])) == 6
    assert contents(store, "group_1/labels.ndjson.gz") == b"onetwo"
    assert store.size("group_1/labels.ndjson.gz") == 6


@pytest.mark.parametrize("blocks", [[], [b""], [b"", b""]], ids=["no block", "an empty block", "two empty blocks"])
def test_holds_empty_objects(store: Store, blocks: list[bytes]) -> None:
    assert store.put("empty", lambda: blocks) == 0
    assert list(store.blocks("empty")) == []
    assert store.size("empty") == 0
    assert listed(store) == [ObjectInfo("empty", 0)]


def test_empty_blocks_between_others_change_nothing(store: Store) -> None:
    assert store.put("key", lambda: [b"", b"one", b"", b"two", b""]) == 6
    assert contents(store, "key") == b"onetwo"


def test_holds_objects_of_many_parts(store: Store) -> None:
    pieces = [LARGE[start : start + 700_001] for start in range(0, len(LARGE), 700_001)]
    assert store.put("large", lambda: pieces) == len(LARGE)
    assert contents(store, "large") == LARGE
    assert store.size("large") == len(LARGE)


def test_gives_blocks_of_at_most_one_mebibyte(store: Store) -> None:
    store.put("large", from_bytes(LARGE))
    lengths = [len(block) for block in store.blocks("large")]
    assert min(lengths) > 0
    assert max(lengths) <= BLOCK_BYTES


def test_reads_from_any_byte_on(store: Store) -> None:
    store.put("large", from_bytes(LARGE))
    for start in (1, BLOCK_BYTES, 5 * BLOCK_BYTES + 3, len(LARGE) - 1, len(LARGE)):
        assert b"".join(store.blocks("large", start=start)) == LARGE[start:]


def test_refuses_to_read_beyond_the_end(store: Store) -> None:
    store.put("key", from_bytes(b"12345"))
    with pytest.raises(ObjectCutError, match=r"key in .* ended after 5 of 6 bytes"):
        list(store.blocks("key", start=6))


def test_a_reader_may_stop_early(store: Store) -> None:
    store.put("large", from_bytes(LARGE))
    blocks = store.blocks("large")
    assert LARGE.startswith(next(blocks))
    del blocks
    store.put("large", from_bytes(b"new"))
    assert contents(store, "large") == b"new"


def test_replaces_an_object(store: Store) -> None:
    store.put("key", from_bytes(LARGE))
    store.put("key", from_bytes(b"new"))
    assert contents(store, "key") == b"new"
    assert listed(store) == [ObjectInfo("key", 3)]


@pytest.mark.parametrize("before", [[b"a"], [LARGE]], ids=["small", "large"])
def test_a_source_that_fails_leaves_no_object(store: Store, before: list[bytes]) -> None:
    store.put("other", from_bytes(b"other"))
    error = KeyError("of the source")
    with pytest.raises(KeyError) as raised:
        store.put("key", cut_after(before, error))
    assert raised.value is error
    assert not exists(store, "key")
    assert listed(store) == [ObjectInfo("other", 5)]


@pytest.mark.parametrize("before", [[b"a"], [LARGE]], ids=["small", "large"])
def test_a_source_that_fails_leaves_the_object_before_it(store: Store, before: list[bytes]) -> None:
    store.put("key", from_bytes(b"old"))
    with pytest.raises(FileNotFoundError, match="of the source"):
        store.put("key", cut_after(before, FileNotFoundError("of the source")))
    assert contents(store, "key") == b"old"


def test_an_interrupted_write_leaves_the_object_before_it(store: Store) -> None:
    store.put("key", from_bytes(b"old"))
    with pytest.raises(KeyboardInterrupt):
        store.put("key", cut_after([LARGE], KeyboardInterrupt()))
    assert contents(store, "key") == b"old"


def test_an_object_is_invisible_until_it_is_whole(store: Store) -> None:
    store.put("key", from_bytes(b"old"))
    seen: list[tuple[bytes, list[ObjectInfo]]] = []

    def source() -> Iterator[bytes]:
        yield LARGE
        seen.append((contents(store, "key"), listed(store)))
        yield LARGE

    store.put("key", source)
    assert seen == [(b"old", [ObjectInfo("key", 3)])]
    assert store.size("key") == 2 * len(LARGE)


def test_an_absent_object_is_not_found(store: Store) -> None:
    store.put("key", from_bytes(b"1"))
    with pytest.raises(ObjectNotFoundError) as from_size:
        store.size("absent/key")
    with pytest.raises(ObjectNotFoundError) as from_blocks:
        next(store.blocks("absent/key"))
    expected = f"There is no object absent/key in {store.describe()}. Check the name, and that the archive was copied completely."
    assert [str(from_size.value), str(from_blocks.value)] == [expected, expected]


def test_what_only_begins_like_a_key_is_not_found(store: Store) -> None:
    store.put("group_1/labels", from_bytes(b"1"))
    assert [exists(store, key) for key in ("group_1", "group_1/label", "group_1/labels/more", "group_1/labels")] == [
        False,
        False,
        False,
        True,
    ]


def test_deletes_an_object_once_or_twice(store: Store) -> None:
    store.put("a/key", from_bytes(b"1"))
    store.put("a/other", from_bytes(b"2"))
    store.delete("a/key")
    store.delete("a/key")
    store.delete("b/absent")
    assert listed(store) == [ObjectInfo("a/other", 1)]


def test_lists_what_is_below_a_prefix_of_whole_parts(store: Store) -> None:
    for key in ("a/b/one", "a/b/c/two", "a/bc", "ab/three", "top"):
        store.put(key, from_bytes(key.encode()))
    below_b = [ObjectInfo("a/b/c/two", 9), ObjectInfo("a/b/one", 7)]
    below_a = [*below_b, ObjectInfo("a/bc", 4)]
    assert listed(store) == [*below_a, ObjectInfo("ab/three", 8), ObjectInfo("top", 3)]
    assert listed(store, "a") == below_a
    assert listed(store, "a/b") == below_b
    assert listed(store, "top") == []
    assert listed(store, "absent/prefix") == []


@pytest.mark.parametrize("store", ["rclone", "azure"], indirect=True)
def test_lists_more_than_one_page(store: Store) -> None:
    keys = [f"many/{number:04}" for number in range(1005)]
    for key in keys:
        store.put(key, from_bytes(b"1"))
    assert [info.key for info in listed(store, "many")] == keys


def test_refuses_to_list_more_than_the_limit(store: Store) -> None:
    for number in range(3):
        store.put(f"a/{number}", from_bytes(b"1"))
    assert len(list(store.list("a", limit=3))) == 3
    found = store.list("a", limit=2)
    assert [next(found).size, next(found).size] == [1, 1]
    with pytest.raises(TooManyObjectsError, match="lists more than 2 objects below a"):
        next(found)


def test_refuses_invalid_keys_in_every_method(store: Store) -> None:
    for key in INVALID_KEYS:
        with pytest.raises(InvalidObjectKeyError):
            store.put(key, from_bytes(b"1"))
        with pytest.raises(InvalidObjectKeyError):
            next(store.blocks(key))
        with pytest.raises(InvalidObjectKeyError):
            store.size(key)
        with pytest.raises(InvalidObjectKeyError):
            store.delete(key)
    for prefix in INVALID_KEYS[1:]:
        with pytest.raises(InvalidObjectKeyError):
            next(store.list(prefix))


def test_takes_unusual_keys_as_they_are(store: Store) -> None:
    for key in UNUSUAL_KEYS:
        store.put(key, from_bytes(key.encode()))
    assert {key: contents(store, key) for key in UNUSUAL_KEYS} == {key: key.encode() for key in UNUSUAL_KEYS}
    assert listed(store) == [ObjectInfo(key, len(key.encode())) for key in sorted(UNUSUAL_KEYS)]
    for key in UNUSUAL_KEYS:
        store.delete(key)
    assert listed(store) == []


def test_copies_from_another_store(store: Store, memory: Store) -> None:
    memory.put("key", from_bytes(LARGE))
    store.put("copy", lambda: memory.blocks("key"))
    assert contents(store, "copy") == LARGE


def test_threads_may_share_a_store(store: Store) -> None:
    bodies = {f"key_{number}": bytes([number]) * (3 * BLOCK_BYTES) for number in range(4)}
    seen: dict[str, bool] = {}

    def work(key: str, body: bytes) -> None:
        store.put(key, from_bytes(body))
        seen[key] = contents(store, key) == body

    threads = [Thread(target=work, args=item) for item in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == dict.fromkeys(bodies, True)
