"""Writes down what came of an object, and has done next what that makes possible."""

import psycopg
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting import names
from offline_transfer.exporting.portables import Portable, is_of
from offline_transfer.exporting.tasks import Task, Written
from offline_transfer.transfers.models import (
    ERROR_CHARACTERS,
    ExportBatch,
    ExportObject,
    ExportUser,
    OfflineExport,
    RelationExport,
)
from offline_transfer.transfers.states import BatchState, RelationState, step

OPEN_RELATION = (RelationState.pending, RelationState.started)
_OPEN_BATCH = (BatchState.created, BatchState.started)

KNOWN_FAILURES = (OfflineTransferError, DBAPIError, psycopg.Error, OSError)
"""What fails a relation and lets the others go on. Anything else is a mistake in this program and ends the job."""


def finish(session: Session, task: Task, written: Written) -> None:
    """The object of a task is whole: keep its line of the manifest and the users that it names.

    Does nothing when the task was ended before: the same job may run twice.
    """
    if not _end_batch(session, task, BatchState.finished, objects_count=written.records[task.relation]):
        return
    relation = session.get_one(RelationExport, task.export_id, with_for_update=True)
    if relation.status not in OPEN_RELATION:
        return
    _keep_object(session, task, written)
    _keep_users(session, task, written)
    relation.gaps = [*relation.gaps, *({"name": gap.name, "reason": gap.reason} for gap in written.gaps)]
    if task.batch_id is None:
        relation.total_objects_count = written.records[task.relation] + len(written.gaps)
    end_relation(session, task.portable, relation)


def fail(session: Session, task: Task, error: Exception) -> None:
    """The object of a task could not be written; the other batches of its relation go on."""
    message = message_of(error)
    if not _end_batch(session, task, BatchState.failed, error=message):
        return
    relation = session.get_one(RelationExport, task.export_id, with_for_update=True)
    if relation.status not in OPEN_RELATION:
        return
    relation.error = relation.error or message
    end_relation(session, task.portable, relation)


def end_relation(session: Session, portable: Portable, relation: RelationExport) -> None:
    """End a relation, whose row is locked, if none of its batches is open, and have done what waits for that."""
    session.flush()
    is_open = ExportBatch.export_id == relation.id, ExportBatch.status.in_(_OPEN_BATCH)
    if session.scalar(select(func.count()).where(*is_open)):
        return
    relation.status = step(relation.status, RelationState.finished if relation.error is None else RelationState.failed)
    session.flush()
    _go_on(session, portable, relation.offline_export_id)


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


def _go_on(session: Session, portable: Portable, offline_export_id: int) -> None:
    """After a relation has ended: the users once all others of its portable have, the end once all of the export have.

    The parent row is locked before the open ones are counted; without that the last two would each see the other open.
    """
    of_portable = (RelationExport.offline_export_id == offline_export_id, is_of(portable))
    session.scalars(
        select(RelationExport.id).where(*of_portable, RelationExport.relation == SELF_RELATION).with_for_update()
    ).one()
    still_open = dict(
        session.execute(
            select(RelationExport.relation, RelationExport.id).where(
                *of_portable, RelationExport.status.in_(OPEN_RELATION)
            )
        )
        .tuples()
        .all()
    )
    if set(still_open) == {USER_CONTRIBUTIONS_RELATION}:
        queue.defer(session, names.USER_CONTRIBUTIONS, export_id=still_open[USER_CONTRIBUTIONS_RELATION])
    elif not still_open:
        session.get_one(OfflineExport, offline_export_id, with_for_update=True)
        any_open = RelationExport.offline_export_id == offline_export_id, RelationExport.status.in_(OPEN_RELATION)
        if not session.scalar(select(func.count()).where(*any_open)):
            queue.defer(session, names.FINISH, offline_export_id=offline_export_id)


def _end_batch(
    session: Session, task: Task, state: BatchState, *, objects_count: int = 0, error: str | None = None
) -> bool:
    """End the batch of a task, if it has one; false when that was done before."""
    if task.batch_id is None:
        return True
    batch = session.get_one(ExportBatch, task.batch_id, with_for_update=True)
    if batch.status not in _OPEN_BATCH:
        return False
    batch.status = step(step(batch.status, BatchState.started), state)
    batch.objects_count = objects_count
    batch.error = error
    return True


def _keep_object(session: Session, task: Task, written: Written) -> None:
    session.execute(
        insert(ExportObject)
        .values(
            export_id=task.export_id,
            batch_number=task.batch_number,
            key=str(written.key),
            bytes=written.measurement.stored_bytes,
            sha256=written.measurement.sha256,
            content_bytes=written.measurement.content_bytes,
            content_sha256=written.measurement.content_sha256,
            records=dict(written.records),
            read_at=written.read_at,
        )
        .on_conflict_do_nothing()
    )


def _keep_users(session: Session, task: Task, written: Written) -> None:
    """The users are sorted, so that two batches that name the same wait for each other in one order."""
    if not written.users:
        return
    session.execute(
        insert(ExportUser).on_conflict_do_nothing(),
        [
            {
                "offline_export_id": task.offline_export_id,
                "group_id": task.portable.group_id,
                "project_id": task.portable.project_id,
                "user_id": user_id,
            }
            for user_id in written.users
        ],
    )
