"""One object between its content and a store."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from offline_transfer.archive.checksums import Measured
from offline_transfer.archive.encryption import PLAIN, Envelope
from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.gzip import compress, decompress, exact_blocks
from offline_transfer.archive.keys import COMPRESSED_SUFFIX, ENCRYPTED_SUFFIX, ObjectKey
from offline_transfer.archive.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Size and SHA-256 of an object as it is stored, and of its content before compression and encryption."""

    stored_bytes: int
    sha256: str
    content_bytes: int
    content_sha256: str


class ObjectStream:
    """Content of any piece sizes, compressed, perhaps encrypted, and measured on its way to a store.

    Iterate it once, for instance as the body of an upload; `measurement` is there when the iteration has ended.
    """

    def __init__(self, content: Iterable[bytes], envelope: Envelope = PLAIN) -> None:
        self._content = Measured(exact_blocks(content))
        self._stored = Measured(envelope.seal(compress(self._content)))
        self.has_ended = False
        """Whether all of it was read."""

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stored
        self.has_ended = True

    @property
    def measurement(self) -> Measurement:
        """What went by. Asking before the end is a mistake of the caller: a half-written object has no hash."""
        if not self.has_ended:
            raise RuntimeError("an object is measured when all of it has been read")
        return Measurement(
            stored_bytes=self._stored.length,
            sha256=self._stored.sha256,
            content_bytes=self._content.length,
            content_sha256=self._content.sha256,
        )


def content(blocks: Iterable[bytes], key: ObjectKey | str, limits: Limits) -> Iterator[bytes]:
    """The content of an object without its envelope: decompressed if its key says `.gz`, else as it is, within the same limits."""
    name = str(key)
    is_compressed = name.removesuffix(ENCRYPTED_SUFFIX).endswith(COMPRESSED_SUFFIX)
    return decompress(blocks, limits, name) if is_compressed else _bounded(blocks, limits, name)


def _bounded(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[bytes]:
    taken = 0
    for block in blocks:
        taken += len(block)
        if taken > limits.object_bytes:
            raise LimitExceededError(name=name, limit=limits.object_bytes, unit="bytes", setting="object_bytes")
        yield block
