"""Stores that are not what they seem, around one that is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from offline_transfer.storage.errors import TooManyObjectsError
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store

Lie = Callable[[ObjectInfo], Iterator[ObjectInfo]]


@dataclass
class Around:
    """A store that passes everything on."""

    behind: Store

    def describe(self) -> str:
        """What the one behind says."""
        return self.behind.describe()

    def put(self, key: str, source: Source) -> int:
        """Passed on."""
        return self.behind.put(key, source)

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """Passed on."""
        return self.behind.blocks(key, start=start)

    def size(self, key: str) -> int:
        """Passed on."""
        return self.behind.size(key)

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """Passed on."""
        return self.behind.list(prefix, limit=limit)

    def delete(self, key: str) -> None:
        """Passed on."""
        self.behind.delete(key)


@dataclass
class Clock:
    """A clock that somebody else turns."""

    now: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class Dripping(Around):
    """An object comes byte by byte, each an hour after the one before."""

    clock: Clock
    slow: str

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """Whole, or in drops."""
        for block in self.behind.blocks(key, start=start):
            if self.slow not in key:
                yield block
                continue
            for byte in block:
                self.clock.now += 3600
                yield bytes([byte])


@dataclass
class Swapping(Around):
    """The contents of objects change once they have been read some times."""

    others: Mapping[str, bytes]
    """What keys that end so hold afterwards."""
    after: int = 1
    read: dict[str, int] = field(default_factory=dict)

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """As it was the first times, and then otherwise."""
        ending = next((ending for ending in self.others if key.endswith(ending)), None)
        self.read[key] = self.read.get(key, 0) + 1
        if ending is None or self.read[key] <= self.after:
            return self.behind.blocks(key, start=start)
        return iter([self.others[ending]])


@dataclass
class Lying(Around):
    """Listings and sizes are not those of the objects."""

    change: Lie

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """What somebody makes of the truth."""
        for found in self.behind.list(prefix, limit=limit):
            yield from self.change(found)


@dataclass
class Endless(Around):
    """A listing that goes on with new names for ever."""

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """As many as are allowed, and then the error of every store."""
        for number in range(limit):
            yield ObjectInfo(f"{prefix}/project_7/labels/batch_{number}.ndjson.gz", 1)
        raise TooManyObjectsError(store=self.describe(), prefix=prefix, limit=limit)


@dataclass
class Rewriting(Around):
    """A file gets other contents while it is read, as if somebody else had it open."""

    path: Path
    content: bytes

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """The first block as it was, and then whatever is there."""
        for block in self.behind.blocks(key, start=start):
            yield block
            if key.endswith(str(self.path.name)) and self.path.parent.name in key:
                self.path.write_bytes(self.content)
