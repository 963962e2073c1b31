"""Which jobs an export has: how many run at once, who does each, and what follows when one has ended.

All of it happens under a lock on the row of the export, so that of the last two jobs one sees that the other has ended. Whoever
takes that lock takes it before any other row.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import lock_briefly, locked_briefly, psycopg_connection
from offline_transfer.exporting import names
from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.transfers.models import ExportBatch, ExportJob, OfflineExport, RelationExport
from offline_transfer.transfers.states import (
    OPEN_BATCH,
    OPEN_JOB,
    OPEN_RELATION,
    ExportState,
    JobState,
    step,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about: a row of a relation, or of a batch."""

    export_id: int | None = None
    batch_id: int | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """That a job is the one about it."""
        if self.batch_id is not None:
            return ExportJob.batch_id == self.batch_id
        return ExportJob.export_id == self.export_id


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at a job; contested when an earlier one may live."""

    job_id: int
    attempt: int
    offline_export_id: int
    is_contested: bool


def lock(session: Session, offline_export_id: int) -> OfflineExport:
    """The row of an export, locked to the end of the transaction. Rows that refer to it can be written meanwhile."""
    lock_briefly(session)
    return lock_over_store(session, offline_export_id)


def lock_over_store(session: Session, offline_export_id: int) -> OfflineExport:
    """The same for who changes the store meanwhile: if he stands still, all wait until he goes on or dies. What he would do to the
    store after others went on could not be taken back.
    """
    return session.get_one(
        OfflineExport, offline_export_id, with_for_update={"key_share": True}, populate_existing=True
    )


def claim(session: Session, subject: Subject) -> Claim | None:
    """Begin an attempt at a job, which ends the right of earlier ones; None when there is nothing to do (any more)."""
    current = queue.current()
    row = session.execute(
        update(ExportJob)
        .where(
            subject.condition,
            ExportJob.status == JobState.released,
            exists().where(
                OfflineExport.id == ExportJob.offline_export_id, OfflineExport.status == ExportState.started
            ),
        )
        .values(
            attempts=ExportJob.attempts + 1, jid=None if current is None else str(current.id), updated_at=func.now()
        )
        .returning(
            ExportJob.id,
            ExportJob.attempts,
            ExportJob.offline_export_id,
            ExportJob.attempts - 1 > ExportJob.ended_attempts,
            locked_briefly(),
        )
    ).one_or_none()
    return None if row is None else Claim(*row[:-1])


def add_batches(session: Session, offline_export_id: int, export_id: int, *, name: str) -> None:
    """Have a job for each open batch of a relation; it waits until it is released."""
    open_batches = select(ExportBatch.id, *_constants(offline_export_id, name)).where(
        ExportBatch.export_id == export_id, ExportBatch.status.in_(OPEN_BATCH)
    )
    statement = insert(ExportJob).from_select(
        ["batch_id", "offline_export_id", "name"], open_batches.order_by(ExportBatch.batch_number)
    )
    session.execute(_revived(statement, ExportJob.batch_id.key))


def add_relations(session: Session, offline_export_id: int, condition: ColumnElement[bool], *, name: str) -> None:
    """Have a job for each of these relation exports, in the order in which they were written down."""
    relations = select(RelationExport.id, *_constants(offline_export_id, name)).where(
        RelationExport.offline_export_id == offline_export_id, condition
    )
    statement = insert(ExportJob).from_select(
        ["export_id", "offline_export_id", "name"], relations.order_by(RelationExport.id)
    )
    session.execute(_revived(statement, ExportJob.export_id.key))


# One statement, so that each job is counted once and in the order of its making.
_RELEASE: Final = """
WITH running AS (
    SELECT count(*) AS jobs FROM import_offline_export_jobs WHERE offline_export_id = %(id)s AND status = %(released)s
)
UPDATE import_offline_export_jobs SET status = %(released)s, updated_at = now()
WHERE id IN (
    SELECT id FROM import_offline_export_jobs WHERE offline_export_id = %(id)s AND status = %(waiting)s
    ORDER BY id LIMIT (SELECT greatest(%(limit)s - jobs, 0) FROM running)
)
RETURNING id, name, export_id, batch_id
"""


def release(session: Session, export: OfflineExport) -> None:
    """Give the queue as many of the jobs that wait as may run at once, and the end of the export when none is left.

    The export is locked.
    """
    if export.status is not ExportState.started:
        return
    limit = ApplicationSettings(**application_settings.changed(session)).concurrent_relation_exports
    values = {
        "id": export.id,
        "limit": limit,
        "released": step(JobState.waiting, JobState.released).value,
        "waiting": JobState.waiting.value,
    }
    released = psycopg_connection(session).execute(_RELEASE, values).fetchall()
    for _, name, export_id, batch_id in sorted(released):
        ids = {"export_id": export_id} if batch_id is None else {"batch_id": batch_id}
        queue.defer(session, name, **ids)
    if not released and not has_open_jobs(session, export.id):
        queue.defer(session, names.FINISH, offline_export_id=export.id)


def end(session: Session, claim: Claim, portable: ColumnElement[bool]) -> bool:
    """A job is done: have done what that makes possible. Gives False, and does nothing, when it is another's by now.

    `portable` is the condition that a relation export belongs to the group or project of the job.
    """
    export = lock(session, claim.offline_export_id)
    ended = session.execute(
        update(ExportJob)
        .where(ExportJob.id == claim.job_id, ExportJob.attempts == claim.attempt, ExportJob.status == JobState.released)
        .values(
            status=step(JobState.released, JobState.ended),
            ended_attempts=ExportJob.ended_attempts + 1,
            updated_at=func.now(),
        )
        .returning(ExportJob.id)
    ).one_or_none()
    if ended is None:
        return False
    go_on(session, export, portable)
    return True


def leave(session: Session, claim: Claim) -> None:
    """An attempt ends before its job is done; it will write nothing any more."""
    lock_briefly(session)
    session.execute(
        update(ExportJob).where(ExportJob.id == claim.job_id).values(ended_attempts=ExportJob.ended_attempts + 1)
    )


def go_on(session: Session, export: OfflineExport, portable: ColumnElement[bool]) -> None:
    """After a job has ended: the users of a group or project when all its other relations have ended, and the next jobs."""
    of_portable = RelationExport.offline_export_id == export.id, portable
    still_open = session.scalars(
        select(RelationExport.relation).where(*of_portable, RelationExport.status.in_(OPEN_RELATION))
    ).all()
    if list(still_open) == [USER_CONTRIBUTIONS_RELATION] and not _is_worked_on(session, export.id, portable):
        users = portable & (RelationExport.relation == USER_CONTRIBUTIONS_RELATION)
        add_relations(session, export.id, users, name=names.USER_CONTRIBUTIONS)
    release(session, export)


def has_open_jobs(session: Session, offline_export_id: int) -> bool:
    """Whether a job of an export has not ended."""
    is_open = exists().where(ExportJob.offline_export_id == offline_export_id, ExportJob.status.in_(OPEN_JOB))
    return bool(session.scalar(select(is_open)))


def has_open_job(session: Session, subject: Subject) -> bool:
    """Whether there is a job about this that has not ended."""
    return bool(session.scalar(select(exists().where(subject.condition, ExportJob.status.in_(OPEN_JOB)))))


def wait_again(session: Session, offline_export_id: int) -> None:
    """Let the jobs that were released wait again: whatever the queue knew of them is lost, or will find that it comes too late."""
    session.execute(
        update(ExportJob)
        .where(ExportJob.offline_export_id == offline_export_id, ExportJob.status == JobState.released)
        .values(status=step(JobState.released, JobState.waiting), updated_at=func.now())
    )


def withdraw(session: Session, offline_export_id: int) -> None:
    """End all jobs of an export, whoever does them."""
    session.execute(
        update(ExportJob)
        .where(ExportJob.offline_export_id == offline_export_id, ExportJob.status.in_(OPEN_JOB))
        .values(status=JobState.ended, updated_at=func.now())
    )


def _is_worked_on(session: Session, offline_export_id: int, portable: ColumnElement[bool]) -> bool:
    """Whether the job of the group or project itself has not ended, which then does the users as well."""
    own = select(RelationExport.id).where(
        RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION, portable
    )
    is_open = exists().where(ExportJob.export_id == own.scalar_subquery(), ExportJob.status.in_(OPEN_JOB))
    return bool(session.scalar(select(is_open)))


def _constants(offline_export_id: int, name: str) -> tuple[ColumnElement[int], ColumnElement[str]]:
    return literal(offline_export_id), literal(name)


def _revived(statement: Insert, key: str) -> Insert:
    """A job that was done before and is to be done again keeps its row, and the number of its attempts."""
    return statement.on_conflict_do_update(
        index_elements=[key],
        set_={"status": step(JobState.ended, JobState.waiting), "updated_at": func.now()},
        where=ExportJob.status == JobState.ended,
    )
