"""An instance with workers, and ears for what the jobs of tests tell."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import text

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.jobs.instance import Instance, instance_of
from offline_transfer.jobs.outcomes import HeldJob
from offline_transfer.jobs.processes import ALL_QUEUES, WorkerProcesses
from offline_transfer.queue import QueueName
from offline_transfer.settings import Settings
from tests.integration.jobs import functions

DEADLINE = 60.0
"""Seconds after which something that should happen is taken not to. Nothing waits that long when all is well."""


@dataclass(slots=True)
class Scene:
    """A database, the settings of its workers, and a connection that listens."""

    database: Database
    settings: Settings
    ears: psycopg.Connection
    heard: list[str] = field(default_factory=list)

    @property
    def instance(self) -> Instance:
        """The instance, for what runs in this process."""
        return instance_of(self.settings, self.database)

    def defer(self, name: str, **ids: int) -> None:
        """Commits a job."""
        with self.database.session() as session:
            queue.defer(session, name, **ids)

    def workers(self, count: int = 1, queues: Sequence[QueueName] = ALL_QUEUES, **changed: Any) -> WorkerProcesses:
        """Worker processes that know the jobs of tests, with some settings changed."""
        settings = self.settings.model_copy(update=changed)
        return WorkerProcesses(settings, count=count, queues=queues, modules=[functions.__name__])

    def wait_for(self, what: str) -> str:
        """Waits until something is told that begins so, and gives all of it. Each thing is heard once."""
        deadline = time.monotonic() + DEADLINE
        while True:
            for said in self.heard:
                if said.startswith(what):
                    self.heard.remove(said)
                    return said
            left = deadline - time.monotonic()
            assert left > 0, f"nobody told `{what}`; heard {self.heard}, jobs {self.jobs()}"
            self.heard += [notify.payload for notify in self.ears.notifies(timeout=left, stop_after=1)]

    def wait_until(self, condition: str) -> None:
        """Waits until a condition over the database holds, of which nobody tells."""
        deadline = time.monotonic() + DEADLINE
        while not self.scalar(f"SELECT {condition}"):
            assert time.monotonic() < deadline, f"`{condition}` never held; jobs {self.jobs()}"
            list(self.ears.notifies(timeout=0.05))

    def scalar(self, statement: str) -> Any:
        """The one value of a statement."""
        with self.database.session() as session:
            return session.scalar(text(statement))

    def jobs(self) -> list[tuple[object, ...]]:
        """Name, state and attempts of all jobs but sweeps."""
        statement = (
            "SELECT task_name, status, attempts FROM procrastinate_jobs WHERE task_name NOT LIKE 'sweep:%' ORDER BY id"
        )
        with self.database.session() as session:
            rows = session.execute(text(statement))
            return [tuple(row) for row in rows]

    def told(self) -> list[tuple[object, ...]]:
        """What jobs have told, in order."""
        with self.database.session() as session:
            return [tuple(row) for row in session.execute(text("SELECT what, number FROM told ORDER BY id"))]


@contextmanager
def scene(database: Database, data_dir: Path) -> Iterator[Scene]:
    """A scene over a migrated database."""
    settings = Settings(
        data_dir=data_dir,
        database_url=SecretStr(database.conninfo),
        heartbeat_seconds=0.1,
        stalled_seconds=3.0,
        poll_seconds=0.2,
        sweep_seconds=1,
        worker_grace_seconds=5,
        retry_seconds=0.01,
    )
    with psycopg.connect(database.conninfo, autocommit=True) as ears:
        ears.execute(functions.TABLE)
        ears.execute("LISTEN told")
        yield Scene(queue.durable(database), settings, ears)


def take(scene: Scene) -> HeldJob:
    """The next job, taken by a worker that beats once."""
    with scene.database.session() as session:
        worker_id = session.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
        fetch = text("SELECT * FROM procrastinate_fetch_job_v2(NULL, :worker_id)")
        row = session.execute(fetch, {"worker_id": worker_id}).one()
    return HeldJob(
        id=row.id,
        name=row.task_name,
        queue=row.queue_name,
        ids=row.args,
        worker_id=row.worker_id,
        attempts=row.attempts,
    )


def silence(scene: Scene, job: HeldJob) -> None:
    """Makes the worker of a job one that was not heard of for long, while another one was."""
    with scene.database.session() as session:
        session.execute(text("SELECT procrastinate_register_worker_v1()"))
        old = text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = :id")
        session.execute(old, {"id": job.worker_id})
