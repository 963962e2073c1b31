"""What is known of jobs: for those who look why something does not go on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer.jobs.errors import JobNotFoundError
from offline_transfer.types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job as it stands. `age` counts the seconds since it was deferred; `error` is what went wrong last."""

    id: int
    task: str
    state: str
    queue: str
    age: float
    attempts: int
    ids: dict[str, int]
    error: str | None
    scheduled_at: datetime | None

    def to_json(self) -> JsonObject:
        """The row for programs."""
        when = self.scheduled_at.isoformat() if self.scheduled_at else None
        return {**asdict(self), "scheduled_at": when}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One attempt of a job that failed."""

    at: datetime
    kind: str
    error_class: str | None
    message: str
    traceback: str | None

    def to_json(self) -> JsonObject:
        """The row for programs."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """The worker that has a job. `silent` counts the seconds since it was heard of."""

    id: int
    host: str
    pid: int
    memory_bytes: int
    silent: float

    def to_json(self) -> JsonObject:
        """The row for programs."""
        return asdict(self)


_JOBS = """
SELECT job.id, job.task_name AS task, job.status::text AS state, job.queue_name AS queue, job.attempts, job.args AS ids,
    extract(epoch FROM now() - coalesce(first.at, now()))::float AS age, last.message AS error, job.scheduled_at
FROM procrastinate_jobs job
LEFT JOIN LATERAL (SELECT at FROM procrastinate_events WHERE job_id = job.id ORDER BY id LIMIT 1) first ON true
LEFT JOIN LATERAL (SELECT message FROM job_failures WHERE job_id = job.id ORDER BY id DESC LIMIT 1) last ON true
WHERE (CAST(:id AS bigint) IS NULL OR job.id = :id) AND (CAST(:state AS text) IS NULL OR job.status::text = :state)
    AND (CAST(:task AS text) IS NULL OR job.task_name = :task)
ORDER BY job.id DESC
LIMIT CAST(:limit AS bigint)
"""


def jobs(
    session: Session, *, state: str | None = None, task: str | None = None, limit: int | None = None
) -> Iterator[JobRow]:
    """The jobs that are kept, the newest first."""
    return _rows(session, id=None, state=state, task=task, limit=limit)


def job(session: Session, job_id: int) -> JobRow:
    """One job. Raises JobNotFoundError."""
    found = next(_rows(session, id=job_id, state=None, task=None, limit=1), None)
    if found is None:
        raise JobNotFoundError(id=job_id)
    return found


def failures(session: Session, job_id: int) -> Iterator[FailureRow]:
    """The attempts of a job that failed, the first one first."""
    statement = text(
        "SELECT at, kind, error_class, message, traceback FROM job_failures WHERE job_id = :id ORDER BY id"
    )
    for row in session.execute(statement, {"id": job_id}).mappings():
        yield FailureRow(**row)


def worker(session: Session, job_id: int) -> WorkerRow | None:
    """The worker that does a job now."""
    statement = text(
        "SELECT worker.id, host, pid, memory_bytes, extract(epoch FROM now() - last_heartbeat)::float AS silent"
        " FROM procrastinate_jobs job JOIN procrastinate_workers worker ON worker.id = job.worker_id"
        " JOIN job_workers ON job_workers.worker_id = worker.id WHERE job.id = :id AND job.status = 'doing'"
    )
    row = session.execute(statement, {"id": job_id}).mappings().one_or_none()
    return None if row is None else WorkerRow(**row)


def _rows(session: Session, **values: object) -> Iterator[JobRow]:
    for row in session.execute(text(_JOBS), values).mappings():
        yield JobRow(**row)
