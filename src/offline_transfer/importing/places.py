"""Where the archive of an import lies: kept in its row until a day after the end, with what opens store and archive sealed."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from offline_transfer.archive.encryption import Keys, identities_of
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.archive.limits import MIB, Limits
from offline_transfer.db import Database, lock_briefly
from offline_transfer.errors import StorageError
from offline_transfer.forge.access import Actor
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.importing import origin
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import StorageConfiguration, patience_of
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.errors import BucketInaccessibleError
from offline_transfer.transfers import places
from offline_transfer.transfers.models import BulkImport, OfflineConfiguration
from offline_transfer.transfers.places import OpenStorage
from offline_transfer.verify.reader import Archive

PURGED_AFTER: Final = timedelta(hours=24)
WITHOUT_LIMIT: Final = 2**63 - 1

_DECRYPTION: Final = OfflineConfiguration.decryption.key


class Reaching(Protocol):
    """What it takes to reach archives; every ImportContext has it."""

    @property
    def database(self) -> Database:
        """Where the rows are."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def vault(self) -> Vault:
        """What seals and opens secrets."""

    @property
    def egress(self) -> EgressPolicy:
        """Which stores of requests may be contacted."""

    @property
    def open_storage(self) -> OpenStorage:
        """How a place is opened."""

    @property
    def limits(self) -> Limits:
        """How much an archive may ask of us."""


def limits_of(said: ApplicationSettings) -> Limits:
    """The limits for reading that an administrator has set."""
    return Limits(
        object_bytes=said.bulk_import_max_download_file_size * MIB or WITHOUT_LIMIT,
        decompressed_bytes=said.max_decompressed_archive_size * MIB or WITHOUT_LIMIT,
    )


def open_given(context: Reaching, storage: StorageConfiguration, export_prefix: ExportPrefix, keys: Keys) -> Archive:
    """An archive that somebody names. Raises BucketInaccessibleError for whatever a store says, and what `Archive` raises."""
    try:
        return _open(context, storage, export_prefix, keys)
    except StorageError as error:
        raise BucketInaccessibleError(reason=error.message) from error


def open_archive(context: Reaching, bulk_import_id: int) -> Archive:
    """The archive of an import, to be closed: it is a context manager.

    Raises CredentialsPurgedError, ArchiveExchangedError, and what `StorageConfiguration.open` and `Archive` raise.
    """
    with context.database.session() as session:
        row, bulk_import = configuration_of(session, bulk_import_id), session.get_one(BulkImport, bulk_import_id)
        storage, keys = places.kept(context.vault, row), decryption_of(context.vault, row)
    archive = _open(context, storage, ExportPrefix.parse(row.export_prefix), keys)
    try:
        origin.require_unchanged(bulk_import, archive)
    except BaseException:
        archive.close()
        raise
    return archive


def limits_kept(context: Reaching, bulk_import_id: int) -> Limits:
    """How much the archive of an import may ask of us: what was said when it was taken on, or else what the context says."""
    with context.database.session() as session:
        found = session.scalar(
            select(OfflineConfiguration.limits).where(OfflineConfiguration.bulk_import_id == bulk_import_id)
        )
    return context.limits if found is None else Limits(**found)


def changed_at(context: Reaching, bulk_import_id: int) -> datetime:
    """When it was last changed how the archive of an import is opened."""
    with context.database.session() as session:
        return configuration_of(session, bulk_import_id).updated_at


def configuration_of(session: Session, bulk_import_id: int) -> OfflineConfiguration:
    """The row that says where the archive of an import lies."""
    return session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.bulk_import_id == bulk_import_id)
    ).one()


def keep(
    session: Session, vault: Vault, row: OfflineConfiguration, storage: StorageConfiguration, archive: Archive
) -> None:
    """Write down where an archive lies that was opened there, and what opens it if it is encrypted."""
    places.keep(session, vault, row, storage)
    if archive.is_encrypted:
        # The identity that a passphrase leads to is among them, so the passphrase itself need not be kept.
        identities = "\n".join(map(str, archive.keys.identities))
        row.decryption = vault.seal(identities, table=places.TABLE, column=_DECRYPTION, id=row.id)


def renew(
    context: Reaching, bulk_import_id: int, *, storage: StorageConfiguration | None, keys: Keys, actor: Actor
) -> None:
    """Before an import is tried again: look whether its archive is there, and keep what opens it anew.

    `storage` and `keys` are needed once theirs were purged; a store may differ in its credentials alone. Raises
    CredentialsPurgedError, OtherPlaceError, AdministratorsOnlyError, ArchiveExchangedError, and what `open_given` raises.
    """
    with context.database.session() as session:
        row, bulk_import = configuration_of(session, bulk_import_id), session.get_one(BulkImport, bulk_import_id)
        place = places.again(context.vault, row, storage)
        opening = keys or decryption_of(context.vault, row)
    places.require_allowed(place, actor)
    with open_given(context, place, ExportPrefix.parse(row.export_prefix), opening) as archive:
        origin.require_unchanged(bulk_import, archive)
        with context.database.session() as session:
            keep(session, context.vault, configuration_of(session, bulk_import_id), place, archive)


def decryption_of(vault: Vault, row: OfflineConfiguration) -> Keys:
    """What opens the archive: nothing where it is not encrypted, or was purged."""
    if row.decryption is None:
        return Keys()
    return Keys(identities_of(vault.open(row.decryption, table=places.TABLE, column=_DECRYPTION, id=row.id), "row"))


def purge(database: Database, *, after: timedelta = PURGED_AFTER) -> int:
    """Forget what opens the stores and archives of imports that ended so long ago; gives how many there were."""
    ended = select(BulkImport.id).where(BulkImport.ended_at < func.now() - after)
    with database.session() as session:
        lock_briefly(session)
        purged = session.execute(
            update(OfflineConfiguration)
            .where(
                or_(
                    OfflineConfiguration.object_storage_credentials.is_not(None),
                    OfflineConfiguration.decryption.is_not(None),
                ),
                OfflineConfiguration.bulk_import_id.in_(ended),
            )
            .values(object_storage_credentials=None, decryption=None, updated_at=func.now())
            .returning(OfflineConfiguration.id)
            .execution_options(synchronize_session=False)
        )
        return len(purged.all())


def _open(context: Reaching, storage: StorageConfiguration, export_prefix: ExportPrefix, keys: Keys) -> Archive:
    place = context.open_storage(storage, context.egress, patience_of(context.settings))
    return Archive(place.store, ExportPrefix.parse(place.key(str(export_prefix))), context.limits, keys)
