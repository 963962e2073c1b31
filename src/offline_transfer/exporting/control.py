"""Ends an export early, and has one tried again."""

from typing import Final

from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.exporting import ending, names, places, reopening, schedule
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import require_storage
from offline_transfer.exporting.errors import ExportEndedError, ExportNotRetryableError
from offline_transfer.forge.access import OPERATOR, Actor
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.transfers.places import again, keep
from offline_transfer.transfers.states import OPEN_EXPORT, ExportState, step

_RETRYABLE: Final = (ExportState.failed, ExportState.canceled, ExportState.timeout)


def cancel(session: Session, offline_export_id: int) -> None:
    """End an export that somebody does not want any more: nothing new starts, and what runs ends within seconds.

    What was written stays where it is, without metadata, so that nobody takes it for an archive. Raises ExportEndedError.
    """
    export = schedule.lock(session, offline_export_id)
    if export.status not in OPEN_EXPORT:
        raise ExportEndedError(id=offline_export_id, status=export.status.name)
    ending.cancel(session, export)


def retry(
    context: ExportContext,
    offline_export_id: int,
    *,
    storage: StorageConfiguration | None = None,
    actor: Actor = OPERATOR,
) -> None:
    """Have what did not finish of an export done again, into the same prefix; the permissions are those of its own user.

    `storage` is needed once the credentials were purged; it may differ in them alone. Raises ExportNotRetryableError,
    CredentialsPurgedError, OtherPlaceError, and what `create.require_storage` raises.
    """
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id)
        _require_retryable(export)
        place = again(context.vault, places.configuration_of(session, offline_export_id), storage)
    require_storage(context, place, actor)
    place = places.with_proof(context, place)
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        _require_retryable(export)
        keep(session, context.vault, places.configuration_of(session, offline_export_id), place)
        reopening.reopen_unfinished(session, offline_export_id)
        export.status = step(export.status, ExportState.created)
        export.has_failures = False
        export.failure = None
        export.started_at = None
        export.ended_at = None
        queue.defer(session, names.EXPORT, offline_export_id=offline_export_id)


def _require_retryable(export: OfflineExport) -> None:
    if export.status in _RETRYABLE or (export.status is ExportState.finished and export.has_failures):
        return
    raise ExportNotRetryableError(id=export.id, status=export.status.name)
