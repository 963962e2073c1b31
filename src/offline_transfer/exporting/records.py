"""Writes the relations that are records: the group or project itself, its collections and its single objects."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson
import psycopg

from offline_transfer.archive.keys import MAX_IIDS_RELATION, Extension
from offline_transfer.exporting import salvage
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.reading import Reading, reading, statements_of
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.exporting.writing import Spool
from offline_transfer.relations.compiler import Statements
from offline_transfer.transfers.lease import watched


def write_self(context: ExportContext, task: Task) -> Written:
    """The attributes of the group or project itself. Raises PortableGoneError."""
    found = _statements(context, task)
    with ExitStack() as stack:
        with reading(context.database) as moment:
            moment.require(task.portable)
            lines = _read(moment, stack, found, task, [task.portable.id])
        return _put(task, lines, Extension.JSON)


def write_records(context: ExportContext, task: Task) -> Written:
    """A collection, one batch of it, or a single object; without records an empty object. Raises PortableGoneError.

    A record that cannot be read is a gap, and the others are written without it.
    """
    found = _statements(context, task)
    if not found.node.is_single and not task.record_ids:
        with ExitStack() as stack:
            return _put(task, _nothing(stack, task, found), Extension.NDJSON)
    try:
        return _write_records(context, task, found)
    except psycopg.Error as error:
        if not salvage.can_help(error) or len(task.record_ids) <= 1:
            raise
    return _write_readable_records(context, task, found)


def _write_records(context: ExportContext, task: Task, found: Statements) -> Written:
    with ExitStack() as stack:
        with reading(context.database) as moment:
            moment.require(task.portable)
            # The database allows one single object, or the relation file means the first.
            ids = moment.record_ids(found, task.portable.id)[:1] if found.node.is_single else task.record_ids
            lines = _read(moment, stack, found, task, ids)
        return _put(task, lines, Extension.NDJSON)


def _write_readable_records(context: ExportContext, task: Task, found: Statements) -> Written:
    with ExitStack() as stack:
        with reading(context.database) as moment:
            moment.require(task.portable)
            salvaged = salvage.readable(moment, found, task.record_ids, task.lease)
            lines = _read(moment, stack, found, task, salvaged.ids)
        return replace(_put(task, lines, Extension.NDJSON), gaps=salvaged.gaps)


def write_max_iids(context: ExportContext, task: Task) -> Written:
    """The highest number that every counter has given."""
    with reading(context.database) as moment:
        moment.require(task.portable)
        highest = moment.max_iids(task.portable.kind, task.portable.id)
        read_at = moment.read_at
    key = task.key(Extension.JSON)
    stored = task.destination.put_content(key, [orjson.dumps(highest, option=orjson.OPT_APPEND_NEWLINE)])
    return Written(key=key, stored=stored, records={MAX_IIDS_RELATION: 1}, read_at=read_at)


def _statements(context: ExportContext, task: Task) -> Statements:
    return statements_of(task.portable.kind, task.relation, context.settings.edition)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Records that were read and are kept aside."""

    spool: Spool
    counts: Mapping[str, int]
    users: list[int]
    read_at: datetime


def _read(moment: Reading, stack: ExitStack, found: Statements, task: Task, ids: Sequence[int]) -> _Lines:
    with closing(moment.records(found, ids)) as records:
        spool = stack.enter_context(task.destination.spooled(watched(records, task.lease)))
    return _Lines(spool, records.counts, records.users, moment.read_at)


def _nothing(stack: ExitStack, task: Task, found: Statements) -> _Lines:
    return _Lines(stack.enter_context(task.destination.spooled(())), {found.node.path: 0}, [], datetime.now(UTC))


def _put(task: Task, lines: _Lines, extension: Extension) -> Written:
    key = task.key(extension)
    stored = task.destination.put(key, lines.spool)
    return Written(key=key, stored=stored, records=lines.counts, read_at=lines.read_at, users=lines.users)
