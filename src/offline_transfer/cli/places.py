"""Places of archives as they are typed: `URL/PREFIX`."""

import os
from pathlib import Path

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.errors import UsageError
from offline_transfer.storage.location import Location, parse_location
from offline_transfer.storage.store import Store
from offline_transfer.verify.reader import Archive


class ArchivePlaceError(UsageError):
    """`{place}` names no archive: it ends with the export prefix, like `/media/disk/2026-04-16_19-39-00_export_dJtnb3CV`."""


def store_place(url: str, s3_endpoint: str | None) -> Location:
    """Where archives are written below."""
    return parse_location(url, environment=os.environ, s3_endpoint=s3_endpoint)


def archive_place(url: str, s3_endpoint: str | None) -> tuple[Store, ExportPrefix]:
    """The store and the prefix of one archive."""
    if "://" not in url:
        path = Path(url).absolute()
        if not path.name:
            raise ArchivePlaceError(place=url)
        return store_place(str(path.parent), None).store, ExportPrefix.parse(path.name)
    if url.startswith("file://"):
        head, _, name = url.rstrip("/").rpartition("/")
        return store_place(head, None).store, ExportPrefix.parse(name)
    location = store_place(url, s3_endpoint)
    if not location.prefix:
        raise ArchivePlaceError(place=url)
    return location.store, ExportPrefix.parse(location.prefix)


def open_archive(url: str, s3_endpoint: str | None) -> Archive:
    """An archive, open for reading."""
    store, prefix = archive_place(url, s3_endpoint)
    return Archive(store, prefix)
