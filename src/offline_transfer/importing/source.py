"""Where an import reads from, whatever holds it: an archive on storage, or GitLab's file-based export on a disk."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from offline_transfer.errors import BadInputError, StorageError
from offline_transfer.types import JsonObject, PortableKind

NOTHING = frozenset({b"", b"null"})
"""What GitLab writes for a single relation that has no record."""


@dataclass(frozen=True, slots=True)
class FileMember:
    """One file of a file relation; `blocks` is read once, before the next member is asked for."""

    name: str
    size: int
    blocks: Iterator[bytes]


class SourceObject(Protocol):
    """One object of a relation: some of its records, or files."""

    @property
    def number(self) -> int:
        """The batch number, from 1; an object that is the whole relation has 1."""

    @property
    def where(self) -> str:
        """What to call it in messages: its key in the archive, or its path inside the export."""

    @property
    def records(self) -> int | None:
        """How many records of the first level it should have, where its archive says so."""

    @property
    def nested(self) -> Mapping[str, int]:
        """How many records of each path below its relation it should have, where its archive says so."""

    def lines(self) -> AbstractContextManager[Iterator[bytes]]:
        """Its records, one JSON text each, in order. Raises BadInputError where the object is damaged."""

    def members(self) -> AbstractContextManager[Iterator[FileMember]]:
        """Its files, names as they are (hostile), each name once. Raises BadInputError where the object is damaged."""


class EntitySource(Protocol):
    """One group or project as a source holds it."""

    @property
    def kind(self) -> PortableKind:
        """Whether it is a group or a project."""

    @property
    def full_path(self) -> str:
        """Its full path at the source."""

    @property
    def source_id(self) -> int | None:
        """The id by which its records name it, None where the source does not say."""

    def root(self) -> JsonObject:
        """Its own attributes (`self`). Raises BadInputError when they are absent or damaged."""

    def max_iids(self) -> JsonObject:
        """The highest iids that it gave; empty where the source does not say."""

    def objects(self, relation: str) -> Sequence[SourceObject] | None:
        """The objects of a relation in order; empty for an empty relation, None where it is absent, which is a gap."""

    def strangers(self) -> Sequence[tuple[str, int]]:
        """Relations of this entity that no tree knows, with the number of their records."""


def is_without_records(found: SourceObject) -> bool:
    """Whether an object of which nothing is announced holds no record, as it should; one that cannot be read is not empty."""
    if found.records != 0:
        return False
    try:
        with found.lines() as lines:
            return all(line.strip() in NOTHING for line in lines)
    except (BadInputError, StorageError):
        return False
