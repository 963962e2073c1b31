"""What the files of an archive hold: refs of bundles, uploads and LFS objects by name and hash."""

import hashlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import orjson

from offline_transfer.archive.errors import DamagedObjectError, LimitExceededError
from offline_transfer.archive.tarball import TarMember
from offline_transfer.forge.bundles import BundleHead, printable
from offline_transfer.types import JsonObject, JsonValue

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LFS_MAP: Final = "lfs_objects.json"
"""The member that says for each LFS object which repositories use it."""
LFS_MAP_BYTES: Final = 50 * 1024 * 1024
BUNDLE_ENDING: Final = ".bundle"

_OID: Final = re.compile(r"[0-9a-f]{64}")


def describe(relation: str, member: TarMember) -> Iterator[JsonObject]:
    """A member of a file relation as records: one for each ref of a bundle, each use of an LFS object, or one for the file.

    Raises `RefusedBundleError` for a bundle that is none, `DamagedObjectError` for a list of LFS objects that is none.
    """
    if relation == "lfs_objects" and member.name == LFS_MAP:
        for oid, types in lfs_map(member).items():
            for repository_type in types:
                yield {"oid": oid, "repository_type": repository_type}
    elif relation not in ("uploads", "lfs_objects") and member.name.endswith(BUNDLE_ENDING):
        yield from _refs(member)
    else:
        yield {"name": member.name, "sha256": sha256(member), "size": member.size}


def lfs_map(member: TarMember) -> dict[str, list[JsonValue]]:
    """The uses of each LFS object. Raises `DamagedObjectError`, `LimitExceededError`."""
    if member.size > LFS_MAP_BYTES:
        raise LimitExceededError(name=member.name, limit=LFS_MAP_BYTES, unit="bytes", setting="line_bytes")
    try:
        values = orjson.loads(b"".join(member.blocks()))
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(types, list) for types in values.values()):
        raise DamagedObjectError(name=member.name, reason="it is not an object of lists")
    return values


def is_oid(name: str) -> bool:
    """Whether a name is the SHA-256 under which LFS knows a content."""
    return _OID.fullmatch(name) is not None


def sha256(member: TarMember) -> str:
    """The hash of a member's content."""
    found = hashlib.sha256()
    for block in member.blocks():
        found.update(block)
    return found.hexdigest()


def _refs(member: TarMember) -> Iterator[JsonObject]:
    """The refs that an import takes over; the others are the inner state of a source."""
    for ref in BundleHead(bundle_stream(member), member.name).refs():
        if ref.is_kept:
            yield {"bundle": member.name, "ref": printable(ref.name), "oid": ref.oid.decode()}


def bundle_stream(member: TarMember) -> io.BufferedReader:
    """The content of a member as a file to read from."""
    return io.BufferedReader(_Blocks(member.blocks()))


class _Blocks(io.RawIOBase):
    """Blocks as a raw stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        target = memoryview(buffer)
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
