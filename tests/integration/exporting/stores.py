"""Stores that do something else when certain objects are written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store
from tests.integration.exporting.exporter import Exporter


@dataclass
class Faulty:
    """A store that raises before or after it writes objects whose keys end so, or calls something before their first block."""

    store: Store
    before: dict[str, BaseException] = field(default_factory=dict)
    after: dict[str, BaseException] = field(default_factory=dict)
    during: dict[str, Callable[[], None]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def describe(self) -> str:
        return self.store.describe()

    def put(self, key: str, source: Source) -> int:
        self._raise(self.before, key)
        size = self.store.put(key, lambda: self._watched(key, source()))
        self.written.append(key)
        self._raise(self.after, key)
        return size

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return self.store.blocks(key, start=start)

    def size(self, key: str) -> int:
        return self.store.size(key)

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        return self.store.list(prefix, limit=limit)

    def delete(self, key: str) -> None:
        self.store.delete(key)

    def _watched(self, key: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for ending, action in list(self.during.items()):
            if key.endswith(ending):
                action()
        yield from blocks

    def _raise(self, faults: dict[str, BaseException], key: str) -> None:
        for ending, fault in faults.items():
            if key.endswith(ending):
                raise fault


def with_store(exporter: Exporter, store: Store) -> Exporter:
    """The same instance, whose archives go into another store."""
    return Exporter(exporter.database, exporter.directory, exporter.settings, store)
