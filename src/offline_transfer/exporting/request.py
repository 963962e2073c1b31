"""What somebody asks for who wants an export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from offline_transfer.archive.encryption import EncryptionRequest
from offline_transfer.forge.access import OPERATOR, Actor
from offline_transfer.storage.configuration import StorageConfiguration

MOST_ENTITIES: Final = 1000
"""How many groups and projects one export may name; what lies in them is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedEntity:
    """A group or project by its full path, in any case.

    A group brings all that lies in it, unless `include_descendants` says otherwise. `skip_relations` are left out of it and of what
    it brings. Where two entities could bring the same group or project, the nearest above it decides about both.
    """

    full_path: str
    skip_relations: Sequence[str] = ()
    include_descendants: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """An export as it is asked for; None is whatever the instance does by itself."""

    entities: Sequence[RequestedEntity]
    storage: StorageConfiguration
    source_hostname: str | None = None
    """A URL of scheme, host and perhaps a port, or a plain alias. Whoever accepts contributions at the destination sees it."""
    encryption: EncryptionRequest | None = None
    signed_by: str | None = None
    """The fingerprint of the key that has to sign; a worker without it does not end the export."""
    batch_size: int | None = None
    actor: Actor = OPERATOR

    @classmethod
    def of_paths(cls, *full_paths: str, storage: StorageConfiguration) -> "ExportRequest":
        """A request for groups and projects with everything in them."""
        return cls(entities=[RequestedEntity(full_path=path) for path in full_paths], storage=storage)
