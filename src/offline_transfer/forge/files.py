"""Where the contents of uploads, avatars and LFS objects lie.

A key is made of what the contents belong to, by id and digest, or of the contents themselves, and never of a name that somebody
chose. So no import can write over another project's files, and writing the same file twice leaves one.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

from offline_transfer.forge.errors import (
    BadFileNameError,
    BadUploadSecretError,
    FileTooLargeError,
    LfsContentsError,
)
from offline_transfer.storage.errors import StoreNotFoundError
from offline_transfer.storage.store import ObjectInfo, Source, Store, exists

# What GitLab downloads of one file in a direct transfer unless an administrator says otherwise.
MAXIMUM_BYTES: Final = 5 * 1024**3
NAME_BYTES: Final = 255
DELETED_AT_ONCE: Final = 1000

_SECRET: Final = re.compile(r"[0-9a-f]{32}")
_OID: Final = re.compile(r"[0-9a-f]{64}")
# Separators here or on the system where an archive is unpacked.
_SEPARATORS: Final = frozenset("/\\:")
# Letters, marks (names typed on macOS are decomposed), numbers, punctuation and symbols.
_ALLOWED_CLASSES: Final = frozenset("LMNPS")
# The common space, and what joins or separates letters of Persian and parts of emoji.
_ALLOWED_BESIDES: Final = frozenset(" \u200c\u200d")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Contents in the store: their key, bytes and the SHA-256 that was computed while they were written."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPlace:
    """What an upload belongs to in this instance, and its name there. Both parts of a link are kept as they are.

    `model_type` and `model_id` are this instance's; `secret` is None for avatars, which have a `mount_point`.
    Raises BadFileNameError, BadUploadSecretError.
    """

    model_type: str
    model_id: int
    name: str
    secret: str | None = None
    mount_point: str | None = None

    def __post_init__(self) -> None:
        checked_file_name(self.name)
        if self.secret is not None and not _SECRET.fullmatch(self.secret):
            raise BadUploadSecretError(name=self.name)

    @property
    def key(self) -> str:
        """Where its contents lie in the store."""
        parts = [self.model_type, self.model_id, self.mount_point, self.secret, self.name]
        return _spread(
            _uploads_of(self.model_type, self.model_id), hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        )


class Files:
    """The files of an instance in its store. Errors of the store pass through as they are."""

    def __init__(self, store: Store, *, maximum_bytes: int = MAXIMUM_BYTES) -> None:
        self._store: Final = store
        self._maximum_bytes: Final = maximum_bytes

    def store_upload(self, place: UploadPlace, source: Source) -> StoredFile:
        """Write an upload or avatar, replacing what an earlier attempt wrote. Raises FileTooLargeError."""
        measured = _Measured(source, self._maximum_bytes, f"The upload {place.name}")
        self._store.put(place.key, measured)
        return measured.result(place.key)

    def store_lfs(self, oid: str, source: Source) -> StoredFile:
        """Write an LFS object, or only read the source if the store has it already.

        The source is read in any case: whoever links to contents must have brought them. Raises LfsContentsError unless
        the SHA-256 of the contents is `oid`, and FileTooLargeError; nothing is written then.
        """
        key = lfs_key(oid)
        measured = _Measured(source, self._maximum_bytes, f"The LFS object {oid}", oid=oid)
        if exists(self._store, key):
            for _ in measured():
                pass
        else:
            self._store.put(key, measured)
        return measured.result(key)

    def delete_uploads(self, model_type: str, model_id: int) -> None:
        """Remove all uploads and avatars of a group or project, also those of which no row knows."""
        while found := list(islice(self._uploads(model_type, model_id), DELETED_AT_ONCE)):
            for upload in found:
                self._store.delete(upload.key)

    def _uploads(self, model_type: str, model_id: int) -> Iterator[ObjectInfo]:
        # Where nothing was ever stored there is no store.
        with suppress(StoreNotFoundError):
            yield from self._store.list(_uploads_of(model_type, model_id))

    def open(self, key: str) -> Iterator[bytes]:
        """The contents under a key, block by block."""
        return self._store.blocks(key)

    def size(self, key: str) -> int:
        """The bytes under a key."""
        return self._store.size(key)

    def delete(self, key: str) -> None:
        """Remove the contents under a key; none is no error."""
        self._store.delete(key)


def lfs_key(oid: str) -> str:
    """Where the LFS object with this hash lies in the store. Raises BadFileNameError for anything but a hash."""
    if not _OID.fullmatch(oid):
        raise BadFileNameError(name=ascii(oid[:NAME_BYTES]), reason="LFS objects are named by 64 hexadecimal digits")
    return _spread("lfs", oid)


def checked_file_name(name: str) -> str:
    """The name of a file as it is, if no system can take it for something else than one plain name.

    It is not normalised: links in texts spell it as it is. Raises BadFileNameError.
    """
    reason = _fault(name)
    if reason is not None:
        raise BadFileNameError(name=ascii(name[:NAME_BYTES]), reason=reason)
    return name


def _fault(name: str) -> str | None:
    if not _SEPARATORS.isdisjoint(name):
        return "it contains a separator"
    # Surrogates, controls, line breaks and characters that change the direction of the text are in none of the classes.
    if not all(unicodedata.category(char)[0] in _ALLOWED_CLASSES or char in _ALLOWED_BESIDES for char in name):
        return "it contains a character that is not allowed"
    if len(name.encode()) > NAME_BYTES:
        return f"it is longer than {NAME_BYTES} bytes"
    if not name or name.startswith("..") or name.endswith((".", " ")):
        return "it is empty, begins with two dots, or ends in a dot or a space"
    return None


def _uploads_of(model_type: str, model_id: int) -> str:
    return f"uploads/{model_type.lower()}_{model_id}"


def _spread(folder: str, digest: str) -> str:
    return f"{folder}/{digest[:2]}/{digest[2:4]}/{digest[4:]}"


class _Measured:
    """A source that counts and hashes another one, anew at each attempt, and ends it when it is too large or wrong."""

    def __init__(self, source: Source, maximum: int, file: str, *, oid: str | None = None) -> None:
        self._source = source
        self._maximum = maximum
        self._file = file
        self._oid = oid
        self._size = 0
        self._sha256 = hashlib.sha256()

    def __call__(self) -> Iterator[bytes]:
        self._size = 0
        self._sha256 = hashlib.sha256()
        for block in self._source():
            self._size += len(block)
            if self._size > self._maximum:
                raise FileTooLargeError(file=self._file, limit=self._maximum)
            self._sha256.update(block)
            yield block
        # A store makes an object visible only when its source has ended, so wrong contents never lie under a right name.
        if self._oid is not None and self._sha256.hexdigest() != self._oid:
            raise LfsContentsError(oid=self._oid, actual=self._sha256.hexdigest())

    def result(self, key: str) -> StoredFile:
        return StoredFile(key=key, size=self._size, sha256=self._sha256.hexdigest())
