"""From records to the rows that they become."""

from collections.abc import Iterator

from offline_transfer.importing import writer
from offline_transfer.importing.batch import chunks
from offline_transfer.importing.extractors.ndjson import Entry
from offline_transfer.importing.pipeline import PipelineContext, RowDestination, Stream
from offline_transfer.importing.units import Unit


def to_units(context: PipelineContext, entries: Iterator[Entry]) -> Stream:
    """Each record as a unit: its rows with those of everything below it, before anything is looked up or written.

    Only attributes that the relation file includes are taken, ids and foreign keys of the source never.
    """
    builder, plan, first = context.work.rows.builder, context.plan, context.first_index
    for line, record, size in entries:
        unit = builder.unit(plan, record, first + line)
        unit.size = size
        yield unit
        del unit, record


def in_chunks(context: PipelineContext, units: Iterator[Unit]) -> Stream:
    """As many units at a time as may be held."""
    yield from chunks(units, context.work.context.settings.flush_bytes)


def settled(context: PipelineContext, units: Iterator[list[Unit]]) -> Stream:
    """Chunks of units in which every user and every shared record has an id of this instance; new ones are made.

    They are made in short transactions of their own, users first: other objects may name the same ones at the same time.
    """
    for chunk in units:
        _settle(context.work.rows, chunk)
        yield chunk


def _settle(rows: RowDestination, chunk: list[Unit]) -> None:
    # A function of its own: what it holds of a chunk is gone while the next one is built.
    users = rows.users
    refs = [ref for unit in chunk for ref in unit.shared]
    users.resolve({source_id for unit in chunk for _, _, source_id in unit.users})
    if refs:
        rows.shared.resolve(refs, rows.builder)
    users.resolve({source_id for unit in chunk for _, _, source_id in unit.users})
    for unit in chunk:
        for row, index, source_id in unit.users:
            row.values[index] = users.get(source_id)
        # Units and references point to each other; let go, they need no collector.
        unit.shared.clear()
        writer.propagate(unit)
