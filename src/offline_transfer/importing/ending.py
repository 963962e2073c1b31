"""How an import ends, and what follows from it. The row of the import is locked."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.importing import names, schedule
from offline_transfer.transfers.failures import ERROR_CHARACTERS
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, Tracker
from offline_transfer.transfers.states import (
    OPEN_ENTITY,
    OPEN_IMPORT,
    OPEN_TRACKER,
    EntityState,
    ImportState,
    TrackerState,
    step,
)


def finish(session: Session, bulk_import: BulkImport) -> None:
    """None of its entities is open. It failed only when every entity did."""
    of_import = ImportEntity.bulk_import_id == bulk_import.id
    ends = session.execute(select(ImportEntity.status, ImportEntity.has_failures).where(of_import)).all()
    bulk_import.has_failures = any(has_failures for _, has_failures in ends)
    all_failed = bool(ends) and all(status is EntityState.failed for status, _ in ends)
    _end(session, bulk_import, ImportState.failed if all_failed else ImportState.finished)


def fail(session: Session, bulk_import: BulkImport, reason: str) -> None:
    """Nobody will go on with it. An import that has ended stays as it is."""
    _break_off(session, bulk_import, "failed", reason)


def time_out(session: Session, bulk_import: BulkImport, reason: str) -> None:
    """Nobody works on it any more. An import that has ended stays as it is."""
    _break_off(session, bulk_import, "timeout", reason)


def cancel(session: Session, bulk_import: BulkImport) -> None:
    """Somebody does not want it any more. What it has made stays."""
    _break_off(session, bulk_import, "canceled", None)


def _break_off(session: Session, bulk_import: BulkImport, state: str, reason: str | None) -> None:
    """End an import before its end: with everything in it that is open."""
    if bulk_import.status not in OPEN_IMPORT:
        return
    bulk_import.error = None if reason is None else reason[:ERROR_CHARACTERS]
    bulk_import.has_failures = True
    _end(session, bulk_import, ImportState[state])
    entities = select(ImportEntity.id).where(ImportEntity.bulk_import_id == bulk_import.id)
    trackers = select(Tracker.id).where(Tracker.bulk_import_entity_id.in_(entities))
    error = {"error": bulk_import.error, "updated_at": func.now()}
    of_entity = {"status": step(EntityState.started, EntityState[state]), "has_failures": True, **error}
    of_tracker = {"status": step(TrackerState.started, TrackerState[state]), **error}
    for statement in (
        update(ImportEntity)
        .where(ImportEntity.bulk_import_id == bulk_import.id, ImportEntity.status.in_(OPEN_ENTITY))
        .values(of_entity),
        update(Tracker)
        .where(Tracker.bulk_import_entity_id.in_(entities), Tracker.status.in_(OPEN_TRACKER))
        .values(of_tracker),
        update(BatchTracker)
        .where(BatchTracker.tracker_id.in_(trackers), BatchTracker.status.in_(OPEN_TRACKER))
        .values(of_tracker),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _end(session: Session, bulk_import: BulkImport, status: ImportState) -> None:
    bulk_import.status = step(bulk_import.status, status)
    bulk_import.ended_at = func.now()
    session.flush()
    schedule.withdraw(session, bulk_import.id)
    if bulk_import.user_id is not None and status is not ImportState.canceled:
        queue.defer(session, names.MAIL, bulk_import_id=bulk_import.id)
