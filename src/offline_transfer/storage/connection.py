"""Whether a place can be used, asked before anything depends on it."""

import secrets
from typing import Final

from offline_transfer.errors import StorageError
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import BucketInaccessibleError, InvalidLocationError
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_bytes

_PROBE: Final = ".offline-transfer-looks-whether-it-may"


def require_access(location: Location) -> None:
    """Raises BucketInaccessibleError if the place does not answer, or not to us.

    A bucket is asked for a listing of what nothing is called, which needs no permission beyond those of an export. On a disk a file
    is written and removed. The reason is one of ours, never the text of a store.
    """
    try:
        if isinstance(location.store, DiskStore):
            probe = location.key(f"{_PROBE}-{secrets.token_hex(8)}")
            location.store.put(probe, from_bytes(b""))
            location.store.delete(probe)
        else:
            next(location.store.list(location.key(_PROBE)), None)
    except (StorageError, InvalidLocationError) as error:
        reason = error.message
    else:
        return
    raise BucketInaccessibleError(reason=reason)
