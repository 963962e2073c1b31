"""Compares what lies in the store with what was written, before an archive is made of it."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Set
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import CHECKSUMS_KEY, MANIFEST_KEY, METADATA_KEY
from offline_transfer.db import Database
from offline_transfer.exporting.errors import ObjectsGoneError
from offline_transfer.exporting.writing import Destination
from offline_transfer.storage.errors import ObjectNotFoundError, StorageAccessDeniedError
from offline_transfer.transfers.models import ExportObject

LISTED_AT_ONCE: Final = 1000

T = TypeVar("T")

logger: Final = logging.getLogger(__name__)


def contested(database: Database, offline_export_id: int, destination: Destination) -> list[ExportObject]:
    """Objects that two attempts may have written and that do not hold what the one wrote that was kept.

    Where we may write but not read, nobody can look: then sizes have to do.
    """
    foreign = []
    with database.session() as session:
        objects = session.scalars(
            select(ExportObject)
            .where(ExportObject.offline_export_id == offline_export_id, ExportObject.is_contested)
            .order_by(ExportObject.key)
        ).all()
    try:
        for found in objects:
            if _sha256(destination, found) != found.sha256:
                foreign.append(found)
    except StorageAccessDeniedError:
        logger.warning("export.objects_not_read", extra={"export": offline_export_id})
    return foreign


def settle(session: Session, offline_export_id: int, destination: Destination) -> None:
    """Remove what dead attempts left below the prefix: a reader refuses objects that the manifest does not name.

    What is gone or has another size raises ObjectsGoneError, which knows the rows.
    """
    beside = _names_beside(destination)
    suffix = destination.envelope.suffix
    found = set[int]()
    for infos in _slices(destination.place.store.list(destination.top), LISTED_AT_ONCE):
        sizes = {destination.relative(info.key): info.size for info in infos}
        keys = [name.removesuffix(suffix) for name in sizes if name.endswith(suffix)]
        written = session.execute(
            select(ExportObject.key, ExportObject.id, ExportObject.bytes).where(
                ExportObject.offline_export_id == offline_export_id, ExportObject.key.in_(keys)
            )
        )
        known = {f"{key}{suffix}": (object_id, size) for key, object_id, size in written}
        found |= {object_id for name, (object_id, size) in known.items() if sizes[name] == size}
        for stranger in sizes.keys() - known.keys() - beside:
            destination.place.store.delete(destination.plain_key(stranger))
    all_ids = session.scalars(select(ExportObject.id).where(ExportObject.offline_export_id == offline_export_id))
    if missing := [object_id for object_id in all_ids if object_id not in found]:
        raise ObjectsGoneError(count=len(missing), where=destination.place.describe(), object_ids=missing)


def _names_beside(destination: Destination) -> Set[str]:
    """What lies beside the objects and is written after them, by the names that an earlier end of this export gave it."""
    suffix = destination.envelope.suffix
    return {CHECKSUMS_KEY, f"{MANIFEST_KEY}{suffix}", f"{METADATA_KEY}{suffix}", *destination.envelope.beside}


def _sha256(destination: Destination, found: ExportObject) -> str | None:
    """The hash of an object as it is stored; None if it is not there."""
    digest = hashlib.sha256()
    try:
        for block in destination.place.store.blocks(destination.key(found.key)):
            digest.update(block)
    except ObjectNotFoundError:
        return None
    return digest.hexdigest()


def _slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
