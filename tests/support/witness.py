"""Holds a database against what it was before an import: rows of others unchanged, new rows where they belong."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Table, text

from offline_transfer.db import Database
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.models import Base

WORK: Final = ("bulk_import", "import_offline", "import_source_users")
"""What begins like this is our own work, which goes on."""

STRANGERS: Final = (UserType.placeholder, UserType.ghost, UserType.import_user)
"""Whom an archive can make the author of anything."""


class Witness:
    """Remembers every row of the forge."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.engine.connect() as connection:
            self._before = {table.name: _digests(connection, table) for table in _tables()}

    def changed(self) -> list[str]:
        """The rows that were there before and are not as they were."""
        with self._database.engine.connect() as connection:
            return list(self._changed(connection))

    def added(self) -> dict[str, int]:
        """How many rows the tables have that were not there before, without those that have none."""
        with self._database.engine.connect() as connection:
            counts = {
                table.name: len(_digests(connection, table).keys() - self._before[table.name].keys())
                for table in _tables()
            }
        return {name: count for name, count in counts.items() if count}

    def grasps(self, *allowed: tuple[str, int]) -> list[str]:
        """New rows that refer to a group, project or user that was there before, except to the ones that are named."""
        found: list[str] = []
        with self._database.engine.connect() as connection:
            for table in _tables():
                for column in table.c:
                    for key in column.foreign_keys:
                        found.extend(self._grasping(connection, table, (column.name, key.column.table.name), allowed))
        return found

    def _grasping(
        self, connection: Connection, table: Table, link: tuple[str, str], allowed: tuple[tuple[str, int], ...]
    ) -> Iterator[str]:
        column, target = link
        if target not in ("namespaces", "projects", "users"):
            return
        rows = connection.execute(
            text(f"SELECT {_key(table)}, {column}::text FROM {table.name} WHERE {column} IS NOT NULL")
        )
        before = self._before[target].keys() - {str(row_id) for name, row_id in allowed if name == target}
        for key, value in rows:
            if key not in self._before[table.name] and value in before:
                yield f"{table.name} {key}: {column} is {target} {value}"

    def complaints(self, project_id: int | None, namespace_id: int | None) -> list[str]:
        """What changed that should not have, and what does not lie in the group or project that was made."""
        with self._database.engine.connect() as connection:
            return [
                *self._changed(connection),
                *self._astray(connection, project_id, namespace_id),
                *self._dangling(connection),
            ]

    def _changed(self, connection: Connection) -> Iterator[str]:
        for table in _tables():
            before, after = self._before[table.name], _digests(connection, table)
            for key, digest in before.items():
                if after.get(key) != digest:
                    yield f"{table.name} {key} was there before and changed"

    def _astray(self, connection: Connection, project_id: int | None, namespace_id: int | None) -> Iterator[str]:
        strangers = ", ".join(str(kind.value) for kind in STRANGERS)
        allowed = {
            "projects": f"SELECT {project_id or 0}",
            "namespaces": f"SELECT {namespace_id or 0} UNION SELECT id FROM namespaces WHERE path = 'dest'",
            "users": f"SELECT id FROM users WHERE user_type IN ({strangers})",
        }
        for table in _tables():
            for column in table.c:
                for key in column.foreign_keys:
                    if condition := allowed.get(key.column.table.name):
                        statement = f"SELECT {_key(table)} FROM {table.name} WHERE {column.name} NOT IN ({condition})"
                        for (row_key,) in connection.execute(text(statement)):
                            if row_key not in self._before[table.name]:
                                yield f"{table.name} {row_key}: {column.name} points elsewhere"

    def _dangling(self, connection: Connection) -> Iterator[str]:
        """New rows whose pair of type and id names nothing that exists."""
        tables = {
            name: mapper.class_.__tablename__
            for mapper in Base.registry.mappers
            for name in getattr(mapper.class_, "__polymorphic_names__", ())
        }
        for mapper in Base.registry.mappers:
            pair = getattr(mapper.class_, "__polymorphic__", None)
            if pair is None:
                continue
            table, (kind, target) = mapper.class_.__tablename__, pair
            known = ", ".join(f"'{name}'" for name in tables)
            statement = f"SELECT DISTINCT {kind} FROM {table} WHERE {target} IS NOT NULL AND {kind} NOT IN ({known})"
            yield from (f"{table}: {kind} is {name}" for (name,) in connection.execute(text(statement)))
            for name, other in tables.items():
                statement = (
                    f"SELECT count(*) FROM {table} t WHERE {kind} = '{name}' AND {target} IS NOT NULL"
                    f" AND NOT EXISTS (SELECT FROM {other} o WHERE o.id = t.{target})"
                )
                if count := connection.scalar(text(statement)):
                    yield f"{table}: {count} rows name a {name} that does not exist"


def _tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if not table.name.startswith(WORK)]


def _key(table: Table) -> str:
    return " || ' ' || ".join(f"{column.name}::text" for column in table.primary_key.columns)


def _digests(connection: Connection, table: Table) -> dict[str, str]:
    rows = connection.execute(text(f"SELECT {_key(table)}, md5(t::text) FROM {table.name} t"))
    return {row[0]: row[1] for row in rows}
