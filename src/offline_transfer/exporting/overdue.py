"""What is looked after again and again: work that does not move, exports that nobody works on, credentials that nobody needs."""

from datetime import timedelta
from typing import Final

from sqlalchemy import exists, func, select, update

from offline_transfer.db import Database, lock_briefly
from offline_transfer.exporting import abandoned, ending, schedule
from offline_transfer.transfers.errors import WorkStaleError, WorkStuckError
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import ExportJob, OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import OPEN_EXPORT, ExportState, JobState

STUCK_AFTER: Final = timedelta(hours=6)
STALE_AFTER: Final = timedelta(hours=24)
PURGED_AFTER: Final = timedelta(hours=24)


def fail_stuck(database: Database, *, after: timedelta = STUCK_AFTER) -> int:
    """Fail the relations and batches that were begun and have not moved for so long; gives how many jobs did them."""
    with database.session() as session:
        stuck = session.execute(
            select(ExportJob.export_id, ExportJob.batch_id)
            .join(OfflineExport, OfflineExport.id == ExportJob.offline_export_id)
            .where(
                ExportJob.status == JobState.released,
                ExportJob.attempts > 0,
                ExportJob.updated_at < func.now() - after,
                OfflineExport.status == ExportState.started,
            )
        ).all()
    for export_id, batch_id in stuck:
        failure = Failure.of(WorkStuckError(hours=after / timedelta(hours=1)))
        with database.session() as session:
            if batch_id is not None:
                abandoned.batch_given_up(session, failure, batch_id=batch_id)
            elif export_id is not None:
                abandoned.relation_given_up(session, failure, export_id=export_id)
    return len(stuck)


def time_out_stale(database: Database, *, after: timedelta = STALE_AFTER) -> int:
    """End the exports of which nothing has moved for so long; gives how many there were."""
    limit = func.now() - after
    moved_relation = exists().where(
        RelationExport.offline_export_id == OfflineExport.id, RelationExport.updated_at >= limit
    )
    moved_job = exists().where(ExportJob.offline_export_id == OfflineExport.id, ExportJob.updated_at >= limit)
    stale = select(OfflineExport.id).where(
        OfflineExport.status.in_(OPEN_EXPORT), OfflineExport.updated_at < limit, ~moved_relation, ~moved_job
    )
    with database.session() as session:
        ids = session.scalars(stale).all()
    for offline_export_id in ids:
        with database.session() as session:
            export = schedule.lock(session, offline_export_id)
            ending.time_out(session, export, Failure.of(WorkStaleError(hours=after / timedelta(hours=1))))
    return len(ids)


def purge_credentials(database: Database, *, after: timedelta = PURGED_AFTER) -> int:
    """Forget what opens the places of exports that ended so long ago; gives how many there were."""
    ended = select(OfflineExport.id).where(OfflineExport.ended_at < func.now() - after)
    with database.session() as session:
        lock_briefly(session)
        purged = session.execute(
            update(OfflineConfiguration)
            .where(
                OfflineConfiguration.object_storage_credentials.is_not(None),
                OfflineConfiguration.offline_export_id.in_(ended),
            )
            .values(object_storage_credentials=None, updated_at=func.now())
            .returning(OfflineConfiguration.id)
            .execution_options(synchronize_session=False)
        )
        return len(purged.all())
