"""Writes the relations that are records: the group or project itself, its collections and its single objects."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, Extension
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import PortableGoneError
from offline_transfer.exporting.reading import Reading, reading
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.exporting.users import known_users
from offline_transfer.exporting.writing import Spool, spooled
from offline_transfer.relations.compiler import Statements, statements
from offline_transfer.types import Edition, PortableKind


def statements_of(kind: PortableKind, relation: str, edition: Edition) -> Statements:
    """The statements by which exports read a relation."""
    return statements(kind, relation, edition=edition, users=known_users)


def write_self(context: ExportContext, task: Task) -> Written:
    """The attributes of the group or project itself. Raises PortableGoneError."""
    found = _statements(context, task)
    with ExitStack() as stack:
        with reading(context.database) as moment:
            lines = _read(moment, stack, found, [task.portable.id])
        if not lines.counts[SELF_RELATION]:
            raise PortableGoneError(portable=f"{task.portable.kind} {task.portable.path}")
        return _put(task, lines, Extension.JSON)


def write_records(context: ExportContext, task: Task) -> Written:
    """A collection, one batch of it, or a single object; without records an empty object."""
    found = _statements(context, task)
    with ExitStack() as stack:
        if not found.node.is_single and not task.record_ids:
            return _put(task, _nothing(stack, found), Extension.NDJSON)
        with reading(context.database) as moment:
            # The database allows one single object, or the relation file means the first.
            ids = moment.record_ids(found, task.portable.id)[:1] if found.node.is_single else task.record_ids
            lines = _read(moment, stack, found, ids)
        return _put(task, lines, Extension.NDJSON)


def write_max_iids(context: ExportContext, task: Task) -> Written:
    """The highest number that every counter has given."""
    with reading(context.database) as moment:
        highest = moment.max_iids(task.portable.kind, task.portable.id)
        read_at = moment.read_at
    key = task.key(Extension.JSON)
    measurement = task.destination.put_content(key, [orjson.dumps(highest, option=orjson.OPT_APPEND_NEWLINE)])
    return Written(key=key, measurement=measurement, records={MAX_IIDS_RELATION: 1}, read_at=read_at)


def _statements(context: ExportContext, task: Task) -> Statements:
    return statements_of(task.portable.kind, task.relation, context.settings.edition)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Records that were read and are kept aside."""

    spool: Spool
    counts: dict[str, int]
    users: list[int]
    read_at: datetime


def _read(moment: Reading, stack: ExitStack, found: Statements, ids: Sequence[int]) -> _Lines:
    counts = moment.counts(found, ids)
    if not counts[found.node.path]:
        return _nothing(stack, found)
    # A reading cannot end while a COPY in it stands open, which is what remains when keeping the lines aside fails.
    with closing(moment.lines(found, ids, counts)) as records:
        spool = stack.enter_context(spooled(records))
    return _Lines(spool, counts, moment.users(found, ids), moment.read_at)


def _nothing(stack: ExitStack, found: Statements) -> _Lines:
    return _Lines(stack.enter_context(spooled(())), {found.node.path: 0}, [], datetime.now(UTC))


def _put(task: Task, lines: _Lines, extension: Extension) -> Written:
    key = task.key(extension)
    measurement = task.destination.put(key, lines.spool)
    return Written(key=key, measurement=measurement, records=lines.counts, read_at=lines.read_at, users=lines.users)
