"""An entity of an archive on storage, as an import reads it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from offline_transfer.archive.errors import about
from offline_transfer.archive.keys import EntityPrefix, Extension
from offline_transfer.errors import BadInputError
from offline_transfer.importing.errors import WrongAttributesError
from offline_transfer.importing.source import FileMember
from offline_transfer.relations.loader import tree
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.reader import Archive

SPECIAL = frozenset({"self", "max_iids"})


@cache
def known_relations(kind: PortableKind) -> frozenset[str]:
    """The relations that an archive may hold of a kind of portable."""
    moving = tree(kind)
    return SPECIAL.union((node.name for node in moving.relations), moving.files)


@dataclass(frozen=True, slots=True)
class ArchiveObject:
    """One object of an archive. Every opening copies it into a private file, compares, and reads that file."""

    archive: Archive
    stored: StoredObject

    @property
    def number(self) -> int:
        """The batch number, from 1."""
        return self.stored.number

    @property
    def where(self) -> str:
        """Its key, for messages."""
        return self.stored.where

    @property
    def records(self) -> int | None:
        """How many records of the first level the manifest announces."""
        return self.stored.records

    @property
    def nested(self) -> Mapping[str, int]:
        """How many records of each path below the first level the manifest announces."""
        entry = self.stored.entry
        if entry is None:
            return {}
        return {path: count for path, count in entry.records.items() if path != entry.key.relation}

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its records, one JSON text each. Everything is read and compared once before the first is given out."""
        with self.archive.spool(self.stored) as spool:
            yield spool.lines()

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """Its files. The whole tar is read and checked before the first is given out: of one that is refused nothing is kept."""
        with self.archive.spool(self.stored) as spool:
            for _ in spool.members():
                pass
            yield (FileMember(member.name, member.size, member.blocks()) for member in spool.members())


@dataclass(frozen=True, slots=True)
class ArchiveEntity:
    """One group or project of an archive."""

    archive: Archive
    prefix: EntityPrefix
    full_path: str

    @property
    def kind(self) -> PortableKind:
        """Whether it is a group or a project."""
        return self.prefix.kind

    @property
    def source_id(self) -> int:
        """Its id at the source."""
        return self.prefix.id

    def root(self) -> JsonObject:
        """Its own attributes. Raises WrongAttributesError when they are absent or damaged."""
        document = self._document("self")
        if document is None:
            raise WrongAttributesError(path=self.full_path, problem=f"{self.prefix}/self is not there.")
        return document

    def max_iids(self) -> JsonObject:
        """The highest iids that it gave."""
        return self._document("max_iids") or {}

    def objects(self, relation: str) -> Sequence[ArchiveObject] | None:
        """The objects of a relation in the order of their batches; None where the archive should have some and has none."""
        found = self.archive.objects(self.prefix, relation)
        if found is None:
            return [] if self.archive.is_skipped(self.prefix, relation) else None
        return [ArchiveObject(self.archive, stored) for stored in found]

    def strangers(self) -> Sequence[tuple[str, int]]:
        """Relations of the archive that no tree knows, with the number of their records, or of lines without a manifest."""
        known = known_relations(self.kind)
        unknown = [relation for relation in self.archive.relations(self.prefix) if relation not in known]
        return [(relation, sum(map(self._size, self.objects(relation) or ()))) for relation in unknown]

    def _size(self, found: ArchiveObject) -> int:
        if found.records is not None:
            return found.records
        if found.stored.key.extension is not Extension.NDJSON:
            return 1
        with found.lines() as lines:
            return sum(1 for line in lines if line.strip())

    def _document(self, relation: str) -> JsonObject | None:
        found = self.archive.objects(self.prefix, relation)
        if not found:
            return None
        try:
            with self.archive.spool(found[0]) as spool:
                return spool.document()
        except BadInputError as error:
            problem = about(f"{self.prefix}/{relation}", error.message)
            raise WrongAttributesError(path=self.full_path, problem=problem) from error
