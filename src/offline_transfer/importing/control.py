"""Ends an import early."""

from sqlalchemy.orm import Session

from offline_transfer.importing import ending, schedule
from offline_transfer.importing.errors import ImportEndedError
from offline_transfer.transfers.states import OPEN_IMPORT


def cancel(session: Session, bulk_import_id: int) -> None:
    """End an import that somebody does not want any more: nothing new starts, and what runs ends with its step.

    What it has made stays; a rollback removes that. Raises ImportEndedError.
    """
    bulk_import = schedule.lock(session, bulk_import_id)
    if bulk_import.status not in OPEN_IMPORT:
        raise ImportEndedError(id=bulk_import_id, status=bulk_import.status.name)
    ending.cancel(session, bulk_import)
