"""The right of one attempt to work on an import, or on its beginning."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from offline_transfer.db import Database
from offline_transfer.transfers.lease import Lease, LeaseStatements, leased
from offline_transfer.transfers.states import ImportState, JobState

# Whatever ends an import ends its jobs, so that one row is asked. Work that goes on is not stale, and says so.
_JOB: Final = LeaseStatements(
    held=b"SELECT FROM bulk_import_jobs WHERE id = %s AND attempts = %s AND status = %s",
    touch=b"UPDATE bulk_import_jobs SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s",
)

# Before there are jobs, only the import itself says who is to begin it.
_START: Final = LeaseStatements(
    held=b"SELECT FROM bulk_imports WHERE id = %s AND attempts = %s AND status = %s",
    touch=b"UPDATE bulk_imports SET updated_at = now() WHERE id = %s AND attempts = %s AND status = %s",
)


@contextmanager
def lease_of_job(database: Database, job_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt at a job of an import."""
    with leased(database, _JOB, (job_id, attempt, JobState.released.value)) as lease:
        yield lease


@contextmanager
def lease_of_start(database: Database, bulk_import_id: int, attempt: int) -> Iterator[Lease]:
    """The lease of an attempt at the start of an import."""
    with leased(database, _START, (bulk_import_id, attempt, ImportState.started.value)) as lease:
        yield lease
