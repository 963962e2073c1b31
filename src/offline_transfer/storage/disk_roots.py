"""Directories below which requests may name one, and the proof that a machine sees the same one as another.

A mount that is absent looks like an empty directory, and what is written there is lost. So whoever takes a request leaves a file in
the root, and whoever works on it looks for that file first.
"""

from collections.abc import Sequence
from pathlib import Path
from platform import node
from typing import Final

from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import DirectoryNotAllowedError, DirectoryNotSeenError
from offline_transfer.storage.keys import validate_prefix
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import Store, exists

_PROOF: Final = ".offline-transfer-{nonce}"


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


def leave_proof(root: Store, nonce: str) -> None:
    """Write the file by which other machines know the root again. Raises StorageError."""
    root.put(_PROOF.format(nonce=nonce), from_bytes(b""))


def require_proof(root: Store, nonce: str) -> None:
    """Raises DirectoryNotSeenError if this machine does not see what `leave_proof` wrote."""
    if not exists(root, _PROOF.format(nonce=nonce)):
        raise DirectoryNotSeenError(host=node(), directory=root.describe())


def remove_proof(root: Store, nonce: str) -> None:
    """Remove the file, which may be gone already."""
    root.delete(_PROOF.format(nonce=nonce))
