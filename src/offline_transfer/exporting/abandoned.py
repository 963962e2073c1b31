"""What becomes of an export when a job of it was given up: the queue says so in the transaction in which it does."""

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION
from offline_transfer.exporting import ending, schedule
from offline_transfer.exporting.outcomes import end_relation
from offline_transfer.exporting.portables import as_portable, is_of
from offline_transfer.exporting.schedule import Subject
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import ExportBatch, ExportJob, OfflineExport, RelationExport
from offline_transfer.transfers.states import (
    OPEN_BATCH,
    OPEN_EXPORT,
    OPEN_JOB,
    OPEN_RELATION,
    BatchState,
    JobState,
    RelationState,
    step,
)


def export_given_up(session: Session, failure: Failure, *, offline_export_id: int) -> None:
    """Nobody will start or end this export."""
    if session.get(OfflineExport, offline_export_id) is not None:
        ending.fail(session, schedule.lock(session, offline_export_id), failure)


def relation_given_up(session: Session, failure: Failure, *, export_id: int) -> None:
    """Nobody will do the job of this `self` relation, which is a group or project, or of these users."""
    row = session.get(RelationExport, export_id)
    if row is None:
        return
    export = schedule.lock(session, row.offline_export_id)
    if export.status not in OPEN_EXPORT or not _end_job(session, Subject(export_id=export_id), failure):
        return
    portable = is_of(as_portable("", row.group_id, row.project_id))
    open_here = select(RelationExport).where(
        RelationExport.offline_export_id == export.id,
        portable,
        RelationExport.status.in_(OPEN_RELATION),
        # Its large relations have jobs of their own.
        RelationExport.batches_count <= 1,
    )
    for relation in session.scalars(open_here).all():
        # The users wait for those that have jobs of their own.
        is_waiting = relation.relation == USER_CONTRIBUTIONS_RELATION and relation.status is RelationState.pending
        if relation.id == export_id or not is_waiting:
            fail_relation(session, relation, failure)
    session.flush()
    schedule.go_on(session, export, portable)


def batch_given_up(session: Session, failure: Failure, *, batch_id: int) -> None:
    """Nobody will do this batch."""
    batch = session.get(ExportBatch, batch_id)
    if batch is None:
        return
    row = session.get_one(RelationExport, batch.export_id)
    export = schedule.lock(session, row.offline_export_id)
    if export.status not in OPEN_EXPORT or not _end_job(session, Subject(batch_id=batch_id), failure):
        return
    relation = session.get_one(RelationExport, row.id, with_for_update=True, populate_existing=True)
    _fail_batches(session, ExportBatch.id == batch_id, failure)
    if relation.status in OPEN_RELATION:
        relation.failure = relation.failure or failure
        session.flush()
        end_relation(session, relation.id)
        session.flush()
    schedule.go_on(session, export, is_of(as_portable("", row.group_id, row.project_id)))


def fail_relation(session: Session, relation: RelationExport, failure: Failure) -> None:
    """A relation is not exported any more, nor what is open of its batches."""
    relation.failure = relation.failure or failure
    relation.status = step(relation.status, RelationState.failed)
    _fail_batches(session, ExportBatch.export_id == relation.id, failure)


def _fail_batches(session: Session, condition: ColumnElement[bool], failure: Failure) -> None:
    session.execute(
        update(ExportBatch)
        .where(condition, ExportBatch.status.in_(OPEN_BATCH))
        .values(status=step(BatchState.started, BatchState.failed), **failure.columns())
    )


def _end_job(session: Session, subject: Subject, failure: Failure) -> bool:
    """End a job with the reason; False when it has ended already."""
    ended = session.execute(
        update(ExportJob)
        .where(subject.condition, ExportJob.status.in_(OPEN_JOB))
        .values(status=JobState.ended, error=failure.message)
        .returning(ExportJob.id)
    )
    return ended.one_or_none() is not None
