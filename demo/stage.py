"""The demonstration: a group leaves one instance as an archive, enters another, leaves that, and both archives are compared."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from demo import counts, marks
from demo.counts import Counts, Entity
from demo.source import DEMONSTRATION, Filled, Plan, fill
from demo.steps import Step, Steps
from offline_transfer import queue
from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, ExportPrefix
from offline_transfer.cli.instance import Instance
from offline_transfer.db import connect, migrate
from offline_transfer.embedded import THROWAWAY, running
from offline_transfer.exporting import create as exporting
from offline_transfer.exporting import result as exported
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import relations_of
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing import create as importing
from offline_transfer.importing import result as imported
from offline_transfer.importing import sources
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.jobs import exports, imports
from offline_transfer.secrets import Vault
from offline_transfer.settings import load_settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.types import Edition, JsonObject
from offline_transfer.verify.archive import verify
from offline_transfer.verify.compare import Comparison, compare
from offline_transfer.verify.findings import Finding
from offline_transfer.verify.reader import Archive

JOBS: Final = (exports, imports)
"""Their functions are registered by importing them."""

# The second instance cuts its relations into other batches than the first, and the archives have to say the same all the same.
SOURCE: Final = {"instance_url": "https://harbour.example", "batch_size": 10}
DESTINATION: Final = {"instance_url": "https://island.example", "batch_size": 1000}

NO_PIPELINE: Final = (SELF_RELATION, MAX_IIDS_RELATION)
"""What an import reads without telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything lies."""

    directory: Path

    @property
    def source(self) -> Path:
        """The data directory of the instance that the group leaves."""
        return self.directory / "source"

    @property
    def destination(self) -> Path:
        """The data directory of the one that it enters."""
        return self.directory / "destination"

    @property
    def first(self) -> Path:
        """What is carried over."""
        return self.directory / "archive"

    @property
    def second(self) -> Path:
        """What the destination exports afterwards."""
        return self.directory / "second-archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What the import says of itself."""

    rows: tuple[imported.Row, ...]
    failures: tuple[JsonObject, ...]
    gaps: tuple[JsonObject, ...]
    dropped: tuple[JsonObject, ...]
    is_clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that was found out."""

    filled: Filled
    source: Mapping[Entity, Counts]
    archive: Mapping[Entity, Counts]
    imported: Imported
    comparison: Comparison
    export_failures: tuple[JsonObject, ...]
    findings: tuple[Finding, ...]
    marked: tuple[str, ...]
    prefix: ExportPrefix
    second_prefix: ExportPrefix
    objects: int
    bytes: int


def leave_alone(_instance: Instance) -> None:
    """Changes nothing between the import and the second export."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """Two instances below one directory, and what happens on them."""

    directory: Path
    seed: int
    steps: Steps
    plan: Plan = DEMONSTRATION
    undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext
    """Wraps what must not be broken off in the middle: the start of a server."""
    before_second_export: Callable[[Instance], None] = leave_alone

    @property
    def places(self) -> Places:
        """Where everything lies."""
        return Places(directory=self.directory)

    def play(self) -> Outcome:
        """Do it all. Nothing runs any more when it ends, however it ends."""
        with ExitStack() as stack:
            with self.steps.step("Start two instances", 2) as step:
                step.advance("the source")
                source = stack.enter_context(self._instance(self.places.source, SOURCE))
                step.advance("the destination")
                destination = stack.enter_context(self._instance(self.places.destination, DESTINATION))
            with self.steps.step("Fill the source", self.plan.steps) as step:
                filled = fill(
                    source.database,
                    source.repositories,
                    source.files,
                    seed=self.seed,
                    plan=self.plan,
                    announce=step.advance,
                )
            return self._transfer(source, destination, filled)

    @contextmanager
    def _instance(self, data_dir: Path, overrides: Mapping[str, object]) -> Iterator[Instance]:
        """An instance with an embedded database of its own, whatever DATABASE_URL says."""
        settings = load_settings(data_dir=data_dir, edition=Edition.EE, **overrides)
        with ExitStack() as stack:
            with self.undisturbed():
                url = stack.enter_context(running(data_dir, THROWAWAY))
            database = connect(url)
            stack.callback(database.close)
            migrate(database)
            yield Instance(
                settings=settings,
                database=database,
                repositories=Repositories(data_dir / "repositories"),
                files=Files(DiskStore(data_dir / "files")),
            )

    def _transfer(self, source: Instance, destination: Instance, filled: Filled) -> Outcome:
        with self.steps.step("Count at the source", self.plan.steps) as step:
            at_source = counts.of_instance(source, step.advance)
        prefix, failures = self._export("Export", source, self.places.first, filled)
        with Archive(DiskStore(self.places.first), prefix) as archive:
            said = self._import(archive, destination)
        self.before_second_export(destination)
        second_prefix, second_failures = self._export("Export again", destination, self.places.second, filled)
        with (
            Archive(DiskStore(self.places.first), prefix) as first,
            Archive(DiskStore(self.places.second), second_prefix) as second,
        ):
            objects = sum(1 for _ in first.all_objects())
            findings = self._verify(first, second)
            return Outcome(
                filled=filled,
                source=at_source,
                archive=counts.of_archive(first),
                imported=said,
                comparison=self._compare(first, second),
                export_failures=(*failures, *second_failures),
                findings=findings,
                marked=self._search(first, second),
                prefix=prefix,
                second_prefix=second_prefix,
                objects=objects,
                bytes=sum(info.size for info in first.store.list(str(prefix))),
            )

    def _export(
        self, name: str, instance: Instance, directory: Path, filled: Filled
    ) -> tuple[ExportPrefix, tuple[JsonObject, ...]]:
        """Export all top-level groups into a directory; gives also what failed. Raises ExportFailedError."""
        context = ExportContext(
            database=instance.database,
            settings=instance.settings,
            repositories=instance.repositories,
            files=instance.files,
            vault=Vault.of(instance.settings),
            egress=EgressPolicy(),
        )
        storage = StorageConfiguration.from_location(str(directory), {})
        request = ExportRequest.of_paths(*filled.top_level_groups, storage=storage)
        created = exporting.create_export(context, request)
        with self.steps.step(name, _relations(filled)) as step:
            queue.run_until_empty(replace(context, progress=_Relations(step)))
        with instance.database.session() as session:
            exported.require_archive(session, created.id)
            return created.prefix, tuple(exported.failures(session, created.id))

    def _import(self, archive: Archive, instance: Instance) -> Imported:
        objects = sum(1 for stored in archive.all_objects() if stored.key.relation not in NO_PIPELINE)
        with self.steps.step("Import", objects) as step:
            context = ImportContext(
                database=instance.database,
                settings=instance.settings,
                repositories=instance.repositories,
                files=instance.files,
                open_source=sources.of_archive(archive),
                report=lambda entity, relation, _records: step.advance(f"{entity}: {relation}"),
            )
            request = ImportRequest(
                wanted=Everything(""),
                storage=StorageConfiguration.from_location(str(self.places.first), {}),
                export_prefix=str(archive.prefix),
            )
            bulk_import_id = importing.create_checked_import(context, request)
            queue.run_until_empty(context)
        with instance.database.session() as session:
            return Imported(
                rows=tuple(imported.rows(session, bulk_import_id)),
                failures=tuple(imported.failures(session, bulk_import_id)),
                gaps=tuple(imported.gaps(session, bulk_import_id)),
                dropped=tuple(imported.dropped(session, bulk_import_id)),
                is_clean=imported.is_clean(session, bulk_import_id),
            )

    def _verify(self, *archives: Archive) -> tuple[Finding, ...]:
        objects = sum(1 for archive in archives for _ in archive.all_objects())
        with self.steps.step("Verify both archives", objects) as step:
            return tuple(finding for archive in archives for finding in verify(archive, progress=step.advance))

    def _compare(self, first: Archive, second: Archive) -> Comparison:
        relations = sum(len(first.relations(prefix)) for prefix in first.metadata.entities_mapping.values())
        with self.steps.step("Compare", relations) as step:
            return compare(first, second, progress=lambda entity, relation: step.advance(f"{entity}: {relation}"))

    def _search(self, *archives: Archive) -> tuple[str, ...]:
        objects = sum(1 for archive in archives for _ in archive.all_objects())
        with self.steps.step("Search for secrets", objects) as step:
            return tuple(where for archive in archives for where in marks.found_in(archive, step.advance))


def _relations(filled: Filled) -> int:
    """How many relations all groups and projects have together."""
    of_kind = {kind: len(relations_of(kind, Edition.EE)) for kind in counts.KINDS}
    groups, projects = (of_kind[kind] for kind in counts.KINDS)
    return groups * len(filled.groups) + projects * len(filled.projects)


class _Relations:
    """Tells a step of each relation once, however many objects it becomes."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, entity: str, relation: str, *, records: int, size: int) -> None:
        del records, size
        if (entity, relation) not in self._seen:
            self._seen.add((entity, relation))
            self._step.advance(f"{entity}: {relation}")
