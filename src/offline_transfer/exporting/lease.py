"""Whether work still belongs to who does it.

A worker that was silent for too long may live on after its job was given to another, and a person may cancel an export while it
runs. So each attempt has a number, work looks now and then whether its number is still the latest and its export still runs, and it
looks once more before the last block of an object goes to the store.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import psycopg

from offline_transfer.db import Database
from offline_transfer.exporting.errors import WorkWithdrawnError
from offline_transfer.storage.location import Location
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store
from offline_transfer.transfers.states import ExportState, JobState

CHECK_SECONDS: Final = 1.0
TOUCH_SECONDS: Final = 60.0

T = TypeVar("T")

# Whatever ends an export ends its jobs, so that one row is asked.
_JOB: Final = b"SELECT FROM import_offline_export_jobs WHERE id = %s AND attempts = %s AND status = %s"
_END: Final = b"SELECT FROM import_offline_exports WHERE id = %s AND attempts = %s AND status = %s"
# Work that goes on is not stuck.
_TOUCH_JOB: Final = (
    b"UPDATE import_offline_export_jobs SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s"
)
_TOUCH_END: Final = (
    b"UPDATE import_offline_exports SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s"
)


@dataclass(slots=True)
class Lease:
    """The right of one attempt to work, with a connection of its own: it is asked for before each object."""

    connection: psycopg.Connection
    attempt: int
    held: bytes
    touch: bytes
    values: Sequence[int]
    asked_at: float
    touched_at: float

    def check(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database no more than once a second."""
        if time.monotonic() - self.asked_at >= CHECK_SECONDS:
            self.require()

    def require(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database."""
        if self.connection.execute(self.held, self.values).fetchone() is None:
            raise WorkWithdrawnError
        self.asked_at = time.monotonic()
        if self.asked_at - self.touched_at >= TOUCH_SECONDS:
            self.connection.execute(self.touch, self.values)
            self.touched_at = self.asked_at


@contextmanager
def lease_of_job(database: Database, job_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt at a job of an export."""
    with _leased(database, (_JOB, _TOUCH_JOB), (job_id, attempt, JobState.released.value)) as lease:
        yield lease


@contextmanager
def lease_of_end(database: Database, offline_export_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt to start or to end an export."""
    with _leased(database, (_END, _TOUCH_END), (offline_export_id, attempt, ExportState.started.value)) as lease:
        yield lease


@contextmanager
def _leased(database: Database, statements: tuple[bytes, bytes], values: tuple[int, int, int]) -> Iterator[Lease]:
    with database.raw_connection() as connection:
        connection.autocommit = True
        now = time.monotonic()
        try:
            yield Lease(connection, values[1], *statements, values, asked_at=now, touched_at=now)
        finally:
            # The pool hands it on; one that broke is not put back.
            if not connection.closed:
                connection.autocommit = False


def watched(items: Iterable[T], lease: Lease) -> Iterator[T]:
    """The same items, as long as the lease holds."""
    for item in items:
        lease.check()
        yield item


@dataclass(frozen=True, slots=True)
class LeasedStore:
    """A store around a store that finishes no object once the lease is lost. See `store.Store` for the contract."""

    inner: Store
    lease: Lease

    def describe(self) -> str:
        """The store inside."""
        return self.inner.describe()

    def put(self, key: str, source: Source) -> int:
        """See `Store.put`. Raises WorkWithdrawnError."""
        return self.inner.put(key, lambda: _finished_under(source(), self.lease))

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """See `Store.blocks`."""
        return watched(self.inner.blocks(key, start=start), self.lease)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        return self.inner.size(key)

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """See `Store.list`."""
        return watched(self.inner.list(prefix, limit=limit), self.lease)

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        self.lease.require()
        self.inner.delete(key)


def under(place: Location, lease: Lease) -> Location:
    """The same place, to be written to as long as the lease holds."""
    return Location(LeasedStore(place.store, lease), place.prefix)


def _finished_under(blocks: Iterable[bytes], lease: Lease) -> Iterator[bytes]:
    """The blocks, of which the last comes only when the lease holds: until then there is no object."""
    last: bytes | None = None
    for block in blocks:
        if last is not None:
            lease.check()
            yield last
        last = block
    lease.require()
    if last is not None:
        yield last
