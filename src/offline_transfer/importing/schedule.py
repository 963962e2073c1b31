"""Which jobs an import has: how many run at once, who does each, and what follows when one has ended.

All of it happens under a lock on the row of the import, so that of the last two jobs one sees that the other has ended. Whoever
takes that lock takes it before any other row; jobs come next, then entities, trackers and batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import lock_briefly, locked_briefly, psycopg_connection
from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.importing import names
from offline_transfer.transfers.ledger import Claim
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportJob, Tracker
from offline_transfer.transfers.states import OPEN_ENTITY, OPEN_JOB, OPEN_TRACKER, ImportState, JobState, step


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about: an entity, a pipeline of one, or one batch of a pipeline."""

    entity_id: int | None = None
    tracker_id: int | None = None
    batch_id: int | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """That a job is the one about it."""
        if self.batch_id is not None:
            return ImportJob.batch_tracker_id == self.batch_id
        if self.tracker_id is not None:
            return ImportJob.tracker_id == self.tracker_id
        return ImportJob.entity_id == self.entity_id


def lock(session: Session, bulk_import_id: int) -> BulkImport:
    """The row of an import, locked to the end of the transaction. Rows that refer to it can be written meanwhile."""
    lock_briefly(session)
    return session.get_one(BulkImport, bulk_import_id, with_for_update={"key_share": True}, populate_existing=True)


def claim(session: Session, subject: Subject) -> Claim | None:
    """Begin an attempt at a job, which ends the right of earlier ones; None when there is nothing to do (any more)."""
    current = queue.current()
    is_started = exists().where(BulkImport.id == ImportJob.bulk_import_id, BulkImport.status == ImportState.started)
    row = session.execute(
        update(ImportJob)
        .where(subject.condition, ImportJob.status == JobState.released, is_started)
        .values(
            attempts=ImportJob.attempts + 1, jid=None if current is None else str(current.id), updated_at=func.now()
        )
        .returning(
            ImportJob.id,
            ImportJob.attempts,
            ImportJob.bulk_import_id,
            ImportJob.attempts - 1 > ImportJob.ended_attempts,
            locked_briefly(),
        )
    ).one_or_none()
    return None if row is None else Claim(*row[:-1])


def add_entities(session: Session, bulk_import_id: int, entity_ids: Sequence[int]) -> None:
    """Have a job for each of these entities, in the order of their rows; it waits until it is released."""
    found = select(ImportEntity.id, literal(bulk_import_id), literal(names.ENTITY))
    _add(session, ImportJob.entity_id.key, found.where(ImportEntity.id.in_(entity_ids)).order_by(ImportEntity.id))


def add_pipelines(session: Session, bulk_import_id: int, tracker_ids: Sequence[int], *, name: str) -> None:
    """Have a job for each of these pipelines as a whole."""
    found = select(Tracker.id, literal(bulk_import_id), literal(name)).where(Tracker.id.in_(tracker_ids))
    _add(session, ImportJob.tracker_id.key, found.order_by(Tracker.id))


def add_batches(session: Session, bulk_import_id: int, tracker_id: int, *, name: str) -> None:
    """Have a job for each open batch of a pipeline."""
    found = (
        select(BatchTracker.id, literal(bulk_import_id), literal(name))
        .where(BatchTracker.tracker_id == tracker_id, BatchTracker.status.in_(OPEN_TRACKER))
        .order_by(BatchTracker.batch_number)
    )
    _add(session, ImportJob.batch_tracker_id.key, found)


def _add(session: Session, key: str, found: Select[int, int, str]) -> None:
    """A job that was done before and is to be done again keeps its row, and the number of its attempts."""
    statement = insert(ImportJob).from_select([key, "bulk_import_id", "name"], found)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={"status": step(JobState.ended, JobState.waiting), "error": None, "updated_at": func.now()},
            where=ImportJob.status == JobState.ended,
        )
    )


# One statement, so that each job is counted once and in the order of its making. Entities have a limit of their own: while one
# waits for its pipelines, another can be begun.
_RELEASE: Final = """
WITH running AS (
    SELECT count(*) FILTER (WHERE entity_id IS NOT NULL) AS entities, count(*) FILTER (WHERE entity_id IS NULL) AS others
    FROM bulk_import_jobs WHERE bulk_import_id = %(id)s AND status = %(released)s
), next AS (
    (SELECT id FROM bulk_import_jobs WHERE bulk_import_id = %(id)s AND status = %(waiting)s AND entity_id IS NOT NULL
    ORDER BY id LIMIT (SELECT greatest(0, %(entities)s - entities) FROM running))
    UNION ALL
    (SELECT id FROM bulk_import_jobs WHERE bulk_import_id = %(id)s AND status = %(waiting)s AND entity_id IS NULL
    ORDER BY id LIMIT (SELECT greatest(0, %(others)s - others) FROM running))
)
UPDATE bulk_import_jobs SET status = %(released)s, updated_at = now() WHERE id IN (SELECT id FROM next)
RETURNING id, name, entity_id, tracker_id, batch_tracker_id
"""


def release(session: Session, bulk_import: BulkImport) -> None:
    """Give the queue as many of the jobs that wait as may run at once, and the end of the import when none is left.

    The import is locked.
    """
    if bulk_import.status is not ImportState.started:
        return
    said = ApplicationSettings(**application_settings.changed(session))
    values = {
        "id": bulk_import.id,
        "entities": said.bulk_import_concurrent_entities,
        "others": said.bulk_import_concurrent_pipeline_batch_limit,
        "released": step(JobState.waiting, JobState.released).value,
        "waiting": JobState.waiting.value,
    }
    released = psycopg_connection(session).execute(_RELEASE, values).fetchall()
    for _, name, entity_id, tracker_id, batch_id in sorted(released, key=lambda row: int(row[0])):
        if entity_id is not None:
            queue.defer(session, name, entity_id=entity_id)
        elif tracker_id is not None:
            queue.defer(session, name, tracker_id=tracker_id)
        else:
            queue.defer(session, name, batch_id=batch_id)
    if not released and not has_open_jobs(session, bulk_import.id):
        queue.defer(session, names.FINISH, bulk_import_id=bulk_import.id)


def end(session: Session, claim: Claim) -> bool:
    """Mark a job as done. Gives False, and does nothing, when it is another's by now. The import is locked."""
    ended = session.execute(
        update(ImportJob)
        .where(ImportJob.id == claim.job_id, ImportJob.attempts == claim.attempt, ImportJob.status == JobState.released)
        .values(
            status=step(JobState.released, JobState.ended),
            ended_attempts=ImportJob.ended_attempts + 1,
            updated_at=func.now(),
        )
        .returning(ImportJob.id)
    ).one_or_none()
    return ended is not None


def leave(session: Session, claim: Claim) -> None:
    """An attempt ends before its job is done; it will write nothing any more."""
    lock_briefly(session)
    session.execute(
        update(ImportJob).where(ImportJob.id == claim.job_id).values(ended_attempts=ImportJob.ended_attempts + 1)
    )


def go_on(session: Session, bulk_import: BulkImport, entity_id: int) -> None:
    """After a pipeline or batch has ended: the entity that waited for the last of them, and the next jobs."""
    waits = exists().where(
        ImportJob.entity_id == entity_id,
        ImportJob.status == JobState.ended,
        ImportEntity.id == ImportJob.entity_id,
        ImportEntity.status.in_(OPEN_ENTITY),
    )
    if session.scalar(select(waits)) and not has_open_parts(session, bulk_import.id, entity_id):
        add_entities(session, bulk_import.id, [entity_id])
    release(session, bulk_import)


def has_open_parts(session: Session, bulk_import_id: int, entity_id: int) -> bool:
    """Whether a pipeline or batch of an entity has a job that has not ended."""
    return bool(session.scalar(select(exists().where(*_open_parts(bulk_import_id, entity_id)))))


def withdraw_parts(session: Session, bulk_import_id: int, entity_id: int) -> None:
    """End the jobs of the pipelines and batches of an entity, whoever does them."""
    session.execute(
        update(ImportJob)
        .where(*_open_parts(bulk_import_id, entity_id))
        .values(status=JobState.ended, updated_at=func.now())
        .execution_options(synchronize_session=False)
    )


def _open_parts(bulk_import_id: int, entity_id: int) -> tuple[ColumnElement[bool], ...]:
    trackers = select(Tracker.id).where(Tracker.bulk_import_entity_id == entity_id)
    batches = select(BatchTracker.id).where(BatchTracker.tracker_id.in_(trackers))
    of_entity = or_(ImportJob.tracker_id.in_(trackers), ImportJob.batch_tracker_id.in_(batches))
    return ImportJob.bulk_import_id == bulk_import_id, ImportJob.status.in_(OPEN_JOB), of_entity


def has_open_jobs(session: Session, bulk_import_id: int) -> bool:
    """Whether a job of an import has not ended."""
    is_open = exists().where(ImportJob.bulk_import_id == bulk_import_id, ImportJob.status.in_(OPEN_JOB))
    return bool(session.scalar(select(is_open)))


def wait_again(session: Session, bulk_import_id: int) -> None:
    """Let the jobs that were released wait again: whatever the queue knew of them is lost, or will find that it comes too late."""
    session.execute(
        update(ImportJob)
        .where(ImportJob.bulk_import_id == bulk_import_id, ImportJob.status == JobState.released)
        .values(status=step(JobState.released, JobState.waiting), updated_at=func.now())
    )


def withdraw(session: Session, bulk_import_id: int) -> None:
    """End all jobs of an import, whoever does them."""
    session.execute(
        update(ImportJob)
        .where(ImportJob.bulk_import_id == bulk_import_id, ImportJob.status.in_(OPEN_JOB))
        .values(status=JobState.ended, updated_at=func.now())
    )
