"""What becomes of an import when a job of it was given up: the queue says so in the transaction in which it does."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from offline_transfer.db import psycopg_connection
from offline_transfer.importing import children, ending, failing, references_pipeline, schedule, tally, trackers
from offline_transfer.importing.schedule import Subject
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.ledger import PipelineStep
from offline_transfer.transfers.models import (
    BatchTracker,
    BulkImport,
    ImportEntity,
    ImportJob,
    Tracker,
)
from offline_transfer.transfers.states import (
    OPEN_ENTITY,
    OPEN_IMPORT,
    OPEN_JOB,
    OPEN_TRACKER,
    JobState,
)


def import_given_up(session: Session, failure: Failure, *, bulk_import_id: int) -> None:
    """Nobody will start or end this import."""
    if session.get(BulkImport, bulk_import_id) is not None:
        ending.fail(session, schedule.lock(session, bulk_import_id), failure.message)


def entity_given_up(session: Session, failure: Failure, *, entity_id: int) -> None:
    """Nobody will import this entity. Its job is done once more, to account for what was in it."""
    entity = session.get(ImportEntity, entity_id)
    if entity is None:
        return
    bulk_import = schedule.lock(session, entity.bulk_import_id)
    if bulk_import.status not in OPEN_IMPORT or not _end_job(session, Subject(entity_id=entity_id), failure):
        return
    session.refresh(entity)
    if entity.status in OPEN_ENTITY:
        children.fail(entity, failure.message)
        session.flush()
        schedule.withdraw_parts(session, bulk_import.id, entity_id)
        schedule.add_entities(session, bulk_import.id, [entity_id])
    schedule.release(session, bulk_import)


def pipeline_given_up(session: Session, failure: Failure, *, tracker_id: int) -> None:
    """Nobody will do this pipeline: what is open of its batches has failed."""
    tracker = session.get(Tracker, tracker_id)
    if tracker is not None:
        of_tracker = select(BatchTracker).where(BatchTracker.tracker_id == tracker_id)
        _give_up(session, tracker, session.scalars(of_tracker).all(), Subject(tracker_id=tracker_id), failure)


def batch_given_up(session: Session, failure: Failure, *, batch_id: int) -> None:
    """Nobody will do this batch."""
    batch = session.get(BatchTracker, batch_id)
    if batch is not None:
        tracker = session.get_one(Tracker, batch.tracker_id)
        _give_up(session, tracker, [batch], Subject(batch_id=batch_id), failure)


def texts_given_up(session: Session, failure: Failure, *, tracker_id: int) -> None:
    """Nobody will rewrite the texts of this entity: what was not done of them stays as it is."""
    tracker = session.get(Tracker, tracker_id)
    if tracker is None:
        return
    entity = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
    bulk_import = schedule.lock(session, entity.bulk_import_id)
    if bulk_import.status not in OPEN_IMPORT or not _end_job(session, Subject(tracker_id=tracker_id), failure):
        return
    references_pipeline.fail(session, tracker, failure.message)
    # The entity has ended before.
    entity.has_failures = True
    session.flush()
    schedule.release(session, bulk_import)


def fail_batch(session: Session, tracker: Tracker, batch: BatchTracker, failure: Failure) -> None:
    """Fail an open batch, with all records that its source announced. Where only some were tried again, these alone fail."""
    session.refresh(batch)
    if batch.status not in OPEN_TRACKER:
        return
    own = tally.Failure(tracker.relation, None, Fail.GIVEN_UP, failure.message, None, PipelineStep.EXTRACTOR)
    # Whoever had the job has it no more, which is why no claim is asked for.
    reference = trackers.reference(tracker.bulk_import_entity_id, tracker.relation, batch, None)
    connection = psycopg_connection(session)
    expected = failing.Expected(batch.expected or 1, batch.expected_nested)
    failing.fail_batch(connection, reference, own, expected=expected, error=failure.message)
    session.expire(batch)


def _give_up(
    session: Session, tracker: Tracker, batches: Iterable[BatchTracker], subject: Subject, failure: Failure
) -> None:
    entity = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
    bulk_import = schedule.lock(session, entity.bulk_import_id)
    if bulk_import.status not in OPEN_IMPORT or not _end_job(session, subject, failure):
        return
    for batch in batches:
        fail_batch(session, tracker, batch, failure)
    session.flush()
    trackers.end(session, tracker.id)
    schedule.go_on(session, bulk_import, entity.id)


def _end_job(session: Session, subject: Subject, failure: Failure) -> bool:
    """End a job with the reason; False when it has ended already."""
    ended = session.execute(
        update(ImportJob)
        .where(subject.condition, ImportJob.status.in_(OPEN_JOB))
        .values(status=JobState.ended, error=failure.message)
        .returning(ImportJob.id)
    )
    return ended.one_or_none() is not None
