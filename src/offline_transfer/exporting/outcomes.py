"""Writes down what came of an object, and has done next what that makes possible."""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting import names
from offline_transfer.exporting.portables import Portable, is_of
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.transfers.models import ERROR_CHARACTERS, ExportBatch, OfflineExport, RelationExport
from offline_transfer.transfers.states import OPEN_BATCH, OPEN_RELATION, BatchState, RelationState, step

KNOWN_FAILURES = (OfflineTransferError, DBAPIError, psycopg.Error, OSError)
"""What fails a relation and lets the others go on. Anything else is a mistake in this program and ends the job."""


def finish(session: Session, task: Task, written: Written) -> bool:
    """The object of a task is whole: keep its line of the manifest and the users that it names.

    Gives whether its relation has ended with it. Does nothing when the task was ended before: the same job may run twice.
    """
    count = written.records[task.relation]
    return _end(
        session,
        task,
        {
            "batch_status": step(BatchState.started, BatchState.finished),
            "relation_status": step(RelationState.started, RelationState.finished),
            "objects_count": count,
            "total": None if task.batch_id is not None else count + len(written.gaps),
            "gaps": Jsonb([{"name": gap.name, "reason": gap.reason} for gap in written.gaps]),
            "key": str(written.key),
            "bytes": written.measurement.stored_bytes,
            "sha256": written.measurement.sha256,
            "content_bytes": written.measurement.content_bytes,
            "content_sha256": written.measurement.content_sha256,
            "records": Jsonb(dict(written.records)),
            "read_at": written.read_at,
            # Sorted, so that two batches that name the same users wait for each other in one order.
            "users": sorted(written.users),
        },
    )


def fail(session: Session, task: Task, error: Exception) -> bool:
    """The object of a task could not be written; the other batches of its relation go on. Gives what `finish` gives."""
    return _end(
        session,
        task,
        {
            "batch_status": step(BatchState.started, BatchState.failed),
            "relation_status": step(RelationState.started, RelationState.failed),
            "error": message_of(error),
        },
    )


def go_on(session: Session, portable: Portable, offline_export_id: int) -> None:
    """Have done what waits for relations to end: the users of a portable for all its others, the end of the export for all.

    The parent row is locked before the open ones are counted; without that the last two would each see the other open.
    """
    of_portable = (RelationExport.offline_export_id == offline_export_id, is_of(portable))
    session.scalars(
        select(RelationExport.id).where(*of_portable, RelationExport.relation == SELF_RELATION).with_for_update()
    ).one()
    is_open = RelationExport.status.in_(OPEN_RELATION)
    still_open = session.execute(select(RelationExport.relation, RelationExport.id).where(*of_portable, is_open))
    ids = dict(still_open.all())
    if set(ids) == {USER_CONTRIBUTIONS_RELATION}:
        queue.defer(session, names.USER_CONTRIBUTIONS, export_id=ids[USER_CONTRIBUTIONS_RELATION])
    elif not ids:
        session.get_one(OfflineExport, offline_export_id, with_for_update=True)
        if not session.scalar(
            select(func.count()).where(RelationExport.offline_export_id == offline_export_id, is_open)
        ):
            queue.defer(session, names.FINISH, offline_export_id=offline_export_id)


def message_of(error: Exception) -> str:
    """What went wrong, on one line that fits into a row."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        text = f"the database refused: {cause.diag.message_primary or type(cause).__name__}"
    elif isinstance(cause, OSError) and cause.strerror:
        text = f"the system refused: {cause.strerror}"
    else:
        text = cause.message if isinstance(cause, OfflineTransferError) else type(error).__name__
    return " ".join(text.split())[:ERROR_CHARACTERS]


# One statement, since a small object takes no longer than a few round trips. The row of the relation stays locked to the end of
# the transaction.
_END: Final = """
WITH batch AS (
    UPDATE bulk_import_export_batches
    SET status = %(batch_status)s, objects_count = %(objects_count)s, error = %(error)s, updated_at = now()
    WHERE id = %(batch_id)s AND status = ANY(%(open_batch)s)
    RETURNING id
), relation AS (
    UPDATE bulk_import_exports
    SET status = CASE WHEN %(is_one_of_many)s THEN status ELSE %(relation_status)s END,
        total_objects_count = coalesce(%(total)s, total_objects_count),
        gaps = gaps || %(gaps)s, error = coalesce(error, %(error)s), updated_at = now()
    WHERE id = %(export_id)s AND status = ANY(%(open_relation)s)
        AND (%(batch_id)s::bigint IS NULL OR EXISTS (SELECT FROM batch))
    RETURNING id
), object AS (
    INSERT INTO import_offline_export_objects
        (offline_export_id, export_id, batch_number, key, bytes, sha256, content_bytes, content_sha256, records, read_at)
    SELECT %(offline_export_id)s, id, %(batch_number)s, %(key)s, %(bytes)s, %(sha256)s, %(content_bytes)s, %(content_sha256)s,
        %(records)s, %(read_at)s
    FROM relation WHERE %(key)s::text IS NOT NULL
    ON CONFLICT DO NOTHING
), named AS (
    INSERT INTO import_offline_export_users (offline_export_id, group_id, project_id, user_id)
    SELECT %(offline_export_id)s, %(group_id)s, %(project_id)s, unnest(%(users)s::bigint[]) FROM relation
    ON CONFLICT DO NOTHING
)
SELECT id FROM relation
"""

_NOTHING: Final[Mapping[str, object]] = {
    "objects_count": 0,
    "total": None,
    "gaps": Jsonb([]),
    "error": None,
    "key": None,
    "bytes": None,
    "sha256": None,
    "content_bytes": None,
    "content_sha256": None,
    "records": None,
    "read_at": None,
    "users": [],
}


def _end(session: Session, task: Task, outcome: Mapping[str, object]) -> bool:
    """Write down what came of a task, and give whether its relation has ended with it."""
    values: dict[str, object] = {
        **_NOTHING,
        **outcome,
        "offline_export_id": task.offline_export_id,
        "export_id": task.export_id,
        "batch_id": task.batch_id,
        "batch_number": task.batch_number,
        "is_one_of_many": task.is_one_of_many,
        "group_id": task.portable.group_id,
        "project_id": task.portable.project_id,
        "open_batch": [state.value for state in OPEN_BATCH],
        "open_relation": [state.value for state in OPEN_RELATION],
    }
    if psycopg_connection(session).execute(_END, values).fetchone() is None:
        return False
    return not task.is_one_of_many or _end_relation(session, task)


def _end_relation(session: Session, task: Task) -> bool:
    """End the relation of many batches, whose row is locked, if none of them is open."""
    is_open = ExportBatch.export_id == task.export_id, ExportBatch.status.in_(OPEN_BATCH)
    if session.scalar(select(func.count()).where(*is_open)):
        return False
    relation = session.get_one(RelationExport, task.export_id)
    relation.status = step(relation.status, RelationState.finished if relation.error is None else RelationState.failed)
    return True
