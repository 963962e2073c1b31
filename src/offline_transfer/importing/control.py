"""Ends an import early, and has one tried again."""

from typing import Final

from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.encryption import Keys
from offline_transfer.forge.access import OPERATOR, Actor
from offline_transfer.importing import ending, names, places, reopening, schedule
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.errors import ImportEndedError, ImportNotRetryableError
from offline_transfer.importing.reopening import Reopened
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import BulkImport
from offline_transfer.transfers.states import OPEN_IMPORT, ImportState, SourceType, step

_RETRYABLE: Final = (ImportState.failed, ImportState.canceled, ImportState.timeout)


def cancel(session: Session, bulk_import_id: int) -> None:
    """End an import that somebody does not want any more: nothing new starts, and what runs ends within seconds.

    What it has made stays, and is known as not whole. Raises ImportEndedError.
    """
    bulk_import = schedule.lock(session, bulk_import_id)
    if bulk_import.status not in OPEN_IMPORT:
        raise ImportEndedError(id=bulk_import_id, status=bulk_import.status.name)
    ending.cancel(session, bulk_import)


def retry(
    context: ImportContext,
    bulk_import_id: int,
    *,
    storage: StorageConfiguration | None = None,
    keys: Keys | None = None,
    actor: Actor = OPERATOR,
) -> Reopened:
    """Have what did not come of an import tried again, and nothing else; gives what that is.

    `storage` and `keys` are needed once theirs were purged. Raises ImportNotRetryableError, and what `places.renew` raises.
    """
    with context.database.session() as session:
        _require_retryable(session.get_one(BulkImport, bulk_import_id))
    places.renew(context, bulk_import_id, storage=storage, keys=keys or Keys(), actor=actor)
    with context.database.session() as session:
        return reopen(session, bulk_import_id)


def reopen(session: Session, bulk_import_id: int) -> Reopened:
    """The same for an import whose archive was seen to be there."""
    bulk_import = schedule.lock(session, bulk_import_id)
    _require_retryable(bulk_import)
    reopened = reopening.reopen_unfinished(session, bulk_import_id)
    bulk_import.status = step(bulk_import.status, ImportState.created)
    bulk_import.has_failures = False
    bulk_import.error = None
    bulk_import.started_at = None
    bulk_import.ended_at = None
    queue.defer(session, names.IMPORT, bulk_import_id=bulk_import_id)
    return reopened


def _require_retryable(bulk_import: BulkImport) -> None:
    is_unfinished = bulk_import.status in _RETRYABLE
    has_failures = bulk_import.status is ImportState.finished and bulk_import.has_failures
    is_there = bulk_import.rolled_back_at is None and bulk_import.source_type is SourceType.offline_export
    if not is_there or not (is_unfinished or has_failures):
        raise ImportNotRetryableError(id=bulk_import.id, status=bulk_import.status.name)
