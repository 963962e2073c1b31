"""What has to be carried of an archive: every stored object with its size and its hash."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NoReturn, Self

from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    ENCRYPTED_SUFFIX,
    IDENTITY_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    SIGNATURE_KEY,
    UNCOMPRESSED_METADATA_KEY,
    ExportPrefix,
)
from offline_transfer.carrying.errors import SourceFaultError
from offline_transfer.storage.store import Store, exists
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.errors import ArchiveNotFoundError
from offline_transfer.verify.index import ObjectIndex
from offline_transfer.verify.reader import Archive

METADATA_KEYS: Final = (METADATA_KEY, UNCOMPRESSED_METADATA_KEY, f"{METADATA_KEY}{ENCRYPTED_SUFFIX}")
_MANIFESTS: Final = (MANIFEST_KEY, f"{MANIFEST_KEY}{ENCRYPTED_SUFFIX}")
DESCRIBING: Final = frozenset({*METADATA_KEYS, *_MANIFESTS, CHECKSUMS_KEY, SIGNATURE_KEY, IDENTITY_KEY})

_UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an archive lies, or shall lie."""

    store: Store
    prefix: ExportPrefix

    def describe(self) -> str:
        """The place for messages."""
        return f"{self.store.describe()}/{self.prefix}"

    def key(self, name: str) -> str:
        """The key in the store of a name below the prefix."""
        return self.prefix.key(name)

    def names(self) -> Iterator[tuple[str, int]]:
        """What lies below the prefix: names relative to it, and sizes."""
        start = len(str(self.prefix)) + 1
        return ((item.key[start:], item.size) for item in self.store.list(str(self.prefix)))

    def metadata_key(self) -> str:
        """What the metadata are called here. Raises `ArchiveNotFoundError`."""
        for name in METADATA_KEYS:
            if exists(self.store, self.key(name)):
                return name
        raise ArchiveNotFoundError(where=self.describe())


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stored object: its name below the prefix, its size, and its hash where something says it."""

    name: str
    size: int
    sha256: str | None


class Plan:
    """The objects of an archive without its checksums, signature and metadata, which follow at the end. Memory stays flat.

    An archive that can be opened is compared with its manifest first; of one that cannot, `SHA256SUMS` is believed. Raises
    `SourceFaultError`.
    """

    def __init__(self, place: Place, archive: Archive | Carried) -> None:
        self._place = place
        self._index = ObjectIndex()
        try:
            self._index.sum((name, sha256 or _UNKNOWN) for name, sha256 in self._announced(archive))
            self._index.list(place.names())
        except BaseException:
            self._index.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._index.close()

    def items(self) -> Iterator[Item]:
        """The objects in the order of their names, the manifest at the end. Raises `SourceFaultError` for one that is not there."""
        for name, sha256 in self._index.sums():
            if name not in _MANIFESTS:
                yield self._item(name, sha256)
        for name in _MANIFESTS:
            if (found := self._index.sum_of(name)) is not None:
                yield self._item(name, found)

    def totals(self) -> tuple[int, int]:
        """The number of objects and their bytes."""
        count = size = 0
        for name, _ in self._index.sums():
            count += 1
            size += self._index.listed_size(name) or 0
        return count, size

    def strangers(self) -> Iterator[str]:
        """What lies beside the archive and does not belong to it."""
        return (name for name in self._index.unsummed() if name not in DESCRIBING)

    def has(self, name: str) -> bool:
        """Whether an object of this name belongs to the archive."""
        return self._index.sum_of(name) is not None

    def _item(self, name: str, sha256: str) -> Item:
        size = self._index.listed_size(name)
        if size is None:
            self._refuse(f"{name} is missing")
        return Item(name=name, size=size, sha256=sha256 or None)

    def _announced(self, archive: Archive | Carried) -> Iterator[tuple[str, str | None]]:
        if isinstance(archive, Archive):
            for finding in archive.check_sums():
                self._refuse(finding.said)
            if not archive.has_manifest:
                yield from ((stored.where, None) for stored in archive.all_objects())
                return
        if archive.sums is None:
            self._refuse("without a key and without SHA256SUMS nothing says what belongs to it")
        yield from archive.sums.pairs()

    def _refuse(self, problem: str) -> NoReturn:
        raise SourceFaultError(where=self._place.describe(), problem=problem)
