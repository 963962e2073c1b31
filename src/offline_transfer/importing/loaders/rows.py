"""Rows, and users that are nothing but named."""

from collections.abc import Iterator, Set

from offline_transfer.importing import writer
from offline_transfer.importing.pipeline import PipelineContext
from offline_transfer.importing.tally import tally
from offline_transfer.importing.units import Unit


def write_rows(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Writes the rows of each chunk by COPY, and counts what became of its records."""
    for units in chunks:
        _count(context, units, writer.write(context.connection, units))


def make_users(context: PipelineContext, chunks: Iterator[list[Unit]]) -> None:
    """Makes sure that each user whom the source names has somebody who stands for them here."""
    for units in chunks:
        context.work.rows.users.resolve({source_id for unit in units for source_id in unit.named})
        _count(context, units, frozenset())


def _count(context: PipelineContext, units: list[Unit], refused: Set[int]) -> None:
    for unit in units:
        for failure in tally(unit, context.accounting, unit.index - context.first_index, refused):
            context.keep(failure)
    # The steps before still hold the list while they fill the next one.
    units.clear()
