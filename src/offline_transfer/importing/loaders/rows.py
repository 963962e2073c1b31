"""Rows, and users that are nothing but named."""

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg

from offline_transfer.importing import writer
from offline_transfer.importing.batch import quick_turns
from offline_transfer.importing.pipeline import PipelineContext
from offline_transfer.importing.tally import tally
from offline_transfer.importing.units import Unit

CANCEL_SECONDS: Final = 0.1


def write_rows(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Writes the rows of each chunk by COPY while the next one is made, and counts what became of its records."""
    with quick_turns(), ThreadPoolExecutor(1, "rows") as thread:
        writing = _Writing(context, thread)
        try:
            for units in chunks:
                writing.begin(units)
                if sum(unit.size for unit in units) > 2 * context.work.context.settings.flush_bytes:
                    # There is a long line among them, which is not held beside others.
                    writing.finish()
            writing.finish()
        except BaseException:
            writing.give_up()
            raise


def make_users(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Makes sure that each user whom the source names has somebody who stands for them here."""
    for units in chunks:
        context.work.rows.users.resolve({source_id for unit in units for source_id in unit.named})
        _count(context, units, frozenset())


@dataclass(slots=True)
class _Writing:
    """The chunk that is being written."""

    context: PipelineContext
    thread: Executor
    units: list[Unit] = field(default_factory=list)
    refused: Future[Set[int]] | None = None

    def begin(self, units: list[Unit]) -> None:
        """Have a chunk written once the one before is."""
        self.finish()
        self.units, self.refused = units, self.thread.submit(self._write, units)

    def finish(self) -> None:
        """Wait for the chunk, if there is one, and count it."""
        if self.refused is not None:
            refused = self.refused.result()
            self.refused = None
            _count(self.context, self.units, refused)

    def give_up(self) -> None:
        """Have the thread end what it writes: it will be rolled back."""
        while self.refused is not None and not self.refused.done():
            # It may come in between two statements.
            with suppress(psycopg.Error):
                self.context.connection.cancel_safe()
            wait([self.refused], timeout=CANCEL_SECONDS)

    def _write(self, units: Sequence[Unit]) -> Set[int]:
        with self.context.turn:
            return writer.write(self.context.connection, units)


def _count(context: PipelineContext, units: list[Unit], refused: Set[int]) -> None:
    for unit in units:
        for failure in tally(unit, context.accounting, unit.index - context.first_index, refused):
            context.keep(failure)
    # The steps before may still hold the list.
    units.clear()
