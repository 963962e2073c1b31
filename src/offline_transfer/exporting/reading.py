"""Reads records of an instance at one moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from offline_transfer.db import Database
from offline_transfer.exporting.errors import PortableGoneError
from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.record_stream import Records
from offline_transfer.exporting.users import known_users
from offline_transfer.relations.compiler import PLANNING, Statements, statements
from offline_transfer.relations.max_iids import COUNTERS
from offline_transfer.types import Edition, PortableKind

_BEGIN = b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; " + PLANNING


@dataclass(frozen=True, slots=True)
class Reading:
    """A short transaction that sees one moment, which is `read_at`, and can change nothing."""

    connection: psycopg.Connection
    read_at: datetime

    def records(self, statements: Statements, ids: Sequence[int]) -> Records:
        """The records with these ids, in this order. Close them before the reading ends."""
        return Records(self.connection, statements, ids)

    def require(self, portable: Portable) -> None:
        """Raise PortableGoneError when there is no such group or project at this moment: what it had would seem to be nothing."""
        table = b"namespaces" if portable.kind is PortableKind.GROUP else b"projects"
        if self.connection.execute(b"SELECT FROM " + table + b" WHERE id = %s", [portable.id]).fetchone() is None:
            raise PortableGoneError(portable=f"{portable.kind} {portable.path}")

    def record_ids(self, statements: Statements, portable_id: int) -> list[int]:
        """The ids of all records of a group or project, in the order in which they leave."""
        rows = self.connection.execute(statements.numbered_ids + b" ORDER BY position", {"portable_id": portable_id})
        return [record_id for record_id, _ in rows]

    def portable_counts(self, statements: Statements, portable_id: int) -> dict[str, int]:
        """How many records there are on each path of a group or project; the relation's own path is always there."""
        return dict(self.connection.execute(statements.portable_counts, {"portable_id": portable_id}))

    def max_iids(self, kind: PortableKind, portable_id: int) -> dict[str, int]:
        """The highest number that every counter of a group or project has given, by its key in `max_iids`."""
        owner = sql.Identifier("project_id" if kind is PortableKind.PROJECT else "namespace_id")
        highest = {}
        for counter in COUNTERS[kind]:
            query = sql.SQL(
                "SELECT greatest((SELECT last_value FROM internal_ids WHERE {owner} = %(id)s AND usage = %(usage)s),"
                " (SELECT max(iid) FROM {table} WHERE {column} = %(id)s))"
            ).format(owner=owner, table=sql.Identifier(counter.table), column=sql.Identifier(counter.owner_column))
            row = self.connection.execute(query, {"id": portable_id, "usage": counter.usage}).fetchone()
            if row is not None and row[0]:
                highest[counter.key] = int(row[0])
        return highest


@contextmanager
def reading(database: Database) -> Iterator[Reading]:
    """A reading for the length of the block."""
    with database.raw_connection() as connection:
        connection.execute(_BEGIN)
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        yield Reading(connection, row[0])


def statements_of(kind: PortableKind, relation: str, edition: Edition) -> Statements:
    """The statements by which exports read a relation."""
    return statements(kind, relation, edition=edition, users=known_users)
