"""Whole instances, and archives between them: what the main tests move data with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from offline_transfer import queue
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.db import Database
from offline_transfer.exporting import create as export_create
from offline_transfer.exporting import result as export_result
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing import create as import_create
from offline_transfer.importing import result as import_result
from offline_transfer.importing import sources
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.request import Everything, ImportRequest, Wanted
from offline_transfer.jobs import exports, imports
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers.places import OpenStorage, opened
from offline_transfer.types import JsonObject
from offline_transfer.verify.compare import Comparison, compare
from offline_transfer.verify.reader import Archive

JOBS = (exports, imports)


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: a database and a directory."""

    database: Database
    directory: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return Settings(data_dir=self.directory, **self.overrides)

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""
        return Repositories(self.directory / "repositories")

    @property
    def files(self) -> Files:
        """Its uploads and LFS objects."""
        return Files(DiskStore(self.directory / "files"))

    def export(self, place: Path, *paths: str) -> "Exported":
        """Exports groups and projects into a directory."""
        context = self.export_context()
        storage = StorageConfiguration.from_location(str(place), {})
        created = export_create.create_export(context, ExportRequest.of_paths(*paths, storage=storage))
        queue.run_until_empty(context)
        with self.database.session() as session:
            rows = [row.to_json() for row in export_result.rows(session, created.id)]
            failures = list(export_result.failures(session, created.id))
        return Exported(place, created.prefix, rows, failures)

    def export_context(self) -> ExportContext:
        """The context in which the jobs of an export run."""
        settings = self.settings
        return ExportContext(
            database=self.database,
            settings=settings,
            repositories=self.repositories,
            files=self.files,
            vault=Vault.of(settings),
            egress=EgressPolicy(),
        )

    def import_archive(self, exported: "Exported", wanted: Sequence[Wanted] | None = None) -> "Imported":
        """Imports an archive: these entities, or every top-level group at the root."""
        request = ImportRequest(
            wanted=Everything("") if wanted is None else wanted,
            storage=StorageConfiguration.from_location(str(exported.place), {}),
            export_prefix=str(exported.prefix),
        )
        with exported.open() as archive:
            context = self.import_context(archive)
            import_id = import_create.create_import(context, request)
            queue.run_until_empty(context)
        return self.imported(import_id)

    def import_request(
        self,
        archive: Archive,
        request: ImportRequest,
        open_storage: OpenStorage = opened,
        between: Callable[[], object] = lambda: None,
    ) -> "Imported":
        """Imports what a request names out of an archive that is open.

        `open_storage` may give another store than it names; `between` is called when the import is taken on and not begun.
        """
        context = replace(self.import_context(archive), open_storage=open_storage)
        import_id = import_create.create_checked_import(context, request)
        between()
        queue.run_until_empty(context)
        return self.imported(import_id)

    def import_context(self, archive: Archive) -> ImportContext:
        """The context in which the jobs of an import run."""
        return ImportContext(
            database=self.database,
            settings=self.settings,
            repositories=self.repositories,
            files=self.files,
            open_source=sources.of_archive(archive),
        )

    def imported(self, import_id: int) -> "Imported":
        """What an import says of itself."""
        with self.database.session() as session:
            return Imported(
                [row.to_json() for row in import_result.rows(session, import_id)],
                list(import_result.failures(session, import_id)),
                list(import_result.dropped(session, import_id)),
                list(import_result.gaps(session, import_id)),
                list(import_result.destinations(session, import_id)),
                import_result.is_clean(session, import_id),
            )

    def dirty_sequences(self) -> None:
        """Moves every sequence on, each by another number, so that no id can be right by chance."""
        with self.database.session() as session:
            names = session.scalars(text("SELECT sequencename FROM pg_sequences ORDER BY 1")).all()
            for number, name in enumerate(names):
                session.execute(text("SELECT setval(:name, :value)"), {"name": name, "value": 10_000 + 37 * number})


@dataclass(frozen=True, slots=True)
class Exported:
    """An archive in a directory."""

    place: Path
    prefix: ExportPrefix
    rows: Sequence[JsonObject]
    failures: Sequence[JsonObject]

    def open(self) -> Archive:
        """The archive, for reading."""
        return Archive(DiskStore(self.place), self.prefix)

    @property
    def directory(self) -> Path:
        """Where its objects lie."""
        return self.place / str(self.prefix)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import said."""

    rows: Sequence[JsonObject]
    failures: Sequence[JsonObject]
    dropped: Sequence[JsonObject]
    gaps: Sequence[JsonObject]
    destinations: Sequence[JsonObject]
    is_clean: bool

    def lost(self) -> list[JsonObject]:
        """The paths on which not everything arrived."""
        return [row for row in self.rows if row["skipped"] or row["failed"]]

    def unbalanced(self) -> list[JsonObject]:
        """The paths whose counts do not add up."""
        return [row for row in self.rows if row["source"] != _sum(row, "imported", "skipped", "failed")]


def compared(first: Exported, second: Exported, roots: Mapping[str, str] | None = None) -> Comparison:
    """Whether two archives say the same."""
    with first.open() as one, second.open() as other:
        return compare(one, other, roots=roots)


def _sum(row: JsonObject, *names: str) -> int:
    return sum(value for name in names if isinstance(value := row[name], int))


MakeInstance = Callable[[str], Instance]
