"""Which statements an export sends to a filled database, and how PostgreSQL would carry them out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from offline_transfer.db import Database
from offline_transfer.relations.compiler import PLANNING

FILL = """
INSERT INTO users (id, username) SELECT n, 'user-' || n FROM generate_series(1000, 5000) AS n;
INSERT INTO namespaces (id, name, path, type) SELECT n, n, n, 'Group' FROM generate_series(1000, 6000) AS n;
INSERT INTO projects (id, name, path, namespace_id) SELECT n, n, n, n FROM generate_series(1000, 6000) AS n;
INSERT INTO routes (path, name, namespace_id) SELECT 'g' || n, n, n FROM generate_series(1000, 6000) AS n;
INSERT INTO routes (path, name, project_id) SELECT 'g' || n || '/p', n, n FROM generate_series(1000, 6000) AS n;
INSERT INTO members (access_level, source_id, source_type, user_id, notification_level, type)
    SELECT 50, n, 'Namespace', mod(n, 4000) + 1000, 3, 'GroupMember' FROM generate_series(1000, 6000) AS n;
INSERT INTO issues (iid, title, project_id) SELECT n, n, mod(n, 5000) + 1000 FROM generate_series(1, 20000) AS n;

INSERT INTO import_offline_exports (id, status, batch_size) SELECT n, 2, 10 FROM generate_series(1001, 1050) AS n;
INSERT INTO import_offline_configurations (offline_export_id, export_prefix, location)
    SELECT id, 'prefix', 'place' FROM import_offline_exports WHERE id > 1000;
INSERT INTO bulk_import_exports (offline_export_id, project_id, relation, status, batches_count)
    SELECT id, 1000 + portable, CASE relation WHEN 1 THEN 'self' ELSE 'relation_' || relation END, 1, 2
    FROM import_offline_exports, generate_series(1, 100) AS portable, generate_series(1, 8) AS relation WHERE id > 1000;
INSERT INTO bulk_import_export_batches (export_id, batch_number, status, record_ids)
    SELECT id, n, 1, '{1}' FROM bulk_import_exports, generate_series(1, 2) AS n;
INSERT INTO import_offline_export_jobs (offline_export_id, name, export_id, status)
    SELECT offline_export_id, 'portable_export', id, 2 FROM bulk_import_exports WHERE relation = 'self';
INSERT INTO import_offline_export_jobs (offline_export_id, name, batch_id, status)
    SELECT offline_export_id, 'relation_batch_export', batch.id, 2
    FROM bulk_import_exports AS relation JOIN bulk_import_export_batches AS batch ON batch.export_id = relation.id;
INSERT INTO import_offline_export_objects
    (offline_export_id, export_id, batch_number, key, bytes, sha256, content_bytes, content_sha256, records, read_at)
    SELECT offline_export_id, relation.id, batch_number, 'key-' || batch.id, 1, '', 1, '', '{}', now()
    FROM bulk_import_exports AS relation JOIN bulk_import_export_batches AS batch ON batch.export_id = relation.id;
INSERT INTO import_offline_export_users (offline_export_id, project_id, user_id)
    SELECT offline_export_id, project_id, mod(project_id, 4000) + 1000 FROM bulk_import_exports WHERE relation = 'self';
ANALYZE
"""
"""What many exports leave in the tables, and an instance around them."""


def fill(database: Database) -> None:
    """Fill the tables, and let the planner know."""
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        for statement in FILL.split(";"):
            connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent, and whether the planner is told to go by index."""

    query: str
    parameters: Any
    is_reading: bool


@dataclass(slots=True)
class Log:
    """The statements that were sent, each once for each text."""

    sent: dict[tuple[str, bool], Sent] = field(default_factory=dict)
    _reading: set[int] = field(default_factory=set)

    def note(self, connection: psycopg.Connection, query: Any, parameters: Any) -> None:
        """A statement goes to the server."""
        text = query.decode() if isinstance(query, bytes) else query if isinstance(query, str) else query.as_string()
        if connection.info.transaction_status is TransactionStatus.IDLE or text.startswith("RESET enable_hashjoin"):
            self._reading.discard(id(connection))
        if text.startswith(("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET LOCAL enable_hashjoin")):
            self._reading.add(id(connection))
        is_reading = id(connection) in self._reading
        if text.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "COPY")):
            self.sent.setdefault((text, is_reading), Sent(text, parameters, is_reading))


@contextmanager
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """Note all statements that psycopg sends inside the block."""
    log = Log()
    execute, copy, stream = psycopg.Cursor.execute, psycopg.Cursor.copy, psycopg.Cursor.stream

    def noted_execute(cursor: psycopg.Cursor, query: Any, params: Any = None, **options: Any) -> Any:
        log.note(cursor.connection, query, params)
        return execute(cursor, query, params, **options)

    def noted_copy(cursor: psycopg.Cursor, statement: Any, params: Any = None, **options: Any) -> Any:
        log.note(cursor.connection, statement, params)
        return copy(cursor, statement, params, **options)

    def noted_stream(cursor: psycopg.Cursor, query: Any, params: Any = None, **options: Any) -> Any:
        log.note(cursor.connection, query, params)
        return stream(cursor, query, params, **options)

    with monkeypatch.context() as patches:
        patches.setattr(psycopg.Cursor, "execute", noted_execute)
        patches.setattr(psycopg.Cursor, "copy", noted_copy)
        patches.setattr(psycopg.Cursor, "stream", noted_stream)
        yield log


def scans(database: Database, log: Log) -> dict[str, str]:
    """The tables that a statement would read from beginning to end, with that statement.

    Small tables are no worse read so; there it has to be seen that an index could be used.
    """
    found: dict[str, str] = {}
    with psycopg.connect(database.conninfo, cursor_factory=psycopg.ClientCursor) as connection:
        large = _large_tables(connection)
        for sent in log.sent.values():
            settings = PLANNING if sent.is_reading else b"SELECT"
            found |= {table: sent.query for table in _plan(connection, sent, settings) if table in large}
            found |= dict.fromkeys(_plan(connection, sent, b"SET LOCAL enable_seqscan = off"), sent.query)
    return found


def _plan(connection: psycopg.Connection, sent: Sent, settings: bytes) -> list[str]:
    """The tables that a statement scans under these settings."""
    query = sent.query
    if query.lstrip().upper().startswith("COPY"):
        query = query[query.index("(") + 1 : query.rindex(") TO STDOUT")]
    with connection.transaction(force_rollback=True):
        connection.execute(settings)
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {query}".encode(), sent.parameters).fetchone()
    assert row is not None
    return list(_scanned(row[0][0]["Plan"]))


def _large_tables(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= 1000")
    return {name for (name,) in rows}


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scanned(child)
