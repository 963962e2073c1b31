"""Streams the records of a relation out of the database, as lines."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import orjson
import psycopg
from psycopg.types.string import ByteaBinaryLoader

from offline_transfer.relations.compiler import Statements
from offline_transfer.relations.nesting import HeldTooMuchError, Nesting, Row

RECORDS_AT_ONCE: Final = 250
"""How many records the first statement reads; the next take as many as will come to HELD_BYTES."""

MOST_RECORDS: Final = 1000
HELD_BYTES: Final = 8 * 1024 * 1024

LIMIT_BYTES: Final = 32 * 1024 * 1024
"""When a statement gives more it is given up, and fewer records are read at once."""

ROWS_AT_ONCE: Final = 8 if psycopg.capabilities.has_stream_chunked() else 1
"""The client library holds so many rows. More of them save little time, and each may be as long as a line."""


class Records:
    """Records of a relation, which are read while one iterates: one line of NDJSON each.

    How many records there are on each path (the relation's own is always there) and which users they name is known at the end.
    """

    def __init__(self, connection: psycopg.Connection[Any], statements: Statements, ids: Sequence[int]) -> None:
        self._connection = connection
        self._statements = statements
        self._counts: Counter[str] = Counter({statements.node.path: 0})
        self._users: set[int] = set()
        self._lines = self._read(ids)

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def close(self) -> None:
        """End the reading of these records, wherever it is: no other statement can run before."""
        self._lines.close()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records there were on each path."""
        return dict(self._counts)

    @property
    def users(self) -> list[int]:
        """The users whom the records named, each once, in ascending order."""
        return sorted(self._users)

    def _read(self, ids: Sequence[int]) -> Generator[bytes, None, None]:
        start, size = 0, RECORDS_AT_ONCE
        while start < len(ids):
            part = ids[start : start + size]
            # A record alone is read however large it is.
            nesting = Nesting(self._statements.records.nests, limit=LIMIT_BYTES if len(part) > 1 else None)
            try:
                yield from self._read_part(part, nesting)
            except HeldTooMuchError:
                size = max(1, len(part) // 4)
                continue
            start += len(part)
            size = min(MOST_RECORDS, max(1, len(part) * HELD_BYTES // max(1, nesting.held)))

    def _read_part(self, ids: Sequence[int], nesting: Nesting) -> Generator[bytes, None, None]:
        with closing(self._rows(ids)) as rows:
            for line in nesting.lines(rows):
                yield line + b"\n"
        counts, users = orjson.loads(nesting.summary)
        self._counts.update(counts)
        self._users.update(users or ())

    def _rows(self, ids: Sequence[int]) -> Generator[Row, None, None]:
        with self._connection.cursor(binary=True) as cursor:
            # Texts come as bytes and go on as bytes.
            cursor.adapters.register_loader("text", ByteaBinaryLoader)
            yield from cursor.stream(self._statements.records.sql, {"ids": list(ids)}, size=ROWS_AT_ONCE)
