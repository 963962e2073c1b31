"""An instance whose exports are done by real worker processes."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import SecretStr
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.exporting.create import CreatedExport, create_export
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge.issues import Issue
from offline_transfer.jobs import contexts
from offline_transfer.jobs.instance import instance_of
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.location import Location
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.transfers.states import ExportState
from tests.integration.exporting.buckets import APP, LOCAL, Contents, contents

DEADLINE: Final = 120.0
"""Seconds after which something that should happen is taken not to. Nothing waits that long when all is well."""


@dataclass(frozen=True, slots=True)
class Service:
    """A database, and what its workers are told."""

    database: Database
    settings: Settings

    @property
    def out(self) -> Path:
        """Where its archives go, unless they go into a bucket."""
        return self.settings.data_dir / "out"

    @property
    def place(self) -> Location:
        """The same, for whoever looks into it."""
        return Location(DiskStore(self.out), "")

    def workers(self, count: int = 1, **changed: Any) -> WorkerProcesses:
        """Worker processes, with some settings changed."""
        return WorkerProcesses(self.settings.model_copy(update=changed), count=count)

    def ask(self, entity: RequestedEntity = APP, storage: StorageConfiguration | None = None) -> CreatedExport:
        """Take an export on, for the workers."""
        return self._ask(queue.durable(self.database), entity, storage)

    def undisturbed(self, entity: RequestedEntity = APP) -> Contents:
        """What an export is that is done in this process, where nobody disturbs it."""
        created = self._ask(self.database, entity, None)
        (context,) = contexts.export(instance_of(self.settings, self.database))
        queue.run_until_empty(context)
        return contents(self.place, created)

    def contents(self, created: CreatedExport) -> Contents:
        """What an archive of the directory holds, in which nothing may be wrong."""
        return contents(self.place, created)

    def _ask(self, database: Database, entity: RequestedEntity, storage: StorageConfiguration | None) -> CreatedExport:
        (context,) = contexts.export(instance_of(self.settings, database))
        place = storage or StorageConfiguration.from_location(str(self.out), {})
        return create_export(replace(context, egress=LOCAL), ExportRequest(entities=[entity], storage=place))

    def row(self, created: CreatedExport) -> OfflineExport:
        """An export as it is now."""
        with self.database.session() as session:
            return session.get_one(OfflineExport, created.id)

    def state(self, created: CreatedExport) -> ExportState:
        """In which state an export is."""
        return self.row(created).status

    def wait_for_end(self, created: CreatedExport) -> ExportState:
        """Waits until an export has ended."""
        self.wait_until(lambda: self.state(created) not in (ExportState.created, ExportState.started))
        return self.state(created)

    def wait_until(self, holds: Callable[[], object], seconds: float = DEADLINE) -> None:
        """Waits until something holds of which nobody tells; a database that is away holds nothing."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(DBAPIError):
                if holds():
                    return
            assert time.monotonic() < deadline, f"it never came; jobs {self.rows(JOBS)}, failures {self.rows(FAILURES)}"
            time.sleep(0.02)

    def rows(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement."""
        with self.database.session() as session:
            return [tuple(row) for row in session.execute(text(statement))]


VICTIMS: Final = """
SELECT pid FROM procrastinate_jobs job JOIN job_workers USING (worker_id)
WHERE status = 'doing' AND task_name NOT LIKE 'sweep:%'
    AND (SELECT count(*) FROM job_failures failure WHERE failure.job_id = job.id AND kind = 'died') < 2
"""
"""The workers that are at work, and whose job has not killed two yet: the third would be taken for its own fault."""
JOBS: Final = (
    "SELECT task_name, status, attempts FROM procrastinate_jobs WHERE task_name NOT LIKE 'sweep:%' ORDER BY id"
)
FAILURES: Final = "SELECT job_id, kind, message FROM job_failures ORDER BY id"


def service_of(database: Database, data_dir: Path, **settings: Any) -> Service:
    """A service over a migrated database, in which nobody waits for long."""
    given = {
        "heartbeat_seconds": 0.2,
        "stalled_seconds": 3.0,
        "poll_seconds": 0.2,
        "sweep_seconds": 1,
        "worker_grace_seconds": 5,
        "retry_seconds": 0.05,
        "store_retry_seconds": 0.01,
        "job_attempts": 100,
        **settings,
    }
    said = Settings(data_dir=data_dir, database_url=SecretStr(database.conninfo), **given)
    return Service(database, said)


def add_issues(database: Database, count: int, characters: int) -> None:
    """Issues of `top/sub/app`, each with a long text."""
    with database.session() as session:
        session.execute(
            insert(Issue),
            [
                {"iid": iid, "title": f"Issue {iid}", "description": "", "project_id": 5, "author_id": 3}
                for iid in range(1, count + 1)
            ],
        )
        session.execute(
            text(
                "UPDATE issues SET description = (SELECT string_agg(md5((iid * 1000 + part)::text), '')"
                " FROM generate_series(1, :parts) part)"
            ),
            {"parts": characters // 32},
        )


def wait_for_exit(pid: int) -> None:
    """Waits until a process that is not a child of ours to wait for has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(DEADLINE)
