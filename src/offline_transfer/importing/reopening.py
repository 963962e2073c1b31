"""Has parts of an import done again: entities, pipelines, batches and records that failed, and those to which it never came.

What is done stays as it is. Of a batch that was imported but for some records, only the lines of these are read again. A nested
record that failed while the record around it was imported stays as it is: it could not be told from those beside it. Where more
records of an object failed than are kept, nobody knows the lines of the others: they stay, too, unless nothing of the object came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from offline_transfer.importing import lost, references_pipeline
from offline_transfer.transfers.accounting import Accounting, Fail, from_json
from offline_transfer.transfers.models import BatchTracker, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import EntityState, TrackerState, step

_UNFINISHED: Final = (TrackerState.failed, TrackerState.canceled, TrackerState.timeout)
_ENTITIES_AT_ONCE: Final = 100


@dataclass(slots=True)
class Reopened:
    """How much is tried again, and how many records that failed are not: nested ones, and those whose lines nobody knows."""

    entities: int = 0
    trackers: int = 0
    batches: int = 0
    records: int = 0
    nested_left: int = 0
    unkept_left: int = 0


def reopen_unfinished(session: Session, bulk_import_id: int) -> Reopened:
    """Open again everything of an import that failed, has failures, or had not ended. The import is locked."""
    reopened = Reopened()
    for entity in _unfinished(session, bulk_import_id):
        _reopen(session, entity, reopened)
    return reopened


def _unfinished(session: Session, bulk_import_id: int) -> Iterator[ImportEntity]:
    is_there = or_(ImportEntity.namespace_id.is_not(None), ImportEntity.project_id.is_not(None))
    has_failures = (ImportEntity.status == EntityState.finished) & ImportEntity.has_failures & is_there
    is_unfinished = ImportEntity.status.in_((EntityState.failed, EntityState.canceled, EntityState.timeout))
    # Its own row may be finished, and its texts not.
    unfinished = exists().where(Tracker.bulk_import_entity_id == ImportEntity.id, Tracker.status.in_(_UNFINISHED))
    of_import = select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id)
    found = of_import.where(or_(is_unfinished, has_failures, unfinished & is_there)).order_by(ImportEntity.id)
    last = 0
    while some := session.scalars(found.where(ImportEntity.id > last).limit(_ENTITIES_AT_ONCE)).all():
        last = some[-1].id
        yield from some


def _reopen(session: Session, entity: ImportEntity, reopened: Reopened) -> None:
    of_entity = Tracker.bulk_import_entity_id == entity.id
    if entity.namespace_id is None and entity.project_id is None:
        # Never made, or deleted since: everything of it is to be done.
        _forget(session, of_entity)
    else:
        damaged = (Tracker.relation == lost.STRANGERS) & (Tracker.status == TrackerState.failed)
        _forget(session, of_entity & ((Tracker.relation == lost.LOST) | damaged))
    for tracker in session.scalars(select(Tracker).where(of_entity).order_by(Tracker.id)).all():
        _reopen_tracker(session, tracker, reopened)
    entity.status = step(entity.status, EntityState.created)
    entity.has_failures = False
    entity.error = None
    reopened.entities += 1
    session.flush()


def _forget(session: Session, condition: ColumnElement[bool]) -> None:
    session.execute(delete(Tracker).where(condition).execution_options(synchronize_session=False))


def _reopen_tracker(session: Session, tracker: Tracker, reopened: Reopened) -> None:
    batches = session.scalars(select(BatchTracker).where(BatchTracker.tracker_id == tracker.id)).all()
    if tracker.relation == references_pipeline.RELATION:
        # It goes on behind the last record that it has seen: what comes now has a higher id.
        for batch in batches:
            if batch.status in (TrackerState.finished, *_UNFINISHED):
                batch.status = step(batch.status, TrackerState.created)
                batch.error = None
        _open(tracker)
        return
    opened = sum([_reopen_batch(session, tracker, batch, reopened) for batch in batches])
    if tracker.status in _UNFINISHED or opened:
        _open(tracker)
        reopened.trackers += 1
        reopened.batches += opened


def _open(tracker: Tracker) -> None:
    if tracker.status in (TrackerState.finished, *_UNFINISHED):
        tracker.status = step(tracker.status, TrackerState.created)
    tracker.error = None


def _reopen_batch(session: Session, tracker: Tracker, batch: BatchTracker, reopened: Reopened) -> bool:
    """Whether there is something to do in a batch."""
    if batch.status in _UNFINISHED:
        batch.status = step(batch.status, TrackerState.created)
        batch.error = None
        if batch.retried_lines is None:
            _forget_failures(session, _failures_of(tracker, batch))
            batch.accounting = {}
        return True
    if batch.status is not TrackerState.finished or not _open_records(session, tracker, batch, reopened):
        return False
    batch.status = step(batch.status, TrackerState.created)
    return True


def _open_records(session: Session, tracker: Tracker, batch: BatchTracker, reopened: Reopened) -> bool:
    """Whether records or files of a batch that has finished are tried again."""
    failures = session.scalars(select(ImportFailure).where(_failures_of(tracker, batch))).all()
    of_first_level = [failure for failure in failures if failure.subrelation == tracker.relation]
    lines = sorted({failure.line_index for failure in of_first_level if failure.line_index is not None})
    count = from_json([batch.accounting]).path(tracker.relation)
    are_files = bool(of_first_level) and not lines
    unkept = 0 if are_files else count.failed - len(lines)
    if are_files or (unkept and not count.imported):
        # Files have no lines, and writing one again changes nothing. Of records none is there that could come twice.
        _forget_failures(session, _failures_of(tracker, batch))
        batch.accounting = {}
        reopened.records += len(of_first_level) + unkept
        return True
    if lines:
        _take_out(session, tracker, batch, [one for one in of_first_level if one.line_index is not None])
        reopened.records += len(lines)
    reopened.unkept_left += unkept
    reopened.nested_left += sum(
        failure.subrelation != tracker.relation and failure.line_index not in lines for failure in failures
    )
    return bool(lines)


def _take_out(session: Session, tracker: Tracker, batch: BatchTracker, failures: Sequence[ImportFailure]) -> None:
    """The lines of these records are counted anew."""
    accounting = from_json([batch.accounting])
    lines = {failure.line_index: _counted(tracker, failure) for failure in failures}
    for counted in lines.values():
        accounting.subtract(counted)
    batch.accounting = accounting.to_json()
    batch.retried_lines = {
        str(line): {path: count.source for path, count in counted.paths.items() if path != tracker.relation}
        for line, counted in lines.items()
    }
    _forget_failures(session, _failures_of(tracker, batch) & ImportFailure.line_index.in_(lines))


def _counted(tracker: Tracker, failure: ImportFailure) -> Accounting:
    if failure.accounting is not None:
        return from_json([failure.accounting])
    accounting = Accounting()
    accounting.failed(tracker.relation, Fail(failure.exception_class))
    return accounting


def _failures_of(tracker: Tracker, batch: BatchTracker) -> ColumnElement[bool]:
    return (ImportFailure.tracker_id == tracker.id) & (ImportFailure.batch_number == batch.batch_number)


def _forget_failures(session: Session, condition: ColumnElement[bool]) -> None:
    session.execute(delete(ImportFailure).where(condition).execution_options(synchronize_session=False))
