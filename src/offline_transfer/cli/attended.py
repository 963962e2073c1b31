"""Watches over an export whose jobs worker processes do, as long as the command that wants it lives."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from offline_transfer.cli.errors import WorkersFailError
from offline_transfer.cli.live import LiveTable
from offline_transfer.exporting import control, find, progress
from offline_transfer.exporting.errors import ExportEndedError
from offline_transfer.jobs.instance import Instance
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.transfers.states import OPEN_EXPORT

LOOK_SECONDS: Final = 0.1
REDRAW_SECONDS: Final = 0.5
BEGINNINGS: Final = 3
"""How often worker processes may end with an error, one after another, before the command gives up."""
LAST_WORDS: Final = 4096


class Attendant:
    """Has worker processes of its own, next to those that run elsewhere, and shows how far an export is."""

    def __init__(self, instance: Instance, workers: WorkerProcesses, complaints: IO[bytes]) -> None:
        self._instance = instance
        self._workers = workers
        self._complaints = complaints

    def attend(self, offline_export_id: int) -> None:
        """Return when the export has ended, however it did. Raises WorkersFailError when nobody can do its jobs."""
        with LiveTable() as table:
            seen = ""
            drawn_at = 0.0
            while self._is_open(offline_export_id):
                if self._workers.failed_in_a_row >= BEGINNINGS * self._workers.count:
                    raise WorkersFailError(reason=self._last_words())
                if table.is_shown and time.monotonic() - drawn_at >= REDRAW_SECONDS:
                    seen = self._draw(table, offline_export_id, seen)
                    drawn_at = time.monotonic()
                time.sleep(LOOK_SECONDS)

    def cancel(self, offline_export_id: int) -> None:
        """Cancel the export, unless it has ended meanwhile, and have the workers end what they are at."""
        try:
            with self._instance.database.session() as session:
                control.cancel(session, offline_export_id)
        except ExportEndedError:
            return
        self._workers.stop()
        self._workers.wait()

    def _is_open(self, offline_export_id: int) -> bool:
        with self._instance.database.session() as session:
            return find.state_of(session, offline_export_id) in OPEN_EXPORT

    def _draw(self, table: LiveTable, offline_export_id: int, seen: str) -> str:
        with self._instance.database.session() as session:
            totals = progress.totals(session, offline_export_id, edition=self._instance.settings.edition)
            if totals.etag != seen:
                table.show(totals, progress.relations(session, offline_export_id))
        return totals.etag

    def _last_words(self) -> str:
        self._complaints.seek(0, 2)
        self._complaints.seek(max(0, self._complaints.tell() - LAST_WORDS))
        lines = self._complaints.read().decode(errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "they said nothing")


@contextmanager
def attended(instance: Instance, count: int | None) -> Iterator[Attendant]:
    """Worker processes for as long as the block; what they write on standard error is kept aside, since a table is there."""
    with (
        tempfile.TemporaryFile() as complaints,
        WorkerProcesses(instance.settings, count=count, log_to=complaints.fileno()) as workers,
    ):
        yield Attendant(instance, workers, complaints)
