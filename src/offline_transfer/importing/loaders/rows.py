"""Rows, and users that are nothing but named."""

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor

from offline_transfer.importing import writer
from offline_transfer.importing.batch import quick_turns
from offline_transfer.importing.pipeline import PipelineContext
from offline_transfer.importing.tally import tally
from offline_transfer.importing.units import Unit


def write_rows(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Writes the rows of each chunk by COPY while the next one is made, and counts what became of its records."""
    written: Future[Set[int]] | None = None
    held: list[Unit] = []
    with quick_turns(), ThreadPoolExecutor(1, "rows") as thread:
        for units in chunks:
            if written is not None:
                _count(context, held, written.result())
            held, written = units, thread.submit(_write, context, units)
        if written is not None:
            _count(context, held, written.result())


def make_users(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Makes sure that each user whom the source names has somebody who stands for them here."""
    for units in chunks:
        context.work.rows.users.resolve({source_id for unit in units for source_id in unit.named})
        _count(context, units, frozenset())


def _write(context: PipelineContext, units: Sequence[Unit]) -> Set[int]:
    with context.turn:
        return writer.write(context.connection, units)


def _count(context: PipelineContext, units: list[Unit], refused: Set[int]) -> None:
    for unit in units:
        for failure in tally(unit, context.accounting, unit.index - context.first_index, refused):
            context.keep(failure)
    # The steps before may still hold the list.
    units.clear()
