"""Writes down what came of an object, and has done next what that makes possible."""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer.db import Database, lock_briefly, psycopg_connection, standstill
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.models import ExportBatch, RelationExport
from offline_transfer.transfers.states import OPEN_BATCH, OPEN_RELATION, BatchState, JobState, RelationState, step

KNOWN_FAILURES = (OfflineTransferError, DBAPIError, psycopg.Error, OSError)
"""What fails a relation and lets the others go on. Anything else is a mistake in this program and ends the job."""

# Connection exceptions, shutdown or crash of the server, and what it rolled back to get on.
_GONE: Final = ("08", "57P", "40")


def finish(database: Database, task: Task, written: Written) -> None:
    """The object of a task is whole: keep its line of the manifest and the users that it names.

    Does nothing when the task was ended before. Raises WorkWithdrawnError when it is another's by now.
    """
    count = written.records[task.relation]
    lost = sum(gap.count for gap in written.gaps)
    measurement = written.stored.measurement
    _end(
        database,
        task,
        {
            "batch_status": step(BatchState.started, BatchState.finished),
            "relation_status": step(RelationState.started, RelationState.finished),
            "objects_count": count,
            "total": None if task.batch_id is not None else count + lost,
            "gaps": Jsonb([gap.to_json(task.batch_number) for gap in written.gaps]),
            "key": str(written.key),
            "bytes": measurement.stored_bytes,
            "sha256": measurement.sha256,
            "content_bytes": measurement.content_bytes,
            "content_sha256": measurement.content_sha256,
            "is_contested": task.is_contested or written.stored.has_rival,
            "records": Jsonb(dict(written.records)),
            "read_at": written.read_at,
            # Sorted, so that two batches that name the same users wait for each other in one order.
            "users": sorted(written.users),
        },
    )


def fail(database: Database, task: Task, error: Exception) -> None:
    """The object of a task could not be written; the other batches of its relation go on. Otherwise as `finish`."""
    _end(
        database,
        task,
        {
            "batch_status": step(BatchState.started, BatchState.failed),
            "relation_status": step(RelationState.started, RelationState.failed),
            **Failure.of(error).columns(),
        },
    )


def is_lost_connection(error: Exception) -> bool:
    """Whether the database went away, or took back what it had begun: then nothing can be written down, and trying again helps."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(_GONE)


def count_sent(database: Database, task: Task) -> None:
    """The object of a task was sent in vain, and will be sent again when the whole job is tried again."""
    with database.session() as session:
        lock_briefly(session)
        session.execute(
            update(RelationExport)
            .where(RelationExport.id == task.export_id)
            .values(retries=RelationExport.retries + task.destination.sent.times)
        )


# One statement, since a small object takes no longer than a few round trips. The rows of the job and of the relation stay locked to
# the end of the transaction: no later attempt can begin before it. So it ends soon, see `db.lock_briefly`.
_END: Final = """
WITH held AS (
    SELECT id FROM import_offline_export_jobs
    WHERE id = %(job_id)s AND attempts = %(attempt)s AND status = %(released)s FOR SHARE
), batch AS (
    UPDATE bulk_import_export_batches
    SET status = %(batch_status)s, objects_count = %(objects_count)s, error = %(error)s,
        exception_class = %(exception_class)s, updated_at = now()
    WHERE id = %(batch_id)s AND status = ANY(%(open_batch)s) AND EXISTS (SELECT FROM held)
    RETURNING id
), relation AS (
    UPDATE bulk_import_exports
    SET status = CASE WHEN %(is_one_of_many)s THEN status ELSE %(relation_status)s END,
        total_objects_count = coalesce(%(total)s, total_objects_count),
        exported_count = exported_count + %(objects_count)s, bytes = bytes + coalesce(%(bytes)s, 0),
        retries = retries + %(retries)s, gaps = gaps || %(gaps)s, error = coalesce(error, %(error)s),
        exception_class = coalesce(exception_class, %(exception_class)s), updated_at = now()
    WHERE id = %(export_id)s AND status = ANY(%(open_relation)s) AND EXISTS (SELECT FROM held)
        AND (%(batch_id)s::bigint IS NULL OR EXISTS (SELECT FROM batch))
    RETURNING id
), object AS (
    INSERT INTO import_offline_export_objects
        (offline_export_id, export_id, batch_number, key, bytes, sha256, content_bytes, content_sha256, records, read_at,
        is_contested)
    SELECT %(offline_export_id)s, id, %(batch_number)s, %(key)s, %(bytes)s, %(sha256)s, %(content_bytes)s, %(content_sha256)s,
        %(records)s, %(read_at)s, %(is_contested)s
    FROM relation WHERE %(key)s::text IS NOT NULL
), named AS (
    INSERT INTO import_offline_export_users (offline_export_id, group_id, project_id, user_id)
    SELECT %(offline_export_id)s, %(group_id)s, %(project_id)s, unnest(%(users)s::bigint[]) FROM relation
    ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM held), EXISTS (SELECT FROM relation),
    set_config('idle_in_transaction_session_timeout', %(standstill)s, true)
"""

_NOTHING: Final[Mapping[str, object]] = {
    "objects_count": 0,
    "total": None,
    "gaps": Jsonb([]),
    "error": None,
    "exception_class": None,
    "key": None,
    "bytes": None,
    "sha256": None,
    "content_bytes": None,
    "content_sha256": None,
    "records": None,
    "read_at": None,
    "is_contested": False,
    "users": [],
}


def _end(database: Database, task: Task, outcome: Mapping[str, object]) -> None:
    values: dict[str, object] = {
        **_NOTHING,
        **outcome,
        # What was sent once was not sent again.
        "retries": max(task.destination.sent.times - 1, 0),
        "job_id": task.claim.job_id,
        "attempt": task.claim.attempt,
        "released": JobState.released.value,
        "offline_export_id": task.offline_export_id,
        "export_id": task.export_id,
        "batch_id": task.batch_id,
        "batch_number": task.batch_number,
        "is_one_of_many": task.is_one_of_many,
        "group_id": task.portable.group_id,
        "project_id": task.portable.project_id,
        "open_batch": [state.value for state in OPEN_BATCH],
        "open_relation": [state.value for state in OPEN_RELATION],
        "standstill": standstill(),
    }
    if task.is_one_of_many:
        with database.session() as session:
            if _has_ended(psycopg_connection(session), values):
                end_relation(session, task.export_id)
        return
    with database.raw_connection() as connection:
        _has_ended(connection, values)
        connection.commit()


def _has_ended(connection: psycopg.Connection, values: Mapping[str, object]) -> bool:
    """Whether the task has ended now and not before. Raises WorkWithdrawnError."""
    row = connection.execute(_END, values).fetchone()
    assert row is not None
    is_held, has_ended, _ = row
    if not is_held:
        raise WorkWithdrawnError
    return bool(has_ended)


def end_relation(session: Session, export_id: int) -> None:
    """End a relation of many batches, whose row is locked, if none of them is open. The documents call it the finish of batches."""
    is_open = ExportBatch.export_id == export_id, ExportBatch.status.in_(OPEN_BATCH)
    if session.scalar(select(exists().where(*is_open))):
        return
    relation = session.get_one(RelationExport, export_id, populate_existing=True)
    relation.status = step(relation.status, RelationState.finished if relation.error is None else RelationState.failed)
