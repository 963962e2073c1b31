"""What becomes of a job that did not succeed: it is put back, tried again later, or given up.

Each step is one transaction on the job's row, and only for who holds the job: a worker whose job was given to another changes
nothing. The statements are Procrastinate's own, so that its rules about jobs hold.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from procrastinate import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import lock_briefly, psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.logs import message_of, traceback_of
from offline_transfer.transfers.failures import Failure

LONGEST_WAIT: Final = timedelta(minutes=5)

logger: Final = logging.getLogger(__name__)


class FailureKind(StrEnum):
    """How an attempt ended that did not succeed."""

    ERROR = "error"
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldJob:
    """A job as whoever works on it was given it."""

    id: int
    name: str
    queue: str
    ids: Mapping[str, int]
    worker_id: int | None
    attempts: int


def lock(session: Session, job: HeldJob) -> bool:
    """Whether the job is still held as it was given out; its row is locked until the transaction ends."""
    lock_briefly(session)
    held = text(
        "SELECT 1 FROM procrastinate_jobs WHERE id = :id AND status = 'doing' AND attempts = :attempts"
        " AND worker_id IS NOT DISTINCT FROM :worker_id FOR UPDATE"
    )
    return (
        session.execute(held, {"id": job.id, "attempts": job.attempts, "worker_id": job.worker_id}).first() is not None
    )


def put_back(session: Session, job: HeldJob, *, wait: timedelta = timedelta()) -> None:
    """Have another worker do a job, at once or later, and wake those that wait. The job's row is locked."""
    values = {"job_id": job.id, "retry_at": None, "new_priority": None, "new_queue_name": None, "new_lock": None}
    psycopg_connection(session).execute(sql.queries["retry_job"], values)
    # A later fetch by somebody else is told from this one by the worker, so the row must not go on naming it. When it is due is
    # said by the database's clock, which decides it too.
    due = text(
        "UPDATE procrastinate_jobs SET worker_id = NULL,"
        " scheduled_at = CASE WHEN :seconds > 0 THEN now() + make_interval(secs => :seconds) END WHERE id = :id"
    )
    session.execute(due, {"id": job.id, "seconds": wait / timedelta(seconds=1)})
    # Procrastinate tells waiting workers of new jobs only.
    session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {
            "channel": f"procrastinate_queue_v1#{job.queue}",
            "payload": json.dumps({"type": "job_inserted", "job_id": job.id}),
        },
    )


def give_up(session: Session, job: HeldJob, error: Exception) -> None:
    """Let a job fail for good, and have the rows of its work say why. The job's row is locked."""
    psycopg_connection(session).execute(
        sql.queries["finish_job"], {"job_id": job.id, "status": "failed", "delete_job": False}
    )
    registration = queue.find(job.name) if job.name in queue.names() else None
    if registration is None or registration.on_dead is None:
        return
    try:
        with session.begin_nested():
            registration.on_dead(session, Failure.of(error), **job.ids)
    except (OfflineTransferError, DBAPIError):
        # The job has failed all the same. What its rows should say is what the sweep of stale work will find.
        logger.exception("job.on_dead", extra={"job": job.id})


def note(session: Session, job: HeldJob, kind: FailureKind, error: BaseException) -> int:
    """Write down a failed attempt, and give how many of this kind there were."""
    session.execute(
        text(
            "INSERT INTO job_failures (job_id, kind, error_class, message, traceback)"
            " VALUES (:job_id, :kind, :error_class, :message, :traceback)"
        ),
        {
            "job_id": job.id,
            "kind": kind,
            "error_class": type(error).__name__,
            "message": message_of(error),
            "traceback": traceback_of(error) if error.__traceback__ else None,
        },
    )
    return failures(session, job, kind)


def failures(session: Session, job: HeldJob, kind: FailureKind) -> int:
    """How many attempts have failed in this way."""
    count = text("SELECT count(*) FROM job_failures WHERE job_id = :job_id AND kind = :kind")
    return session.scalar(count, {"job_id": job.id, "kind": kind}) or 0


def wait_before(attempt: int, first_wait: float) -> timedelta:
    """How long to wait after so many failed attempts: twice as long each time, LONGEST_WAIT at most."""
    doubled: int = 2 ** min(attempt - 1, 30)
    return min(timedelta(seconds=first_wait) * doubled, LONGEST_WAIT)
