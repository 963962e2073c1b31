"""One call of each method of a store."""

from collections.abc import Callable

from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import BLOCK_BYTES, Store

LARGE = [bytes(BLOCK_BYTES)] * 17
CALLS: dict[str, Callable[[Store], object]] = {
    "put": lambda store: store.put("key", from_bytes(b"1")),
    "put in parts": lambda store: store.put("key", lambda: LARGE),
    "blocks": lambda store: next(store.blocks("key")),
    "blocks from a byte": lambda store: next(store.blocks("key", start=1)),
    "size": lambda store: store.size("key"),
    "list": lambda store: next(store.list("key")),
    "delete": lambda store: store.delete("key"),
}
