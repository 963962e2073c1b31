"""Attempts at the jobs of an import: each has a number and a lease, and what it does counts only as long as it is the latest."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.exc import DBAPIError

from offline_transfer import queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing import places, schedule
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.lease import lease_of_job
from offline_transfer.importing.schedule import Subject
from offline_transfer.queue import JobInterruptedError
from offline_transfer.transfers.lease import Lease, WorkWithdrawnError
from offline_transfer.transfers.ledger import Claim

logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a job, its right to work, and the instance as it may use it: Git ends when the right is lost."""

    claim: Claim
    lease: Lease
    context: ImportContext

    @property
    def bulk_import_id(self) -> int:
        """The import that it is a part of."""
        return self.claim.bulk_import_id


@contextmanager
def claimed(context: ImportContext, subject: Subject) -> Iterator[Attempt | None]:
    """An attempt at a job; None when there is nothing to do. An attempt that was taken back ends in silence."""
    with context.database.session() as session:
        claim = schedule.claim(session, subject)
    if claim is None:
        yield None
        return
    context = replace(context, limits=places.limits_kept(context, claim.bulk_import_id))
    try:
        with lease_of_job(context.database, claim.job_id, claim.attempt) as lease:
            yield Attempt(claim, lease, _under(context, lease))
    except Exception as error:
        _leave(context, claim)
        if not isinstance(error, WorkWithdrawnError):
            raise
        logger.info("import.work_withdrawn")


def goes_up(context: ImportContext, error: OfflineTransferError) -> bool:
    """Whether an error is not the work's own: it was taken back or interrupted, or the job is tried again and that may help."""
    if isinstance(error, (WorkWithdrawnError, JobInterruptedError)):
        return True
    return queue.is_tried_again(error, context.settings.job_attempts)


def _under(context: ImportContext, lease: Lease) -> ImportContext:
    git = replace(context.repositories.git, interrupt=lease.check)
    return replace(context, repositories=Repositories(context.repositories.root, git))


def _leave(context: ImportContext, claim: Claim) -> None:
    try:
        with context.database.session() as session:
            schedule.leave(session, claim)
    except DBAPIError:
        # Then this attempt counts as one that may live, whose transactions a later one ends.
        logger.warning("import.attempt_not_ended", extra={"import": claim.bulk_import_id})
