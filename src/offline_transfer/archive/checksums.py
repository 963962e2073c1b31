"""SHA-256 while streaming, and `SHA256SUMS`, which a carrier checks with `sha256sum -c` alone.

The file lies in the directory of the export and is checked from within it: each line is the hash in lower case, two
spaces, and a key relative to the export prefix.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from offline_transfer.archive.errors import ChecksumMismatchError, InvalidChecksumsError, InvalidKeyError, shown
from offline_transfer.archive.keys import ENCRYPTED_SUFFIX, IDENTITY_KEY, MANIFEST_KEY, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.ndjson import lines

SHA256 = re.compile(r"[0-9a-f]{64}")
_DESCRIBING = frozenset({MANIFEST_KEY, f"{MANIFEST_KEY}{ENCRYPTED_SUFFIX}", IDENTITY_KEY})
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<key>[^\\]+)")


class Measured:
    """Passes blocks on while it counts and hashes them. One pass only; the figures are whole when the iteration has ended."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self._hash = hashlib.sha256()
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._hash.update(block)
            self.length += len(block)
            yield block

    @property
    def sha256(self) -> str:
        """The hash of what has passed so far, in lower case hexadecimal."""
        return self._hash.hexdigest()


def checked(blocks: Iterable[bytes], *, length: int, sha256: str, name: str) -> Iterator[bytes]:
    """Pass blocks on and raise `ChecksumMismatchError` unless they are what was announced.

    The hash is known at the end, so keep what has passed aside until the iterator has ended. Too many bytes are refused at once.
    """
    measured = Measured(blocks)
    for block in measured:
        if measured.length > length:
            raise ChecksumMismatchError(name=name, reason=f"it is longer than the {length:,} bytes announced")
        yield block
    if measured.length != length:
        raise ChecksumMismatchError(name=name, reason=f"it has {measured.length:,} bytes of the {length:,} announced")
    if measured.sha256 != sha256:
        raise ChecksumMismatchError(name=name, reason="its SHA-256 differs from the one announced")


def write_checksums(sums: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """The lines of `SHA256SUMS` for pairs of key and hash, in the order given."""
    for key, sha256 in sums:
        yield f"{sha256}  {key}\n".encode()


def read_checksums(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[tuple[str, str]]:
    """The pairs of key and hash in a `SHA256SUMS`. Keys are keys of objects, the manifest and `identity.age`, never other paths.

    Raises `InvalidChecksumsError`. Keys may repeat: whoever collects the pairs decides what that means.
    """
    for number, line in enumerate(lines(blocks, limits, name), start=1):
        match = _LINE.fullmatch(line.decode("ascii", errors="replace"))
        if match is None:
            raise InvalidChecksumsError(name=name, line=number, reason="it is not a SHA-256, two spaces and a key")
        key = match["key"]
        if key not in _DESCRIBING:
            try:
                ObjectKey.parse(key)
            except InvalidKeyError as error:
                reason = f"`{shown(key)}` is not the key of an object"
                raise InvalidChecksumsError(name=name, line=number, reason=reason) from error
        yield key, match["sha256"]
