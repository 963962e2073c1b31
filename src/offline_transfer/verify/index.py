"""The objects of one archive, for looking them up.

They lie in a temporary database of SQLite, which spills to a file without a name: an export of many projects has so many objects
that memory would grow with them.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from offline_transfer.archive.keys import EntityPrefix, ObjectKey
from offline_transfer.archive.manifest import ManifestEntry

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE objects (
    key TEXT PRIMARY KEY, entity TEXT NOT NULL, relation TEXT NOT NULL, batch INTEGER, size INTEGER NOT NULL, entry BLOB
) WITHOUT ROWID;
CREATE INDEX objects_by_relation ON objects (entity, relation, batch);
CREATE TABLE summed (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE listed (key TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as the archive announces it: by its manifest, or without one by what a listing said."""

    key: ObjectKey
    size: int
    """Bytes as stored."""
    entry: ManifestEntry | None = None
    """What the manifest says; None in an archive without one."""

    @property
    def number(self) -> int:
        """The batch number; an object that is a whole relation has 1."""
        return self.key.batch or 1

    @property
    def where(self) -> str:
        """The key relative to the export prefix, for messages."""
        return str(self.key)

    @property
    def records(self) -> int | None:
        """How many records of the first level the manifest announces."""
        return None if self.entry is None else self.entry.records.get(self.key.relation)


class ObjectIndex:
    """Announced and listed objects. Threads may share one."""

    def __init__(self) -> None:
        # An empty name asks SQLite for a private database on disk that goes when it is closed.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def announce(self, objects: Iterable[StoredObject]) -> None:
        """Take up the objects that the archive says it holds; one spelling of a key each."""
        rows = (
            (
                str(item.key),
                str(item.key.entity),
                item.key.relation,
                item.key.batch,
                item.size,
                None if item.entry is None else orjson.dumps(item.entry.to_object()),
            )
            for item in objects
        )
        self._insert("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?)", rows)

    def list(self, objects: Iterable[tuple[str, int]]) -> None:
        """Take up what a store lists: keys relative to the export prefix and sizes."""
        self._insert("INSERT OR REPLACE INTO listed VALUES (?, ?)", objects)

    def relations(self, entity: EntityPrefix) -> tuple[str, ...]:
        """The relations of an entity that have objects."""
        rows = self._database.execute(
            "SELECT DISTINCT relation FROM objects WHERE entity = ? ORDER BY 1", [str(entity)]
        )
        return tuple(relation for (relation,) in rows)

    def entities(self) -> tuple[str, ...]:
        """The entity prefixes that have objects."""
        return tuple(entity for (entity,) in self._database.execute("SELECT DISTINCT entity FROM objects ORDER BY 1"))

    def of_relation(self, entity: EntityPrefix, relation: str) -> tuple[StoredObject, ...]:
        """The objects of one relation in the order of their batches."""
        rows = self._database.execute(
            "SELECT key, size, entry FROM objects WHERE entity = ? AND relation = ? ORDER BY batch, key",
            [str(entity), relation],
        )
        return tuple(_stored(*row) for row in rows)

    def all(self) -> Iterator[StoredObject]:
        """Every announced object, in the order of keys."""
        # Fetched in slices by key, so that others may use the connection meanwhile.
        last = ""
        while rows := self._database.execute(
            "SELECT key, size, entry FROM objects WHERE key > ? ORDER BY key LIMIT 500", [last]
        ).fetchall():
            for row in rows:
                yield _stored(*row)
            last = rows[-1][0]

    def listed_size(self, key: ObjectKey | str) -> int | None:
        """Bytes of an object in the listing, None when it is not there."""
        row = self._database.execute("SELECT size FROM listed WHERE key = ?", [str(key)]).fetchone()
        return None if row is None else int(row[0])

    def unannounced(self) -> Iterator[str]:
        """The listed keys that were not announced."""
        rows = self._database.execute("SELECT key FROM listed EXCEPT SELECT key FROM objects ORDER BY 1").fetchall()
        return (key for (key,) in rows)

    def sum(self, sums: Iterable[tuple[str, str]]) -> None:
        """Take up the lines of `SHA256SUMS`; of a key that is there twice the last line counts."""
        self._insert("INSERT OR REPLACE INTO summed VALUES (?, ?)", sums)

    def sum_of(self, key: str) -> str | None:
        """The hash that `SHA256SUMS` gives for a key."""
        row = self._database.execute("SELECT sha256 FROM summed WHERE key = ?", [key]).fetchone()
        return None if row is None else str(row[0])

    def sums(self) -> Iterator[tuple[str, str]]:
        """The lines of `SHA256SUMS` in the order of keys."""
        last = ""
        while rows := self._database.execute(
            "SELECT key, sha256 FROM summed WHERE key > ? ORDER BY key LIMIT 500", [last]
        ).fetchall():
            yield from rows
            last = rows[-1][0]

    def unsummed(self) -> Iterator[str]:
        """The listed keys that `SHA256SUMS` has no line for."""
        rows = self._database.execute("SELECT key FROM listed EXCEPT SELECT key FROM summed ORDER BY 1").fetchall()
        return (key for (key,) in rows)

    def summed_strangers(self) -> Iterator[str]:
        """The keys in `SHA256SUMS` that are no announced objects."""
        rows = self._database.execute("SELECT key FROM summed EXCEPT SELECT key FROM objects ORDER BY 1").fetchall()
        return (key for (key,) in rows)

    def gaps(self) -> tuple[tuple[str, str, int], ...]:
        """Entity, relation and highest batch of the relations whose batches are not all there."""
        rows = self._database.execute(
            "SELECT entity, relation, max(batch) FROM objects WHERE batch IS NOT NULL GROUP BY entity, relation"
            " HAVING count(DISTINCT batch) < max(batch) ORDER BY 1, 2"
        )
        return tuple(rows)

    def crowded(self) -> tuple[str, ...]:
        """The keys of objects that are one relation or batch twice: whole and in batches, or in two spellings."""
        rows = self._database.execute(
            "SELECT key FROM objects AS one WHERE EXISTS (SELECT 1 FROM objects AS other WHERE other.entity = one.entity"
            " AND other.relation = one.relation AND other.key <> one.key"
            " AND (other.batch IS one.batch OR other.batch IS NULL OR one.batch IS NULL)) ORDER BY 1"
        )
        return tuple(key for (key,) in rows)

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._database.execute("BEGIN")
        try:
            self._database.executemany(statement, rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def _stored(key: str, size: int, entry: bytes | None) -> StoredObject:
    return StoredObject(
        key=ObjectKey.parse(key),
        size=size,
        entry=None if entry is None else ManifestEntry.from_object(orjson.loads(entry)),
    )
