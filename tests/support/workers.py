"""Workers without processes of their own, for tests of what jobs do and not of how they are given out."""

import threading
from collections.abc import Mapping
from typing import Any, Final

import pytest

from offline_transfer import queue
from offline_transfer.cli import attended
from offline_transfer.jobs.instance import Instance, open_service
from offline_transfer.settings import Settings
from offline_transfer.transfers.failures import Failure

LOOK_SECONDS: Final = 0.01

_TAKE: Final = """
UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (
    SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)
    ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, task_name, args
"""


class WorkersHere:
    """Stands in for worker processes: a thread that does one job after another. To start a process takes a second and more."""

    def __init__(self, settings: Settings, *, count: int | None = None, log_to: object = None) -> None:
        del log_to
        self.count = count or 1
        self.failed_in_a_row = 0
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def __enter__(self) -> "WorkersHere":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    def stop(self) -> None:
        """Take no more jobs."""
        self._stopping.set()

    def wait(self) -> None:
        """Wait until the job that is at work has ended."""
        self._thread.join()

    def _work(self) -> None:
        with open_service(self._settings) as instance:
            while not self._stopping.is_set():
                with instance.database.raw_connection() as connection:
                    row = connection.execute(_TAKE).fetchone()
                    connection.commit()
                if row is None:
                    self._stopping.wait(LOOK_SECONDS)
                    continue
                job_id, name, ids = row
                status = _do(instance, name, ids)
                with instance.database.raw_connection() as connection:
                    connection.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, job_id])
                    connection.commit()


def _do(instance: Instance, name: str, ids: Mapping[str, Any]) -> str:
    registration = queue.find(name)
    assert registration.context is not None
    try:
        registration.function(*registration.context(instance), **ids)
    except Exception as error:  # noqa: BLE001 - a worker gives the job up, whatever it is
        if registration.on_dead is not None:
            with instance.database.session() as session:
                registration.on_dead(session, Failure.of(error), **ids)
        return "failed"
    return "succeeded"


@pytest.fixture
def workers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that want workers have them in this process."""
    monkeypatch.setattr(attended, "WorkerProcesses", WorkersHere)
    # What workers log goes to files of their own, and here it would stand between what a command says.
    monkeypatch.setenv("OFFLINE_TRANSFER_LOG_LEVEL", "error")
