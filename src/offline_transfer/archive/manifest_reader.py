"""Reads a manifest line by line and believes nothing that it can check."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from offline_transfer.archive.errors import (
    InvalidFieldError,
    InvalidManifestError,
    LimitExceededError,
    MixedArchiveError,
    RecordError,
)
from offline_transfer.archive.keys import EntityPrefix, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, SkippedRelation, Totals
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.ndjson import lines, parse
from offline_transfer.types import JsonObject

_METADATA = b'{"metadata":'
_FAILED = b'"failed_relations":['
_SKIPPED = b'"skipped_relations":['
_OBJECTS = b'"objects":['
_TOTALS = b'"totals":'
_END_OF_LIST = b"],"


class _Batches:
    """The objects of one relation, which stand together because keys ascend."""

    def __init__(self) -> None:
        self.relation: tuple[EntityPrefix, str] | None = None
        self._single = 0
        self._batches = 0
        self._largest = 0

    def belongs(self, key: ObjectKey) -> bool:
        return self.relation in (None, (key.entity, key.relation))

    def add(self, key: ObjectKey) -> None:
        self.relation = (key.entity, key.relation)
        if key.batch is None:
            self._single += 1
        else:
            self._batches += 1
            self._largest = max(self._largest, key.batch)

    @property
    def mixed(self) -> bool:
        """Whether there are two objects without a number, or one beside batches."""
        return self._single > 1 or (self._single == 1 and self._batches > 0)

    @property
    def gap(self) -> bool:
        """Whether a number is missing below the largest; none occurs twice, because keys do not."""
        return self._batches < self._largest


class ManifestReader:
    """A manifest on its way in: the head is read at once, the entries as they are asked for.

    Raises `InvalidManifestError`, `LimitExceededError`, and what `Metadata.from_object` raises.
    """

    def __init__(self, blocks: Iterable[bytes], limits: Limits, name: str) -> None:
        self._limits = limits
        self._name = name
        self._line = 0
        self._lines = self._bounded_lines(blocks)
        self.metadata = self._read_metadata()
        self._expect(_FAILED)
        self.failed_relations = tuple(self._read_failed())
        self.skipped_relations = self._read_skipped()

    def entries(self) -> Iterator[ManifestEntry]:
        """The entries, once, in ascending order of their keys. At the end the totals are compared, so take them all."""
        entities = frozenset(self.metadata.entities_mapping.values())
        failed = frozenset((relation.entity, relation.relation) for relation in self.failed_relations)
        counted = Totals()
        batches = _Batches()
        last = ""
        for values in self._items():
            try:
                entry = ManifestEntry.from_object(values)
            except InvalidFieldError as error:
                self._refuse(str(error), error)
            key = str(entry.key)
            if key <= last:
                self._refuse("its objects are not in ascending order of their keys")
            if entry.key.entity not in entities:
                self._refuse("it names an object of an entity that its metadata do not map")
            last = key
            if not batches.belongs(entry.key):
                self._refuse_incomplete(batches, failed)
                batches = _Batches()
            batches.add(entry.key)
            counted.add(entry)
            yield entry
        self._refuse_incomplete(batches, failed)
        self._read_totals(counted)

    def _refuse_incomplete(self, batches: "_Batches", failed: frozenset[tuple[EntityPrefix, str]]) -> None:
        if batches.mixed:
            self._refuse("the relation before it has one object beside others")
        if batches.gap and batches.relation not in failed:
            self._refuse("the relation before it lacks a batch, and is not said to have failed")

    def _read_metadata(self) -> Metadata:
        line = self._next()
        if not line.startswith(_METADATA) or not line.endswith(b","):
            self._refuse("it does not begin with the metadata")
        return Metadata.from_object(self._parse(line[len(_METADATA) : -1]), self._name)

    def _read_failed(self) -> Iterator[FailedRelation]:
        for values in self._items():
            try:
                yield FailedRelation.from_object(values)
            except InvalidFieldError as error:
                self._refuse(str(error), error)

    def _read_skipped(self) -> tuple[SkippedRelation, ...]:
        """Read up to the first object. Manifests of writers that leave nothing out may lack the list."""
        line = self._next()
        if line == _OBJECTS:
            return ()
        if line != _SKIPPED:
            self._refuse(f"`{_OBJECTS.decode()}` is missing")
        try:
            skipped = tuple(SkippedRelation.from_object(values) for values in self._items())
        except InvalidFieldError as error:
            self._refuse(str(error), error)
        self._expect(_OBJECTS)
        return skipped

    def _read_totals(self, counted: Totals) -> None:
        line = self._next()
        if not line.startswith(_TOTALS) or not line.endswith(b"}"):
            self._refuse("it does not end with the totals")
        try:
            announced = Totals.from_object(self._parse(line[len(_TOTALS) : -1]))
        except InvalidFieldError as error:
            self._refuse(str(error), error)
        if announced != counted:
            self._refuse("its totals are not the sums of its entries")
        if next(self._lines, None) is not None:
            self._refuse("something follows its end")

    def _items(self) -> Iterator[JsonObject]:
        more = True
        first = True
        while (line := self._next()) != _END_OF_LIST:
            if not more:
                self._refuse("a comma is missing between two entries")
            more = line.endswith(b",")
            yield self._parse(line.removesuffix(b","))
            first = False
        if more and not first:
            self._refuse("a comma stands after the last entry")

    def _parse(self, text: bytes) -> JsonObject:
        try:
            return parse(text, index=self._line - 1, limits=self._limits, name=self._name)
        except RecordError as error:
            self._refuse(error.problem, error)

    def _expect(self, line: bytes) -> None:
        if self._next() != line:
            self._refuse(f"`{line.decode()}` is missing")

    def _next(self) -> bytes:
        self._line += 1
        line = next(self._lines, None)
        if line is None:
            self._refuse("it ends too early")
        return line

    def _bounded_lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        taken = 0
        for line in lines(blocks, self._limits, self._name):
            taken += len(line) + 1
            if taken > self._limits.manifest_bytes:
                limit = self._limits.manifest_bytes
                raise LimitExceededError(name=self._name, limit=limit, unit="bytes", setting="manifest_bytes")
            yield line

    def _refuse(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise InvalidManifestError(name=self._name, reason=f"line {self._line}: {reason}") from cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A whole manifest in memory, for looking objects up: about 900 bytes for each object, 36 MB for 40,000.

    Where one pass in the order of the keys will do, take `ManifestReader`.
    """

    metadata: Metadata
    failed_relations: tuple[FailedRelation, ...]
    skipped_relations: tuple[SkippedRelation, ...]
    objects: Mapping[ObjectKey, ManifestEntry]

    @classmethod
    def read(cls, blocks: Iterable[bytes], limits: Limits, name: str) -> "Manifest":
        """Read everything and check it; see `ManifestReader` for errors."""
        reader = ManifestReader(blocks, limits, name)
        objects = {entry.key: entry for entry in reader.entries()}
        return cls(
            metadata=reader.metadata,
            failed_relations=reader.failed_relations,
            skipped_relations=reader.skipped_relations,
            objects=objects,
        )


def require_same_export(of_manifest: Metadata, stored: Metadata) -> None:
    """Raise `MixedArchiveError` when the metadata in a manifest are not those stored beside it."""
    one, other = of_manifest.to_object(), stored.to_object()
    different = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    if different:
        raise MixedArchiveError(fields=", ".join(f"`{key}`" for key in different))
