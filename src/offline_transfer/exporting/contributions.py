"""Writes the users whom the relations of a group or project name; they can be known only when all others are done."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Final

from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION, Extension
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.reading import Reading, reading, statements_of
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.relations.compiler import Statements

USERS_AT_ONCE: Final = 1000


def write_users(context: ExportContext, task: Task) -> Written:
    """One line for each user, in the order of their ids."""
    found = statements_of(task.portable.kind, USER_CONTRIBUTIONS_RELATION, context.settings.edition)
    key = task.key(Extension.NDJSON)
    counts: Counter[str] = Counter({USER_CONTRIBUTIONS_RELATION: 0})
    with ExitStack() as stack:
        with reading(context.database) as moment:
            spool = stack.enter_context(task.destination.spooled(_lines(moment, task, found, counts)))
        stored = task.destination.put(key, spool)
    return Written(key=key, stored=stored, records=dict(counts), read_at=moment.read_at)


def _lines(moment: Reading, task: Task, found: Statements, counts: Counter[str]) -> Iterator[bytes]:
    last = 0
    while ids := _named_users(moment, task, last):
        with closing(moment.records(found, ids)) as records:
            for line in records:
                counts[USER_CONTRIBUTIONS_RELATION] += 1
                yield line
        last = ids[-1]


def _named_users(moment: Reading, task: Task, after: int) -> list[int]:
    rows = moment.connection.execute(
        "SELECT user_id FROM import_offline_export_users"
        " WHERE offline_export_id = %(export)s AND group_id IS NOT DISTINCT FROM %(group)s"
        " AND project_id IS NOT DISTINCT FROM %(project)s AND user_id > %(after)s ORDER BY user_id LIMIT %(limit)s",
        {
            "export": task.offline_export_id,
            "group": task.portable.group_id,
            "project": task.portable.project_id,
            "after": after,
            "limit": USERS_AT_ONCE,
        },
    )
    return [user_id for (user_id,) in rows]
