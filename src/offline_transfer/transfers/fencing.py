"""Keeps a worker that was given up from changing what is another's by now.

The same job may run twice at once: a worker that was silent for long has lost its job, and may live. So the transactions of a job

1. begin with `hold`, which lets one transaction at a time work on a row, without waiting;
2. end with `require_own_job`: a job that was given to another worker meanwhile writes nothing. The job's row stays locked until the
   commit, so that a job cannot be taken away between the check and the commit.

A row that two different jobs may work on counts its attempts: `begin_attempt` when work on it begins, and `require_attempt` in the
transaction that ends it.
"""

import zlib

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import Base
from offline_transfer.errors import ConflictError


class WorkTakenOverError(ConflictError):
    """Somebody else does this work now, since nothing was heard of this worker for long. What it did last was not kept."""


def hold(session: Session, model: type[Base], row_id: int) -> bool:
    """Take the work on this row for the transaction; False while another transaction has it."""
    # Two keys of 32 bits: which table, and which row. Rows whose ids agree in their lower half wait for each other, no more.
    keys = {"table": zlib.crc32(model.__tablename__.encode()) - 2**31, "row": (row_id & 0xFFFFFFFF) - 2**31}
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:table, :row)"), keys))


def begin_attempt(session: Session, model: type[Base], row_id: int) -> int | None:
    """Begin to work on this row, and give the number of the attempt.

    None when there is no such row, or while another transaction begins or ends an attempt. The model counts in its column
    `attempts`.
    """
    if not hold(session, model, row_id):
        return None
    columns = model.__table__.c
    began = update(model).where(columns.id == row_id).values(attempts=columns.attempts + 1).returning(columns.attempts)
    attempt: int | None = session.scalar(began)
    return attempt


def require_attempt(session: Session, model: type[Base], row_id: int, attempt: int) -> None:
    """Raise WorkTakenOverError unless this is still the last attempt; the row is locked until the transaction ends."""
    columns = model.__table__.c
    if session.scalar(select(columns.attempts).where(columns.id == row_id).with_for_update()) != attempt:
        raise WorkTakenOverError


def require_own_job(session: Session) -> None:
    """Raise WorkTakenOverError unless the job that this code is a part of is still this worker's. In a command, always fine."""
    job = queue.current()
    if job is None:
        return
    mine = text(
        "SELECT 1 FROM procrastinate_jobs WHERE id = :id AND worker_id = :worker_id AND attempts = :attempts"
        " AND status = 'doing' FOR SHARE"
    )
    values = {"id": job.id, "worker_id": job.worker_id, "attempts": job.attempt - 1}
    if session.execute(mine, values).first() is None:
        raise WorkTakenOverError
