"""Where the archives of exports and imports lie: kept in their rows, with what opens them sealed."""

from collections.abc import Callable
from typing import Final, TypeAlias

import orjson
from sqlalchemy.orm import Session

from offline_transfer.forge.access import Actor
from offline_transfer.secrets import Vault
from offline_transfer.storage.configuration import Patience, StorageConfiguration
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.location import Location
from offline_transfer.storage.providers import Provider
from offline_transfer.transfers.errors import AdministratorsOnlyError, CredentialsPurgedError, OtherPlaceError
from offline_transfer.transfers.models import OfflineConfiguration

TABLE: Final = OfflineConfiguration.__tablename__
_CREDENTIALS: Final = OfflineConfiguration.object_storage_credentials.key

OpenStorage: TypeAlias = Callable[[StorageConfiguration, EgressPolicy, Patience], Location]
"""Gives the place of a configuration; nothing is contacted yet."""


def opened(storage: StorageConfiguration, policy: EgressPolicy, patience: Patience) -> Location:
    """The place itself."""
    return storage.open(policy, patience=patience)


def require_allowed(storage: StorageConfiguration, actor: Actor) -> None:
    """Raise AdministratorsOnlyError for a store that only administrators may have opened."""
    if storage.provider is Provider.GCS_APPLICATION_DEFAULT and not actor.admin:
        raise AdministratorsOnlyError


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
        row.object_storage_credentials = vault.seal(secret, table=TABLE, column=_CREDENTIALS, id=row.id)


def kept(vault: Vault, row: OfflineConfiguration) -> StorageConfiguration:
    """The place that was written down. Raises CredentialsPurgedError."""
    assert row.provider is not None
    assert row.bucket is not None
    if row.disk_configuration is not None:
        secret = orjson.dumps(row.disk_configuration).decode()
    elif row.object_storage_credentials is not None:
        secret = vault.open(row.object_storage_credentials, table=TABLE, column=_CREDENTIALS, id=row.id)
    else:
        raise CredentialsPurgedError(owner=_owner(row))
    return StorageConfiguration.from_secret_json(
        secret, provider=Provider.of_number(row.provider), bucket=row.bucket, prefix=row.prefix
    )


def again(vault: Vault, row: OfflineConfiguration, given: StorageConfiguration | None) -> StorageConfiguration:
    """Where work goes on: where it is, with the credentials that are given now or else those that are kept.

    Raises CredentialsPurgedError, OtherPlaceError.
    """
    if given is None:
        return kept(vault, row)
    require_same(row, given)
    return given


def require_same(row: OfflineConfiguration, given: StorageConfiguration) -> None:
    """Raise OtherPlaceError unless this is the place where work goes on, whatever its credentials."""
    if (given.provider.number, given.bucket, given.prefix) != (row.provider, row.bucket, row.prefix):
        raise OtherPlaceError(owner=_owner(row), place=row.location)


def _owner(row: OfflineConfiguration) -> str:
    is_import = row.offline_export_id is None
    return f"import {row.bulk_import_id}" if is_import else f"export {row.offline_export_id}"
