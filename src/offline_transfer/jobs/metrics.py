"""Figures about jobs and workers, for those who watch an instance."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFigures:
    """One worker process: where it runs, its queues, and how many bytes of memory it holds."""

    id: int
    host: str
    pid: int
    queues: tuple[str, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What there is to say of the work of an instance.

    `jobs` counts jobs by task and state, among those that are kept. `oldest` has for each queue with jobs that could begin how many
    seconds the oldest of them waits. `stale_ended` counts the attempts that ended because their worker died, and `errors` those
    that failed, by task.
    """

    jobs: Mapping[tuple[str, str], int]
    oldest: Mapping[str, float]
    stale_ended: int
    errors: Mapping[str, int]
    workers: tuple[WorkerFigures, ...]


_JOBS = "SELECT task_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2"
_OLDEST = """
SELECT job.queue_name, extract(epoch FROM now() - min(greatest(event.at, job.scheduled_at)))::float
FROM procrastinate_jobs job JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
GROUP BY 1 ORDER BY 1
"""
_FAILURES = """
SELECT kind, task_name, count(*) FROM job_failures JOIN procrastinate_jobs job ON job.id = job_id GROUP BY 1, 2 ORDER BY 1, 2
"""
_WORKERS = "SELECT worker_id AS id, host, pid, queues, memory_bytes FROM job_workers ORDER BY worker_id"


def collect(session: Session) -> Figures:
    """The figures of this moment."""
    failures = session.execute(text(_FAILURES)).all()
    return Figures(
        jobs={(task, state): count for task, state, count in session.execute(text(_JOBS))},
        oldest={queue: max(0.0, seconds) for queue, seconds in session.execute(text(_OLDEST))},
        stale_ended=sum(count for kind, _, count in failures if kind == "died"),
        errors={task: count for kind, task, count in failures if kind == "error"},
        workers=tuple(
            WorkerFigures(**{**row, "queues": tuple(row["queues"])})
            for row in session.execute(text(_WORKERS)).mappings()
        ),
    )
