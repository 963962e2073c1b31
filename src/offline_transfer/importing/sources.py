"""What the entities of an import are read from: one archive for all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.importing import checks
from offline_transfer.importing.archive_source import ArchiveEntity
from offline_transfer.importing.context import ImportContext, Inside, OpenSource
from offline_transfer.importing.source import EntitySource
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.types import PortableKind
from offline_transfer.verify.reader import Archive


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An archive as an import reads it."""

    archive: Archive

    def check(self, context: ImportContext, bulk_import_id: int, watch: Callable[[], None]) -> None:
        """Whether every object has the hash that the manifest says."""
        checks.before_first_row(context, self.archive, bulk_import_id, watch)

    def entity(self, row: ImportEntity) -> AbstractContextManager[EntitySource]:
        """One group or project."""
        return nullcontext(ArchiveEntity(self.archive, EntityPrefix.parse(row.source_prefix), row.source_full_path))

    def inside(self, row: ImportEntity) -> Sequence[Inside]:
        """Projects first, then subgroups, so that no group takes a path that a project has."""
        found = [
            (path, prefix)
            for path, prefix in self.archive.metadata.entities_mapping.items()
            if path.rpartition("/")[0] == row.source_full_path
        ]
        found.sort(key=lambda item: (item[1].kind is PortableKind.GROUP, item[0]))
        return [Inside(path, str(prefix), path.rpartition("/")[2]) for path, prefix in found]


def of_archive(archive: Archive) -> OpenSource:
    """Reads every import from this one archive, which is open already."""

    @contextmanager
    def open_source(_context: ImportContext, _bulk_import_id: int) -> Iterator[ArchiveSource]:
        yield ArchiveSource(archive)

    return open_source
