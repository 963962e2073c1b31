"""Writes the relations that are records: the group or project itself, its collections and its single objects."""

from collections.abc import Sequence
from contextlib import ExitStack

import orjson
from psycopg import sql

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, Extension
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import PortableGoneError
from offline_transfer.exporting.reading import Reading, reading
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.exporting.users import known_users
from offline_transfer.exporting.writing import spooled
from offline_transfer.relations.compiler import Statements, statements
from offline_transfer.relations.max_iids import COUNTERS
from offline_transfer.types import Edition, PortableKind


def statements_of(kind: PortableKind, relation: str, edition: Edition) -> Statements:
    """The statements by which exports read a relation."""
    return statements(kind, relation, edition=edition, users=known_users)


def write_self(context: ExportContext, task: Task) -> Written:
    """The attributes of the group or project itself. Raises PortableGoneError."""
    written = _write_lines(context, task, [task.portable.id], Extension.JSON)
    if not written.records[SELF_RELATION]:
        raise PortableGoneError(portable=f"{task.portable.kind} {task.portable.path}")
    return written


def write_records(context: ExportContext, task: Task) -> Written:
    """A collection, one batch of it, or a single object; without records an empty object."""
    found = _statements(context, task)
    if not found.node.is_single:
        return _write_lines(context, task, task.record_ids, Extension.NDJSON)
    with reading(context.database) as moment:
        ids = moment.record_ids(found, task.portable.id)
    # The database allows one, or the relation file means the first.
    return _write_lines(context, task, ids[:1], Extension.NDJSON)


def write_max_iids(context: ExportContext, task: Task) -> Written:
    """The highest number that every counter has given."""
    with reading(context.database) as moment:
        highest = _max_iids(moment, task.portable.kind, task.portable.id)
        read_at = moment.read_at
    key = task.key(Extension.JSON)
    measurement = task.destination.put_content(key, [orjson.dumps(highest, option=orjson.OPT_APPEND_NEWLINE)])
    return Written(key=key, measurement=measurement, records={MAX_IIDS_RELATION: 1}, read_at=read_at)


def _statements(context: ExportContext, task: Task) -> Statements:
    return statements_of(task.portable.kind, task.relation, context.settings.edition)


def _write_lines(context: ExportContext, task: Task, ids: Sequence[int], extension: Extension) -> Written:
    found = _statements(context, task)
    key = task.key(extension)
    with ExitStack() as stack:
        with reading(context.database) as moment:
            counts = moment.counts(found, ids) if ids else {found.node.path: 0}
            lines = moment.lines(found, ids, counts) if counts[found.node.path] else iter(())
            spool = stack.enter_context(spooled(lines))
            users = moment.users(found, ids) if ids else []
        measurement = task.destination.put(key, spool)
    return Written(key=key, measurement=measurement, records=counts, read_at=moment.read_at, users=users)


def _max_iids(moment: Reading, kind: PortableKind, portable_id: int) -> dict[str, int]:
    owner = sql.Identifier("project_id" if kind is PortableKind.PROJECT else "namespace_id")
    highest = {}
    for counter in COUNTERS[kind]:
        query = sql.SQL(
            "SELECT greatest((SELECT last_value FROM internal_ids WHERE {owner} = %(id)s AND usage = %(usage)s),"
            " (SELECT max(iid) FROM {table} WHERE {column} = %(id)s))"
        ).format(owner=owner, table=sql.Identifier(counter.table), column=sql.Identifier(counter.owner_column))
        row = moment.connection.execute(query, {"id": portable_id, "usage": counter.usage}).fetchone()
        if row is not None and row[0]:
            highest[counter.key] = int(row[0])
    return highest
