"""Ids by the thousand, taken from the tables' own sequences before their rows exist."""

from collections.abc import Iterator

from psycopg import sql

from offline_transfer.db import Database

SMALLEST_BLOCK = 32
LARGEST_BLOCK = 8192
GROWTH = 4


class SequenceIds:
    """Hands out ids of any table; takes them from its sequence in blocks. What is not used is lost, as with any sequence.

    Blocks begin small, since most tables get a few rows of a project, and grow with what is asked for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks: dict[str, Iterator[int]] = {}
        self._sizes: dict[str, int] = {}

    def next(self, table: str) -> int:
        """An id that nobody else gets."""
        block = self._blocks.get(table)
        if block is not None:
            for value in block:
                return value
        size = self._sizes.get(table, SMALLEST_BLOCK)
        self._sizes[table] = min(size * GROWTH, LARGEST_BLOCK)
        self._blocks[table] = fresh = iter(self._take(table, size))
        return next(fresh)

    def _take(self, table: str, count: int) -> list[int]:
        statement = sql.SQL("SELECT nextval({}) FROM generate_series(1, {})").format(
            sql.Literal(f"{table}_id_seq"), sql.Literal(count)
        )
        # A sequence does not go back with its transaction, so there is nothing to commit and wait for.
        with self._database.raw_connection() as connection:
            return [value for (value,) in connection.execute(statement).fetchall()]
