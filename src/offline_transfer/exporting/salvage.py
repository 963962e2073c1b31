"""Finds the records that cannot be read among those that can.

One damaged value makes PostgreSQL refuse a whole statement. The batch is halved until the records at fault stand alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from offline_transfer.exporting.reading import Reading
from offline_transfer.exporting.tasks import Gap
from offline_transfer.relations.compiler import Statements
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.lease import Lease

MOST_UNREADABLE: Final = 1000
NAMED: Final = 100

# Values that cannot be converted, too large ones, damaged pages, and what functions in the database raise themselves.
_OF_RECORDS: Final = ("21", "22", "38", "39", "54", "P0", "XX")


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The records that can be read, in their order, and what is said of the others."""

    ids: Sequence[int]
    gaps: Sequence[Gap]


def can_help(error: psycopg.Error) -> bool:
    """Whether an error may be the fault of single records."""
    return error.sqlstate is not None and error.sqlstate.startswith(_OF_RECORDS)


def readable(moment: Reading, statements: Statements, ids: Sequence[int], lease: Lease) -> Salvaged:
    """Sort records into those that can be read at this moment and those that cannot.

    Raises what PostgreSQL says when so many cannot that it is not the records' fault.
    """
    good: list[int] = []
    bad: list[tuple[int, psycopg.Error]] = []
    waiting = [ids]
    while waiting:
        lease.check()
        part = waiting.pop()
        error = _try(moment, statements, part)
        if error is None:
            good += part
        elif len(part) > 1:
            half = len(part) // 2
            waiting += [part[half:], part[:half]]
        else:
            bad.append((part[0], error))
            if len(bad) > MOST_UNREADABLE:
                raise error
    return Salvaged(good, _gaps(bad))


def _try(moment: Reading, statements: Statements, ids: Sequence[int]) -> psycopg.Error | None:
    """Read records and forget them."""
    try:
        with moment.connection.transaction():
            for _ in moment.records(statements, ids):
                pass
    except psycopg.Error as error:
        if not can_help(error):
            raise
        return error
    return None


def _gaps(bad: Sequence[tuple[int, psycopg.Error]]) -> list[Gap]:
    gaps = [
        Gap(name=f"record {record_id}", reason=Failure.of(error).message, kind=Fail.UNREADABLE)
        for record_id, error in bad[:NAMED]
    ]
    if len(bad) > NAMED:
        more = len(bad) - NAMED
        reason = Failure.of(bad[NAMED][1]).message
        gaps.append(Gap(name=f"{more} more records", reason=reason, count=more, kind=Fail.UNREADABLE))
    return gaps
