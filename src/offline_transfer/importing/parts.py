"""The pipelines and batches of an entity that have jobs of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy.orm import Session

from offline_transfer.db import psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.importing import abandoned, advance, making, references_pipeline, schedule, stages, trackers, work
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.errors import ObjectGoneError, PipelineAbortedError
from offline_transfer.importing.pipeline import PipelineWork
from offline_transfer.importing.schedule import Subject
from offline_transfer.importing.stages import Stage
from offline_transfer.importing.trackers import TrackedPipeline
from offline_transfer.importing.work import Attempt
from offline_transfer.transfers import ledger
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import BatchTracker, ImportEntity, Tracker
from offline_transfer.transfers.states import OPEN_TRACKER, TrackerState, step


def import_pipeline(context: ImportContext, tracker_id: int) -> None:
    """Import the objects of one pipeline in order. May run again: objects that are done stay as they are."""
    with work.claimed(context, Subject(tracker_id=tracker_id)) as attempt:
        if attempt is None:
            return
        with context.database.session() as session:
            tracker = session.get_one(Tracker, tracker_id)
            entity = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
        try:
            with _opened(attempt, entity) as shared:
                pipeline = TrackedPipeline(entity.id, tracker.id, _stage(shared, tracker), tracker.status)
                advance.run_pipeline(attempt, shared, pipeline)
        except OfflineTransferError as error:
            if work.goes_up(context, error):
                raise
            with context.database.session() as session:
                _lock(session, attempt)
                abandoned.pipeline_given_up(session, Failure.of(error), tracker_id=tracker_id)
            return
        _end(attempt, entity.id, tracker_id)


def import_batch(context: ImportContext, batch_id: int) -> None:
    """Import one object of a pipeline."""
    with work.claimed(context, Subject(batch_id=batch_id)) as attempt:
        if attempt is None:
            return
        batch, tracker, entity = _begin_batch(attempt, batch_id)
        try:
            with _opened(attempt, entity) as shared:
                _run(attempt, shared, tracker, batch)
        except OfflineTransferError as error:
            if work.goes_up(context, error):
                raise
            with context.database.session() as session:
                _lock(session, attempt)
                abandoned.batch_given_up(session, Failure.of(error), batch_id=batch_id)
            return
        _end(attempt, entity.id, tracker.id)


def transform_references(context: ImportContext, tracker_id: int) -> None:
    """Have the texts of an entity say where things are now."""
    with work.claimed(context, Subject(tracker_id=tracker_id)) as attempt:
        if attempt is None:
            return
        references_pipeline.rewrite(context, tracker_id, partial(ledger.hold, claim=attempt.claim))
        with context.database.session() as session:
            bulk_import = schedule.lock(session, attempt.bulk_import_id)
            ledger.hold(psycopg_connection(session), attempt.claim)
            schedule.end(session, attempt.claim)
            schedule.release(session, bulk_import)


def _begin_batch(attempt: Attempt, batch_id: int) -> tuple[BatchTracker, Tracker, ImportEntity]:
    with attempt.context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        batch = session.get_one(BatchTracker, batch_id)
        if batch.status in OPEN_TRACKER:
            batch.status = step(batch.status, TrackerState.started)
        tracker = session.get_one(Tracker, batch.tracker_id)
        return batch, tracker, session.get_one(ImportEntity, tracker.bulk_import_entity_id)


@contextmanager
def _opened(attempt: Attempt, entity: ImportEntity) -> Iterator[PipelineWork]:
    context = attempt.context
    with context.open_source(context, attempt.bulk_import_id) as source, source.entity(entity) as found:
        yield making.work_on(attempt, entity, found)


def _stage(shared: PipelineWork, tracker: Tracker) -> Stage:
    return Stage(tracker.stage, stages.pipeline(shared.source.kind, tracker.relation))


def _run(attempt: Attempt, shared: PipelineWork, tracker: Tracker, batch: BatchTracker) -> None:
    """Raises ObjectGoneError."""
    objects = {found.number: found for found in shared.source.objects(tracker.relation) or ()}
    found = objects.get(batch.batch_number)
    if found is None:
        raise ObjectGoneError(number=batch.batch_number, relation=tracker.relation, path=shared.source.full_path)
    reference = trackers.reference(shared.entity.id, tracker.relation, batch, attempt.claim)
    try:
        advance.run_batch(attempt, shared, reference, found, batch.first_index)
    except PipelineAbortedError:
        # The batch has failed. What that means for its entity is seen when the stage has ended.
        return


def _lock(session: Session, attempt: Attempt) -> None:
    schedule.lock(session, attempt.bulk_import_id)
    ledger.hold(psycopg_connection(session), attempt.claim)


def _end(attempt: Attempt, entity_id: int, tracker_id: int) -> None:
    with attempt.context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        schedule.end(session, attempt.claim)
        trackers.end(session, tracker_id)
        schedule.go_on(session, bulk_import, entity_id)
