"""Keeps a worker that was given up from changing what is another's by now.

The same job may run twice at once: a worker that was silent for long has lost its job, and may live. Work whose rows count its
attempts is safe by these, as an export's is. All other work that a worker does ends its transactions with `require_own_job`.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.errors import ConflictError


class WorkTakenOverError(ConflictError):
    """Somebody else does this work now, since nothing was heard of this worker for long. What it did last was not kept."""


def require_own_job(session: Session) -> None:
    """Raise WorkTakenOverError unless the job that this code is a part of is still this worker's. In a command, always fine.

    The job's row stays locked until the transaction ends, so that it cannot be taken away between this and the commit.
    """
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
