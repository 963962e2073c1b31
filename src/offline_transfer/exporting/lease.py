"""Whether work still belongs to who does it.

A worker that was silent for too long may live on after its job was given to another, and a person may cancel an export while it
runs. So each attempt has a number, work looks now and then whether its number is still the latest and its export still runs, and it
looks once more before the last block of an object goes to the store.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from sqlalchemy import ColumnElement, func, literal, select, update

from offline_transfer.db import Database
from offline_transfer.exporting.errors import WorkWithdrawnError
from offline_transfer.storage.location import Location
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store
from offline_transfer.transfers.models import ExportJob, OfflineExport
from offline_transfer.transfers.states import ExportState, JobState

CHECK_SECONDS: Final = 1.0
TOUCH_SECONDS: Final = 60.0

T = TypeVar("T")


class Lease(Protocol):
    """The right of one attempt to work."""

    def check(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database no more than once a second."""

    def require(self) -> None:
        """Raise WorkWithdrawnError if it was taken back; asks the database."""


@dataclass(slots=True)
class JobLease:
    """The lease of an attempt at a job of an export. Work that goes on touches its row, so that it is not taken for stuck."""

    database: Database
    job_id: int
    attempt: int
    _asked_at: float = field(default_factory=time.monotonic)
    _touched_at: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """See `Lease.check`."""
        if time.monotonic() - self._asked_at >= CHECK_SECONDS:
            self.require()

    def require(self) -> None:
        """See `Lease.require`."""
        with self.database.session() as session:
            if session.scalar(select(literal(1)).where(*self._held())) is None:
                raise WorkWithdrawnError
            if time.monotonic() - self._touched_at >= TOUCH_SECONDS:
                session.execute(update(ExportJob).where(ExportJob.id == self.job_id).values(updated_at=func.now()))
                self._touched_at = time.monotonic()
        self._asked_at = time.monotonic()

    def _held(self) -> tuple[ColumnElement[bool], ...]:
        # Whatever ends an export ends its jobs.
        return ExportJob.id == self.job_id, ExportJob.attempts == self.attempt, ExportJob.status == JobState.released


@dataclass(slots=True)
class EndLease:
    """The lease of an attempt to start or to end an export."""

    database: Database
    offline_export_id: int
    attempt: int
    _asked_at: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """See `Lease.check`."""
        if time.monotonic() - self._asked_at >= CHECK_SECONDS:
            self.require()

    def require(self) -> None:
        """See `Lease.require`."""
        held = (
            OfflineExport.id == self.offline_export_id,
            OfflineExport.attempts == self.attempt,
            OfflineExport.status == ExportState.started,
        )
        with self.database.session() as session:
            if session.scalar(select(literal(1)).where(*held)) is None:
                raise WorkWithdrawnError
        self._asked_at = time.monotonic()


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
