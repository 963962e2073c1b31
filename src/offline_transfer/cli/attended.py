"""Watches over an export or import whose jobs worker processes do, as long as the command that wants it lives."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, Protocol

from sqlalchemy.orm import Session

from offline_transfer.cli import output
from offline_transfer.cli.errors import WorkersFailError
from offline_transfer.cli.interrupts import AwaitedInterrupts
from offline_transfer.cli.live import LiveTable
from offline_transfer.errors import ConflictError
from offline_transfer.jobs.instance import Instance
from offline_transfer.jobs.processes import WorkerProcesses

LOOK_SECONDS: Final = 0.1
REDRAW_SECONDS: Final = 0.5
BEGINNINGS: Final = 3
"""How often worker processes may end with an error, one after another, before the command gives up."""
LAST_WORDS: Final = 4096


class Attended(Protocol):
    """An export or import that is watched over."""

    def is_open(self, session: Session, /) -> bool:
        """Whether it has not ended."""

    def cancel(self, session: Session, /) -> None:
        """End it early. Raises ConflictError when it has ended."""

    def draw(self, session: Session, table: LiveTable, seen: str, /) -> str:
        """Show how far it is, unless that was seen; gives what stands for it."""


class Attendant:
    """Has worker processes of its own, next to those that run elsewhere, and shows how far something is."""

    def __init__(self, instance: Instance, workers: WorkerProcesses, complaints: IO[bytes]) -> None:
        self._instance = instance
        self._workers = workers
        self._complaints = complaints

    def attend(self, attended: Attended) -> None:
        """Return when it has ended, however it did. Raises WorkersFailError when nobody can do its jobs, and after Ctrl-C
        KeyboardInterrupt, between two looks.
        """
        with AwaitedInterrupts() as interrupts, LiveTable() as table:
            seen = ""
            drawn_at = 0.0
            while self._is_open(attended):
                if self._workers.failed_in_a_row >= BEGINNINGS * self._workers.count:
                    raise WorkersFailError(reason=self._last_words())
                if table.is_shown and time.monotonic() - drawn_at >= REDRAW_SECONDS:
                    with self._instance.database.session() as session:
                        seen = attended.draw(session, table, seen)
                    drawn_at = time.monotonic()
                time.sleep(LOOK_SECONDS)
                interrupts.check()

    def cancel(self, attended: Attended, to_go_on: str) -> None:
        """Cancel it, unless it has ended meanwhile, name the command with which one goes on, and have the workers end what they are
        at. Another Ctrl-C ends them at once: what they hold then is found by those that run elsewhere, or when one goes on.
        """
        try:
            with AwaitedInterrupts() as interrupts, self._instance.database.session() as session:
                attended.cancel(session)
            output.remark(f"Canceling. To go on: offline-transfer {to_go_on}")
            interrupts.check()
            self._workers.stop()
            self._workers.wait()
        except ConflictError:
            return
        except KeyboardInterrupt:
            self._workers.kill()
            raise

    def _is_open(self, attended: Attended) -> bool:
        with self._instance.database.session() as session:
            return attended.is_open(session)

    def _last_words(self) -> str:
        self._complaints.seek(0, 2)
        self._complaints.seek(max(0, self._complaints.tell() - LAST_WORDS))
        lines = self._complaints.read().decode(errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "they said nothing")


@contextmanager
def workers_of(instance: Instance, count: int | None) -> Iterator[Attendant]:
    """Worker processes for as long as the block; what they write on standard error is kept aside, since a table is there."""
    with (
        tempfile.TemporaryFile() as complaints,
        WorkerProcesses(instance.settings, count=count, log_to=complaints.fileno()) as workers,
    ):
        yield Attendant(instance, workers, complaints)
