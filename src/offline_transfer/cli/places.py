"""Places of archives as they are typed: `URL/PREFIX`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.cli.errors import ArchivePlaceError
from offline_transfer.cli.limits import limits_of
from offline_transfer.logs import write_logs
from offline_transfer.settings import load_settings
from offline_transfer.storage.configuration import StorageConfiguration, parse_location
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StoreNotFoundError
from offline_transfer.storage.location import Location
from offline_transfer.storage.providers import Provider
from offline_transfer.storage.store import Store
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.reader import Archive

_PROBE: Final = "offline-transfer-looks-whether-it-may"
"""What nothing is called: listing it costs one request."""


def store_place(url: str, s3_endpoint: str | None) -> Location:
    """Where archives are written below."""
    return parse_location(url, environment=os.environ, s3_endpoint=s3_endpoint)


def require_reachable(place: Location) -> None:
    """Raise what a store says when it does not answer or refuses us, before an export begins to read."""
    try:
        next(place.store.list(place.key(_PROBE)), None)
    except StoreNotFoundError:
        # A bucket has to be there; a directory is made.
        if not isinstance(place.store, DiskStore):
            raise


def open_archive(url: str, s3_endpoint: str | None, limits: Sequence[str] | None, keys: Keys | None = None) -> Archive:
    """An archive, open for reading, with limits as they are typed and keys for one that is encrypted."""
    write_logs(load_settings().log_level)
    store, prefix = archive_place(url, s3_endpoint)
    return Archive(store, prefix, limits_of(limits), keys)


def open_carried(url: str, s3_endpoint: str | None, limits: Sequence[str] | None) -> Carried:
    """An archive that nobody here has a key to."""
    store, prefix = archive_place(url, s3_endpoint)
    return Carried(store, prefix, limits_of(limits))


def archive_place(
    url: str, s3_endpoint: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[Store, ExportPrefix]:
    """The store and the prefix of an archive; the environment holds the credentials."""
    location = parse_location(url, environment=environment, s3_endpoint=s3_endpoint)
    if not isinstance(location.store, DiskStore):
        return location.store, _prefix(location.prefix, url)
    # The last part is a name inside a store, which follows no links; a link that somebody types is meant.
    directory = Path(location.store.describe()).resolve()
    return DiskStore(directory.parent), _prefix(directory.name, url)


def kept_archive_place(
    url: str, s3_endpoint: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[StorageConfiguration, str]:
    """The same as it is kept for workers: the store, and the prefix of the archive in it."""
    typed = StorageConfiguration.from_location(url, environment, s3_endpoint)
    if typed.provider is not Provider.DISK:
        return replace(typed, prefix=""), str(_prefix(typed.prefix, url))
    directory = Path(typed.bucket).resolve()
    return replace(typed, bucket=str(directory.parent)), str(_prefix(directory.name, url))


def _prefix(name: str, url: str) -> ExportPrefix:
    if not name:
        raise ArchivePlaceError(place=ascii(url)[1:-1])
    return ExportPrefix.parse(name)
