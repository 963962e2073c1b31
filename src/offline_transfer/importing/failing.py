"""What becomes of a batch of whose object nothing can be had."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import psycopg

from offline_transfer.errors import BadInputError, OfflineTransferError, StorageError
from offline_transfer.importing.tally import Failure
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail

OF_OBJECT: Final = (BadInputError, StorageError)
"""What makes an object fail without the import around it, once trying the job again does not help or is not done any more."""

_ITS_OWN: Final = (BadInputError, ObjectNotFoundError)


@dataclass(frozen=True, slots=True)
class Expected:
    """What should have been in an object, as its archive announced it: records of the first level, and below them by path."""

    records: int
    nested: Mapping[str, int]


def reason_of(error: OfflineTransferError) -> Fail:
    """Whether the object is at fault, which is damaged, refused or not there, or a store or disk, the archive's or our own."""
    return Fail.OBJECT_DAMAGED if isinstance(error, _ITS_OWN) else Fail.GIVEN_UP


def fail_batch(
    connection: psycopg.Connection,
    batch: ledger.BatchRef,
    failure: Failure,
    *,
    expected: Expected,
    error: str,
    written: int = 0,
) -> Accounting:
    """Fail an open batch with all that was expected in it but for the records that were written, and give what was counted.

    Where only some lines were tried again, these alone fail, each with the reason, and the batch ends as finished: its others
    are there and counted. Raises WorkWithdrawnError when it is another's by now.
    """
    if batch.retried_lines is not None:
        accounting = Accounting()
        counted = {line: _failed(failure, Expected(1, nested)) for line, nested in sorted(batch.retried_lines.items())}
        for own in counted.values():
            accounting.add(own)
        lines = (replace(failure, line_index=line, accounting=own) for line, own in counted.items())
        ledger.note_failures(connection, batch, lines)
        ledger.finish_batch(connection, batch, accounting)
        return accounting
    accounting = _failed(failure, replace(expected, records=expected.records - written))
    if written:
        accounting.imported(failure.path, written)
    ledger.note_failures(connection, batch, [failure])
    ledger.fail_batch(connection, batch, accounting, error)
    return accounting


def _failed(failure: Failure, expected: Expected) -> Accounting:
    accounting = Accounting()
    for path, count in {failure.path: expected.records, **expected.nested}.items():
        if count > 0:
            accounting.failed(path, failure.reason, count)
    return accounting
