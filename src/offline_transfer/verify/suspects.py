"""Finds out which records of a relation have no equal in the other archive, once it is known that some have none."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from offline_transfer.verify.canonical import Canonical, Hasher
from offline_transfer.verify.differences import label

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE records (side INTEGER, number INTEGER, digest BLOB, label TEXT);
"""
_ODD = """
CREATE TABLE odd AS SELECT digest, sum(side = 0) AS firsts, sum(side = 1) AS seconds FROM records GROUP BY digest
HAVING firsts <> seconds;
CREATE UNIQUE INDEX odd_by_digest ON odd (digest);
CREATE TABLE suspects AS SELECT side, number, label FROM records JOIN odd USING (digest)
WHERE (side = 0 AND firsts > seconds) OR (side = 1 AND seconds > firsts);
CREATE INDEX suspects_by_label ON suspects (label, side);
"""
_COUNTS = "SELECT coalesce(sum(max(firsts - seconds, 0)), 0), coalesce(sum(max(seconds - firsts, 0)), 0) FROM odd"
_FIRST = "SELECT number, label FROM suspects WHERE side = 0 ORDER BY number LIMIT ?"
_PARTNER = "SELECT number FROM suspects WHERE side = 1 AND label = ? ORDER BY number LIMIT ?"
_SECOND = (
    "SELECT number FROM suspects AS one WHERE side = 1 AND NOT EXISTS"
    " (SELECT 1 FROM suspects AS other WHERE other.side = 0 AND other.label = one.label) ORDER BY number LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Suspects:
    """How many records of either side have no equal, and the positions of some of them, partners where there are any."""

    first_count: int
    second_count: int
    first: frozenset[int]
    second: frozenset[int]


def find(first: Iterable[Canonical | None], second: Iterable[Canonical | None], hasher: Hasher, limit: int) -> Suspects:
    """Go through a relation on both sides once; memory stays flat, a temporary database holds the digests."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        for side, records in enumerate((first, second)):
            database.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", _rows(side, records, hasher))
        database.execute("COMMIT")
        database.executescript(_ODD)
        first_count, second_count = database.execute(_COUNTS).fetchone()
        mine = database.execute(_FIRST, [limit]).fetchall()
        theirs = [number for (number,) in database.execute(_SECOND, [limit])]
        for name in {name for _, name in mine}:
            theirs += [number for (number,) in database.execute(_PARTNER, [name, limit])]
        return Suspects(first_count, second_count, frozenset(number for number, _ in mine), frozenset(theirs))


def _rows(side: int, records: Iterable[Canonical | None], hasher: Hasher) -> Iterator[tuple[int, int, bytes, str]]:
    for number, record in enumerate(records):
        if record is not None:
            yield side, number, hasher.digest(record), label(record)
