"""Where the archive of an export goes."""

import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.encryption import PLAIN, Encryption, Envelope
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.writing import Destination
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import Patience, StorageConfiguration, patience_of
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.places import kept

logger: Final = logging.getLogger(__name__)


def configuration_of(session: Session, offline_export_id: int) -> OfflineConfiguration:
    """The row that says where an export goes."""
    return session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == offline_export_id)
    ).one()


def destination_of(
    context: ExportContext,
    session: Session,
    export: OfflineExport,
    patience: Callable[[Settings], Patience] = patience_of,
) -> Destination:
    """Where the objects of an export go. Raises CredentialsPurgedError and what `StorageConfiguration.open` raises."""
    row = configuration_of(session, export.id)
    place = context.open_storage(kept(context.vault, row), context.egress, patience(context.settings))
    return Destination(place, ExportPrefix.parse(row.export_prefix), envelope_of(export))


def envelope_of(export: OfflineExport) -> Envelope:
    """What the objects of an export are put into."""
    encryption = None if export.encryption is None else export.encryption["encryption"]
    return PLAIN if encryption is None else Encryption.from_json(encryption)


def with_proof(context: ExportContext, storage: StorageConfiguration) -> StorageConfiguration:
    """The place, by which workers on other machines know it again; with an embedded database there are none."""
    return storage if context.settings.database_url is None else storage.with_proof(context.egress)


def remove_proof(context: ExportContext, storage: StorageConfiguration) -> None:
    """Remove what `with_proof` left. That it stays there does no harm."""
    try:
        storage.remove_proof(context.egress)
    except OfflineTransferError as error:
        logger.warning("export.proof_left", extra={"reason": error.message})
