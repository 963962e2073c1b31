"""Ids by the thousand, taken from the tables' own sequences before their rows exist."""

from collections.abc import Iterator

from psycopg import sql

from offline_transfer.db import Database

BLOCK = 1000


class SequenceIds:
    """Hands out ids of any table; takes them from its sequence in blocks. What is not used is lost, as with any sequence."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks: dict[str, Iterator[int]] = {}

    def next(self, table: str) -> int:
        """An id that nobody else gets."""
        block = self._blocks.get(table)
        if block is not None:
            for value in block:
                return value
        self._blocks[table] = fresh = iter(self._take(table))
        return next(fresh)

    def _take(self, table: str) -> list[int]:
        statement = sql.SQL("SELECT nextval({}) FROM generate_series(1, {})").format(
            sql.Literal(f"{table}_id_seq"), sql.Literal(BLOCK)
        )
        with self._database.raw_connection() as connection, connection.cursor() as cursor:
            values = [int(row[0]) for row in cursor.execute(statement)]
            connection.commit()
        return values
