"""Writes down what came of an object, and has done next what that makes possible."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeVar

import psycopg
from sqlalchemy import Executable, case, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import cast

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting import names
from offline_transfer.exporting.portables import Portable, is_of
from offline_transfer.exporting.tasks import Gap, Task, Written
from offline_transfer.transfers.models import (
    ERROR_CHARACTERS,
    ExportBatch,
    ExportObject,
    OfflineExport,
    RelationExport,
)
from offline_transfer.transfers.states import BatchState, RelationState, TransitionRefusedError, step

S = TypeVar("S", bound=IntEnum)

KNOWN_FAILURES = (OfflineTransferError, DBAPIError, psycopg.Error, OSError)
"""What fails a relation and lets the others go on. Anything else is a mistake in this program and ends the job."""


def _open_states(started: S, ended: S) -> tuple[S, ...]:
    """The states from which work may be started and then ended."""

    def leads(state: S) -> bool:
        try:
            step(step(state, started), ended)
        except TransitionRefusedError:
            return False
        return True

    return tuple(state for state in type(started) if leads(state))


OPEN_RELATION: Final = _open_states(RelationState.started, RelationState.finished)
OPEN_BATCH: Final = _open_states(BatchState.started, BatchState.finished)


def finish(session: Session, task: Task, written: Written) -> bool:
    """The object of a task is whole: keep its line of the manifest and the users that it names.

    Gives whether its relation has ended with it. Does nothing when the task was ended before: the same job may run twice.
    """
    if not _end_batch(session, task, BatchState.finished, objects_count=written.records[task.relation]):
        return False
    if not _note(session, task, gaps=written.gaps, found=written.records[task.relation] + len(written.gaps)):
        return False
    _keep_object(session, task, written)
    _keep_users(session, task, written)
    return _end_relation(session, task)


def fail(session: Session, task: Task, error: Exception) -> bool:
    """The object of a task could not be written; the other batches of its relation go on. Gives what `finish` gives."""
    message = message_of(error)
    if not _end_batch(session, task, BatchState.failed, error=message):
        return False
    if not _note(session, task, error=message):
        return False
    return _end_relation(session, task)


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


def _end_batch(
    session: Session, task: Task, state: BatchState, *, objects_count: int = 0, error: str | None = None
) -> bool:
    """End the batch of a task, if it has one; false when that was done before."""
    if task.batch_id is None:
        return True
    ended = (
        update(ExportBatch)
        .where(ExportBatch.id == task.batch_id, ExportBatch.status.in_(OPEN_BATCH))
        .values(status=step(BatchState.started, state), objects_count=objects_count, error=error)
    )
    return _changed(session, ended.returning(ExportBatch.id))


def _note(
    session: Session, task: Task, *, gaps: Sequence[Gap] = (), found: int | None = None, error: str | None = None
) -> bool:
    """Add to the row of the relation, which is locked from then on; false when the relation has ended."""
    values: dict[str, object] = {"error": func.coalesce(RelationExport.error, error)} if error else {}
    if gaps:
        added = [{"name": gap.name, "reason": gap.reason} for gap in gaps]
        values["gaps"] = RelationExport.gaps.op("||")(cast(added, JSONB))
    if found is not None and task.batch_id is None:
        values["total_objects_count"] = found
    noted = (
        update(RelationExport)
        .where(RelationExport.id == task.export_id, RelationExport.status.in_(OPEN_RELATION))
        .values({"updated_at": func.now()} | values)
    )
    return _changed(session, noted.returning(RelationExport.id))


def _end_relation(session: Session, task: Task) -> bool:
    """End the relation of a task, whose row is locked, if none of its batches is open."""
    if task.is_one_of_many:
        is_open = ExportBatch.export_id == task.export_id, ExportBatch.status.in_(OPEN_BATCH)
        if session.scalar(select(func.count()).where(*is_open)):
            return False
    finished, failed = (step(RelationState.started, state) for state in (RelationState.finished, RelationState.failed))
    ended = (
        update(RelationExport)
        .where(RelationExport.id == task.export_id)
        .values(status=case((RelationExport.error.is_(None), finished), else_=failed))
    )
    session.execute(ended)
    return True


def _changed(session: Session, statement: Executable) -> bool:
    """Run an update that returns what it changed."""
    return session.execute(statement, execution_options={"synchronize_session": False}).first() is not None


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
    """Users come sorted, so that two batches that name the same wait for each other in one order."""
    if not written.users:
        return
    psycopg_connection(session).execute(
        "INSERT INTO import_offline_export_users (offline_export_id, group_id, project_id, user_id)"
        " SELECT %s, %s::bigint, %s::bigint, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
        [task.offline_export_id, task.portable.group_id, task.portable.project_id, list(written.users)],
    )
