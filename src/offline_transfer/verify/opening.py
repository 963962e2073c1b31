"""The first look at an archive: what it says of itself, and whether we can open it."""

from collections.abc import Iterable
from dataclasses import dataclass

from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.errors import KeyNeededError, NoPassphraseError
from offline_transfer.archive.keys import (
    ENCRYPTED_SUFFIX,
    IDENTITY_KEY,
    METADATA_KEY,
    UNCOMPRESSED_METADATA_KEY,
    ExportPrefix,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import content
from offline_transfer.archive.patience import in_time
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.store import Store, exists
from offline_transfer.verify.errors import ArchiveNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The metadata of an archive, whether it is encrypted, and the keys that open its objects."""

    metadata: Metadata
    is_encrypted: bool
    keys: Keys


def open_metadata(store: Store, prefix: ExportPrefix, limits: Limits, keys: Keys) -> Opened:
    """Read the metadata; with a passphrase that takes some seconds.

    Raises `ArchiveNotFoundError`, what `Metadata.parse` raises, errors of the store, and of an encrypted archive also
    `KeyNeededError`, `WrongIdentityError`, `WrongPassphraseError` and `NoPassphraseError`.
    """
    for key in (METADATA_KEY, UNCOMPRESSED_METADATA_KEY):
        try:
            metadata = _parsed(store.blocks(prefix.key(key)), key, limits)
        except ObjectNotFoundError:
            continue
        return Opened(metadata=metadata, is_encrypted=False, keys=keys)
    key = f"{METADATA_KEY}{ENCRYPTED_SUFFIX}"
    where = f"{store.describe()}/{prefix}"
    if not exists(store, prefix.key(key)):
        raise ArchiveNotFoundError(where=where)
    if not keys:
        raise KeyNeededError(where=where)
    unlocked = _unlocked(store, prefix, limits, keys)
    metadata = _parsed(unlocked.open(store.blocks(prefix.key(key)), key), key, limits)
    return Opened(metadata=metadata, is_encrypted=True, keys=unlocked)


def _parsed(blocks: Iterable[bytes], key: str, limits: Limits) -> Metadata:
    return Metadata.parse(content(in_time(blocks, limits, key), key, limits), limits, key)


def _unlocked(store: Store, prefix: ExportPrefix, limits: Limits, keys: Keys) -> Keys:
    if keys.passphrase is None:
        return keys
    try:
        return keys.with_identity_of(store.blocks(prefix.key(IDENTITY_KEY)), limits)
    except ObjectNotFoundError:
        if not keys.identities:
            raise NoPassphraseError(where=f"{store.describe()}/{prefix}") from None
    return keys
