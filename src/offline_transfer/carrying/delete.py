"""Removes an archive, whole or what an export that was broken off has left."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from offline_transfer.archive.errors import InvalidKeyError
from offline_transfer.archive.keys import ObjectKey
from offline_transfer.carrying.copy import NAMED_STRANGERS, listed
from offline_transfer.carrying.errors import NothingToDeleteError
from offline_transfer.carrying.plan import DESCRIBING, METADATA_KEYS, Place
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.store import exists
from offline_transfer.verify.index import ObjectIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What was removed: objects and bytes; and what was left, because it is not of an archive (the first hundred)."""

    objects: int
    size: int
    left: tuple[str, ...]


def is_whole(place: Place) -> bool:
    """Whether a whole archive lies there, by its metadata."""
    return any(exists(place.store, place.key(name)) for name in METADATA_KEYS)


def delete(place: Place, *, progress: Callable[[str], None] | None = None) -> Deleted:
    """Remove what is of an archive: the metadata first, so that what is left when this is broken off is no archive.

    Raises NothingToDeleteError, and errors of the store.
    """
    left: list[str] = []
    objects = size = 0
    with closing(ObjectIndex()) as index:
        # The listing ends before anything is removed: not every store can list what changes.
        index.list(listed(place))
        ours = [name for name in METADATA_KEYS if index.listed_size(name) is not None]
        for name in (*ours, *(name for name in index.unannounced() if name not in METADATA_KEYS)):
            if not _is_of_archive(name):
                left.append(name)
                continue
            if progress is not None:
                progress(name)
            place.store.delete(place.key(name))
            objects += 1
            size += index.listed_size(name) or 0
    if not objects:
        raise NothingToDeleteError(where=place.describe())
    if isinstance(place.store, DiskStore):
        place.store.prune(str(place.prefix))
    return Deleted(objects=objects, size=size, left=tuple(left[:NAMED_STRANGERS]))


def _is_of_archive(name: str) -> bool:
    if name in DESCRIBING:
        return True
    try:
        ObjectKey.parse(name)
    except InvalidKeyError:
        return False
    return True
