"""A project whose relations come in objects of so many records, as an archive holds them: each object is one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from offline_transfer.importing.source import FileMember
from offline_transfer.types import JsonObject, PortableKind


@dataclass(frozen=True, slots=True)
class Slice:
    """Some lines of a file."""

    path: Path
    offset: int
    records: int
    number: int

    @property
    def where(self) -> str:
        """The file and the number of the slice."""
        return f"{self.path.name} {self.number}"

    @property
    def nested(self) -> Mapping[str, int]:
        """Nothing is announced of what is nested."""
        return {}

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """The lines."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            yield islice(file, self.records)

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """A slice has no files."""
        yield iter(())


class BatchedProject:
    """The tree of one project, cut into slices."""

    kind: Final = PortableKind.PROJECT
    source_id: Final = None

    def __init__(self, tree: Path, batch_records: int) -> None:
        self.full_path: Final = tree.name
        self._tree: Final = tree / "tree"
        self._batch_records: Final = batch_records

    def root(self) -> JsonObject:
        """The project's own attributes."""
        root: JsonObject = orjson.loads((self._tree / "project.json").read_bytes())
        return root

    def max_iids(self) -> JsonObject:
        """A workload has none."""
        return {}

    def objects(self, relation: str) -> Sequence[Slice]:
        """The slices of one relation."""
        path = self._tree / "project" / f"{relation}.ndjson"
        if not path.exists():
            return []
        slices: list[Slice] = []
        with path.open("rb") as file:
            offset = 0
            while lengths := [len(line) for line in islice(file, self._batch_records)]:
                slices.append(Slice(path, offset, len(lengths), len(slices) + 1))
                offset += sum(lengths)
        return slices

    def strangers(self) -> Sequence[tuple[str, int]]:
        """A workload has no relation that the tree does not know."""
        return []
