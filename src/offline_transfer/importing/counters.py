"""Sets the counters of iids so that the next record gets a number that was never given, here or at the source."""

from collections.abc import Mapping

from psycopg import sql

from offline_transfer.db import Database
from offline_transfer.relations.max_iids import COUNTERS
from offline_transfer.types import PortableKind


def set_counters(database: Database, kind: PortableKind, portable_id: int, highest: Mapping[str, int]) -> None:
    """Raises each counter to the highest of what the source says and what was imported; may run twice."""
    owner = "project_id" if kind is PortableKind.PROJECT else "namespace_id"
    with database.raw_connection() as connection, connection.transaction():
        for counter in COUNTERS[kind]:
            said = highest.get(counter.key)
            connection.execute(
                sql.SQL(
                    "INSERT INTO internal_ids ({owner}, usage, last_value)"
                    " SELECT %s, %s, greatest(%s, max(iid)) FROM {table} WHERE {column} = %s"
                    " HAVING greatest(%s, max(iid)) > 0"
                    " ON CONFLICT ({owner}, usage)"
                    " DO UPDATE SET last_value = greatest(internal_ids.last_value, excluded.last_value)"
                ).format(
                    owner=sql.Identifier(owner),
                    table=sql.Identifier(counter.table),
                    column=sql.Identifier(counter.owner_column),
                ),
                [portable_id, counter.usage, said, portable_id, said],
            )
