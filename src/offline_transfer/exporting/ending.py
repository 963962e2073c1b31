"""How an export ends, and what follows from it."""

import logging
from typing import Final

from sqlalchemy import func
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import METADATA_KEY
from offline_transfer.exporting import names, places, schedule
from offline_transfer.exporting.context import ExportContext
from offline_transfer.storage.configuration import patience_under_lock
from offline_transfer.storage.errors import StorageAccessDeniedError
from offline_transfer.transfers.errors import CredentialsPurgedError
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.transfers.places import kept
from offline_transfer.transfers.states import ExportState, step

logger: Final = logging.getLogger(__name__)

WITHOUT_ARCHIVE: Final = (ExportState.failed, ExportState.canceled, ExportState.timeout)


def finish(session: Session, export: OfflineExport, *, has_failures: bool) -> None:
    """The archive is whole. The row is locked."""
    export.has_failures = has_failures
    _end(session, export, ExportState.finished)


def fail(session: Session, export: OfflineExport, failure: Failure) -> None:
    """There will be no archive. The row is locked; an export that has ended stays as it is."""
    _end_without_archive(session, export, ExportState.failed, failure)


def time_out(session: Session, export: OfflineExport, failure: Failure) -> None:
    """Nobody works on it any more. The row is locked; an export that has ended stays as it is."""
    _end_without_archive(session, export, ExportState.timeout, failure)


def cancel(session: Session, export: OfflineExport) -> None:
    """Somebody does not want it any more. The row is locked."""
    _end(session, export, ExportState.canceled)
    queue.defer(session, names.WITHDRAW, offline_export_id=export.id)


def withdraw(context: ExportContext, offline_export_id: int) -> None:
    """See to it that what an export has written is no archive, if the export did not finish.

    It can have died, or not heard the answer, just when it put the metadata there.
    """
    with context.database.session() as session:
        # The lock keeps a later attempt from finishing meanwhile.
        export = schedule.lock_over_store(session, offline_export_id)
        if export.status not in WITHOUT_ARCHIVE:
            return
        try:
            destination = places.destination_of(context, session, export, patience_under_lock)
        except CredentialsPurgedError:
            return
        try:
            destination.place.store.delete(destination.key(METADATA_KEY))
        except StorageAccessDeniedError:
            logger.warning("export.metadata_not_removed", extra={"prefix": str(destination.prefix)})
        storage = kept(context.vault, places.configuration_of(session, offline_export_id))
    places.remove_proof(context, storage)


def _end_without_archive(session: Session, export: OfflineExport, status: ExportState, failure: Failure) -> None:
    if export.status in (ExportState.created, ExportState.started):
        export.failure = failure
        export.has_failures = True
        _end(session, export, status)
        queue.defer(session, names.WITHDRAW, offline_export_id=export.id)


def _end(session: Session, export: OfflineExport, status: ExportState) -> None:
    export.status = step(export.status, status)
    export.ended_at = func.now()
    schedule.withdraw(session, export.id)
    if export.user_id is not None and status is not ExportState.canceled:
        queue.defer(session, names.MAIL, offline_export_id=export.id)
