"""Directories below which requests may name one."""

from collections.abc import Sequence
from pathlib import Path

from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import DirectoryNotAllowedError
from offline_transfer.storage.keys import validate_prefix
from offline_transfer.storage.location import Location


def place_below(roots: Sequence[Path], directory: Path) -> Location:
    """A directory as a place in the store of the root below which it lies.

    Links are resolved once, here; the store follows none below its root, so none that is put in the way later leads out of it.
    Raises DirectoryNotAllowedError, and InvalidObjectKeyError for names that no key can have.
    """
    resolved = directory.resolve()
    for root in roots:
        allowed = root.resolve()
        if resolved.is_relative_to(allowed):
            inside = resolved.relative_to(allowed)
            return Location(DiskStore(allowed), validate_prefix("" if inside == Path() else inside.as_posix()))
    raise DirectoryNotAllowedError(directory=ascii(str(directory))[1:-1])
