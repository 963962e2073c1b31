"""Counts what became of a unit."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

from offline_transfer.importing import writer
from offline_transfer.importing.units import Unit
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.ledger import PipelineStep


@dataclass(frozen=True, slots=True)
class Failure:
    """One record that failed: which relation path, the line in its object, why, what it is called, and in which step."""

    path: str
    line_index: int | None
    reason: Fail
    message: str
    title: str | None
    step: PipelineStep
    accounting: Accounting | None = None
    """Of a record of the first level: what was counted of it and of all that is nested in it."""


def tally(unit: Unit, accounting: Accounting, line_index: int, refused: Set[int] = frozenset()) -> Iterator[Failure]:
    """Adds a unit to the accounting; yields the records that failed for a reason of their own.

    `refused` are the identities of the rows that failed when they were written; all others failed before.
    """
    writer.propagate(unit)
    if not _has_failed(unit):
        yield from _tally(unit, accounting, line_index, refused)
        return
    own = Accounting()
    failures = list(_tally(unit, own, line_index, refused))
    accounting.add(own)
    for failure in failures:
        yield replace(failure, accounting=own) if failure.path == unit.plan.path else failure


def _has_failed(unit: Unit) -> bool:
    """Whether the record of the first level failed; one that is shared has no row then."""
    if any(path == unit.plan.path for path, _ in unit.failed):
        return True
    return bool(unit.rows) and unit.rows[0].failure is not None


def _tally(unit: Unit, accounting: Accounting, line_index: int, refused: Set[int]) -> Iterator[Failure]:
    for row in unit.rows:
        if not row.counted:
            continue
        path = row.plan.path
        if row.skip is not None:
            accounting.skipped(path, row.skip)
        elif row.failure is None:
            accounting.imported(path)
        else:
            accounting.failed(path, row.failure)
            if row.failure is not Fail.PARENT_FAILED:
                step = PipelineStep.LOADER if id(row) in refused else PipelineStep.TRANSFORMER
                yield Failure(path, line_index, row.failure, row.message, unit.title, step)
    for path, count in unit.recognised.items():
        accounting.imported(path, count)
    for (path, skip), count in unit.skipped.items():
        accounting.skipped(path, skip, count)
    for (path, fail), count in unit.failed.items():
        accounting.failed(path, fail, count)
    for path, fail, message in unit.failures:
        yield Failure(path, line_index, fail, message, unit.title, PipelineStep.TRANSFORMER)
    for (path, name, reason), count in unit.dropped.items():
        accounting.dropped[path, name, reason] += count
