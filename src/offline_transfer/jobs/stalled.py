"""Finds the jobs of workers that are dead, or silent for too long, and gives them to others.

Procrastinate leaves such jobs as if they were being done. Whoever lives looks for them, at its start and from time to time.
"""

import logging
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer import logs
from offline_transfer.db import Database, lock_briefly
from offline_transfer.jobs import heartbeats, outcomes
from offline_transfer.jobs.errors import WorkerDiedError
from offline_transfer.jobs.outcomes import FailureKind, HeldJob

DEATHS: Final = 3
"""After so many dead workers a job is taken for what killed them."""

_STALLED: Final = text(
    """
    SELECT job.id, job.task_name, job.queue_name, job.args, job.worker_id, job.attempts
    FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :seconds))
    ORDER BY job.id LIMIT 1 FOR UPDATE OF job SKIP LOCKED
    """
)
_FORGET: Final = text(
    "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => :seconds)"
)

logger: Final = logging.getLogger(__name__)


def sweep(database: Database, stalled_seconds: float) -> int:
    """Put back the jobs of workers that were silent for so long, or give them up; gives how many there were.

    While nobody at all is heard of, it is the database that was away, or all died: then nobody is judged yet.
    """
    with database.session() as session:
        lock_briefly(session)
        heartbeats.forgive_silence_of_all(session, stalled_seconds)
    found = 0
    while _sweep_one(database, stalled_seconds):
        found += 1
    with database.session() as session:
        lock_briefly(session)
        # A worker that wakes after this finds that it is not one any more, and ends.
        session.execute(_FORGET, {"seconds": stalled_seconds})
    return found


def has_found_any(database: Database, *, within: timedelta) -> bool:
    """Whether a worker was found dead in that time."""
    lately = text("SELECT EXISTS (SELECT FROM job_failures WHERE kind = :kind AND at > now() - :within)")
    with database.session() as session:
        return session.scalar(lately, {"kind": FailureKind.DIED, "within": within}) is True


def _sweep_one(database: Database, stalled_seconds: float) -> bool:
    with database.session() as session:
        lock_briefly(session)
        row = session.execute(_STALLED, {"seconds": stalled_seconds}).one_or_none()
        if row is None:
            return False
        job = HeldJob(
            id=row.id,
            name=row.task_name,
            queue=row.queue_name,
            ids=row.args,
            worker_id=row.worker_id,
            attempts=row.attempts,
        )
        _end_worker(session, job)
        with logs.bound(job=job.id, task=job.name):
            _settle(session, job)
    return True


def _end_worker(session: Session, job: HeldJob) -> None:
    """A worker that lost a job is none any more, even if it goes on breathing this moment."""
    session.execute(text("DELETE FROM procrastinate_workers WHERE id = :id"), {"id": job.worker_id})


def _settle(session: Session, job: HeldJob) -> None:
    deaths = outcomes.note(session, job, FailureKind.DIED, WorkerDiedError(times=1))
    if deaths < DEATHS:
        outcomes.put_back(session, job)
        logger.warning("job.worker_died", extra={"deaths": deaths, "then": "again"})
        return
    reason = WorkerDiedError(times=deaths)
    outcomes.give_up(session, job, reason)
    logger.error("job.worker_died", extra={"deaths": deaths, "then": "given up", "error": reason.message})
