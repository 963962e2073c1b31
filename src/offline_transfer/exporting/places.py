"""Where the archive of an export goes: kept in its row while it runs, with what opens it sealed."""

import logging
from typing import Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.encryption import PLAIN, Encryption, Envelope
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import CredentialsPurgedError
from offline_transfer.exporting.writing import Destination
from offline_transfer.secrets import Vault
from offline_transfer.storage.configuration import StorageConfiguration, patience_of
from offline_transfer.storage.providers import Provider
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport

_TABLE: Final = OfflineConfiguration.__tablename__
_COLUMN: Final = OfflineConfiguration.object_storage_credentials.key

logger: Final = logging.getLogger(__name__)


def configuration_of(session: Session, offline_export_id: int) -> OfflineConfiguration:
    """The row that says where an export goes."""
    return session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == offline_export_id)
    ).one()


def keep(session: Session, vault: Vault, row: OfflineConfiguration, storage: StorageConfiguration) -> None:
    """Write down a place, with its credentials sealed for this row."""
    row.provider = storage.provider.number
    row.bucket = storage.bucket
    row.prefix = storage.prefix
    row.location = storage.describe()
    session.add(row)
    session.flush()
    secret = storage.to_secret_json()
    if storage.provider is Provider.DISK:
        # A directory has no credentials, so it needs no keys, and nothing to be purged.
        row.disk_configuration = orjson.loads(secret)
    else:
        row.object_storage_credentials = vault.seal(secret, table=_TABLE, column=_COLUMN, id=row.id)


def kept(vault: Vault, row: OfflineConfiguration) -> StorageConfiguration:
    """The place that was written down. Raises CredentialsPurgedError."""
    assert row.provider is not None
    assert row.bucket is not None
    if row.disk_configuration is not None:
        secret = orjson.dumps(row.disk_configuration).decode()
    elif row.object_storage_credentials is not None:
        secret = vault.open(row.object_storage_credentials, table=_TABLE, column=_COLUMN, id=row.id)
    else:
        raise CredentialsPurgedError(id=row.offline_export_id)
    return StorageConfiguration.from_secret_json(
        secret, provider=Provider.of_number(row.provider), bucket=row.bucket, prefix=row.prefix
    )


def destination_of(context: ExportContext, session: Session, export: OfflineExport) -> Destination:
    """Where the objects of an export go. Raises CredentialsPurgedError and what `StorageConfiguration.open` raises."""
    row = configuration_of(session, export.id)
    place = context.open_storage(kept(context.vault, row), context.egress, patience_of(context.settings))
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
