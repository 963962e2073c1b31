"""What is looked after again and again: batches that do not move, and imports that nobody works on."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.importing import abandoned, ending, names, schedule, trackers
from offline_transfer.transfers.errors import WorkStaleError, WorkStuckError
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportJob, Tracker
from offline_transfer.transfers.states import OPEN_IMPORT, OPEN_TRACKER, ImportState, JobState

STALE_BATCH_AFTER: Final = timedelta(hours=4)
STALE_IMPORT_AFTER: Final = timedelta(hours=24)


def find_stale_batches(database: Database, *, after: timedelta = STALE_BATCH_AFTER) -> int:
    """Have the pipelines ended of which a batch was begun and has not moved for so long; gives how many there are."""
    with database.session() as session:
        stale = session.scalars(
            select(Tracker.id)
            .join(BatchTracker, BatchTracker.tracker_id == Tracker.id)
            .join(ImportJob, or_(ImportJob.batch_tracker_id == BatchTracker.id, ImportJob.tracker_id == Tracker.id))
            .join(BulkImport, BulkImport.id == ImportJob.bulk_import_id)
            .where(
                BulkImport.status == ImportState.started,
                BatchTracker.status.in_(OPEN_TRACKER),
                _is_stale(after),
            )
            .distinct()
        ).all()
        for tracker_id in stale:
            queue.defer(session, names.FINISH_BATCHED_PIPELINE, tracker_id=tracker_id)
    return len(stale)


def finish_batched_pipeline(database: Database, tracker_id: int, *, after: timedelta = STALE_BATCH_AFTER) -> None:
    """Fail the batches of a pipeline that do not move, and end it when none of the others is open."""
    failure = Failure.of(WorkStuckError(hours=after / timedelta(hours=1)))
    with database.session() as session:
        tracker = session.get(Tracker, tracker_id)
        if tracker is None:
            return
        entity = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
        bulk_import = schedule.lock(session, entity.bulk_import_id)
        if bulk_import.status is not ImportState.started:
            return
        for job in _stale_jobs(session, tracker_id, after):
            if job.batch_tracker_id is not None:
                abandoned.batch_given_up(session, failure, batch_id=job.batch_tracker_id)
            else:
                abandoned.pipeline_given_up(session, failure, tracker_id=tracker_id)
        trackers.end(session, tracker_id)


def time_out_stale(database: Database, *, after: timedelta = STALE_IMPORT_AFTER) -> int:
    """End the imports of which nothing has moved for so long, as StaleImportWorker does; gives how many there were."""
    limit = func.now() - after
    moved = [
        exists().where(ImportJob.bulk_import_id == BulkImport.id, ImportJob.updated_at >= limit),
        exists().where(ImportEntity.bulk_import_id == BulkImport.id, ImportEntity.updated_at >= limit),
    ]
    stale = select(BulkImport.id).where(
        BulkImport.status.in_(OPEN_IMPORT), BulkImport.updated_at < limit, *(~moving for moving in moved)
    )
    with database.session() as session:
        ids = session.scalars(stale).all()
    for bulk_import_id in ids:
        with database.session() as session:
            bulk_import = schedule.lock(session, bulk_import_id)
            ending.time_out(session, bulk_import, WorkStaleError(hours=after / timedelta(hours=1)).message)
    return len(ids)


def _stale_jobs(session: Session, tracker_id: int, after: timedelta) -> list[ImportJob]:
    batches = select(BatchTracker.id).where(BatchTracker.tracker_id == tracker_id)
    of_tracker = or_(ImportJob.tracker_id == tracker_id, ImportJob.batch_tracker_id.in_(batches))
    return list(session.scalars(select(ImportJob).where(of_tracker, _is_stale(after))))


def _is_stale(after: timedelta) -> ColumnElement[bool]:
    """That a job was begun, and has neither ended nor moved: work that goes on says so every minute."""
    was_begun = (ImportJob.status == JobState.released) & (ImportJob.attempts > 0)
    return was_begun & (ImportJob.updated_at < func.now() - after)
