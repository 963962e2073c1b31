"""Whether work still belongs to who does it.

A worker that was silent for too long may live on after its job was given to another, and a person may cancel an export or import
while it runs. So each attempt has a number, and work looks now and then whether its number is still the latest and what it is a
part of still runs.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import psycopg

from offline_transfer.db import Database
from offline_transfer.errors import ConflictError

CHECK_SECONDS: Final = 1.0
TOUCH_SECONDS: Final = 60.0

T = TypeVar("T")


class WorkWithdrawnError(ConflictError):
    """This work was taken back: its export or import has ended, or another worker does it. There is nothing to do."""


@dataclass(frozen=True, slots=True)
class LeaseStatements:
    """How the database is asked whether an attempt counts, and told that it goes on. Both take the same values."""

    held: bytes
    touch: bytes


@dataclass(slots=True)
class Lease:
    """The right of one attempt to work, with a connection of its own: it is asked for before each object."""

    connection: psycopg.Connection
    attempt: int
    statements: LeaseStatements
    values: Sequence[int]
    asked_at: float
    touched_at: float

    def check(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database no more than once a second."""
        if time.monotonic() - self.asked_at >= CHECK_SECONDS:
            self.require()

    def require(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database."""
        if self.connection.execute(self.statements.held, self.values).fetchone() is None:
            raise WorkWithdrawnError
        self.asked_at = time.monotonic()
        if self.asked_at - self.touched_at >= TOUCH_SECONDS:
            self.connection.execute(self.statements.touch, self.values)
            self.touched_at = self.asked_at


@contextmanager
def leased(database: Database, statements: LeaseStatements, values: tuple[int, int, int]) -> Iterator[Lease]:
    """A lease for as long as the block; `values` are the row, the attempt, and the state in which the row has to be."""
    with database.raw_connection() as connection:
        connection.autocommit = True
        now = time.monotonic()
        try:
            yield Lease(connection, values[1], statements, values, asked_at=now, touched_at=now)
        finally:
            # The pool hands it on; one that broke is not put back.
            if not connection.closed:
                connection.autocommit = False


def watched(items: Iterable[T], lease: Lease) -> Iterator[T]:
    """The same items, as long as the lease holds."""
    for item in items:
        lease.check()
        yield item
