"""The right of one attempt to work on an export.

An attempt whose right was lost finishes no object any more: it looks once more before the last block of one goes to the store.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from offline_transfer.db import Database
from offline_transfer.storage.location import Location
from offline_transfer.storage.store import LIST_LIMIT, ObjectInfo, Source, Store
from offline_transfer.transfers.lease import Lease, LeaseStatements, leased, watched
from offline_transfer.transfers.states import ExportState, JobState

# Whatever ends an export ends its jobs, so that one row is asked. Work that goes on is not stuck, and says so.
_JOB: Final = LeaseStatements(
    held=b"SELECT FROM import_offline_export_jobs WHERE id = %s AND attempts = %s AND status = %s",
    touch=b"UPDATE import_offline_export_jobs SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s",
)
_END: Final = LeaseStatements(
    held=b"SELECT FROM import_offline_exports WHERE id = %s AND attempts = %s AND status = %s",
    touch=b"UPDATE import_offline_exports SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s",
)


@contextmanager
def lease_of_job(database: Database, job_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt at a job of an export."""
    with leased(database, _JOB, (job_id, attempt, JobState.released.value)) as lease:
        yield lease


@contextmanager
def lease_of_end(database: Database, offline_export_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt to start or to end an export."""
    with leased(database, _END, (offline_export_id, attempt, ExportState.started.value)) as lease:
        yield lease


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
