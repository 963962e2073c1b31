"""The steps that are measured, each in a process of its own: `python -m bench.steps NAME ARGUMENTS`.

Arguments and result are JSON. A process of its own is what makes peak memory a figure of the step, and one step's caches no help to
the next.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Table, select

from bench.batched import BatchedProject
from offline_transfer import db, queue
from offline_transfer.contributions import models as _contributions  # noqa: F401 - its tables are copied as well
from offline_transfer.exporting import create, result
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.files.opening import opened
from offline_transfer.forge.files import Files
from offline_transfer.forge.models import Base
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.routes import Route
from offline_transfer.importing import foreground
from offline_transfer.importing.context import ImportContext, Inside
from offline_transfer.importing.plan import plans
from offline_transfer.importing.source import EntitySource
from offline_transfer.jobs import exports as _exports  # noqa: F401 - registers the jobs
from offline_transfer.relations.loader import tree
from offline_transfer.secrets import Vault
from offline_transfer.settings import load_settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers import ledger
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import PortableKind

Result = dict[str, Any]

BLOCK_BYTES: Final = 1 << 18
GROUP: Final = "bench"


class Stopwatch:
    """Seconds of some blocks, those of them that this process worked, and its peak memory at the end of the last."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak_bytes = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measures the block."""
        start, cpu_start = perf_counter(), process_time()
        yield
        self.seconds += perf_counter() - start
        self.cpu_seconds += process_time() - cpu_start
        self.peak_bytes = peak_bytes()

    def result(self, **more: object) -> Result:
        """The figures, and whatever else the step found out."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds, "peak_bytes": self.peak_bytes, **more}


def peak_bytes() -> int:
    """The most memory that this process ever held: the high-water mark of its resident set."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the high-water mark of a process")


def load(url: str, data_dir: str, export_tree: str, batch_records: int | None = None, **settings: Any) -> Result:
    """Imports one tree through the engine, with user mapping and accounting. `batch_records` cuts relations into objects."""
    watch, start = Stopwatch(), Stopwatch()
    with closing(db.connect(url)) as database, _sources(Path(export_tree), Path(data_dir), batch_records) as source:
        context = _context(database, Path(data_dir), source, settings)
        bulk_import_id, entity_id = _new_entity(database, source.full_path)
        with start.running():
            plans(PortableKind.PROJECT, context.settings.edition)
        with watch.running():
            foreground.carry_out(context, bulk_import_id)
        with database.session() as session:
            status = session.get_one(ImportEntity, entity_id).status.name
            accounting = ledger.accountings(session, entity_id)
    paths = accounting.paths
    return watch.result(
        status=status,
        path=f"{GROUP}/{source.full_path}",
        records=sum(count.source for count in paths.values()),
        imported=sum(count.imported for count in paths.values()),
        start_seconds=start.seconds,
        start_peak_bytes=start.peak_bytes,
        accounting=accounting.to_json(),
    )


def load_many(url: str, data_dir: str, export_tree: str, times: int) -> Result:
    """Imports the same tree again and again, each time as another project, in one process."""
    watch = Stopwatch()
    with closing(db.connect(url)) as database, _sources(Path(export_tree), Path(data_dir), None) as source:
        context = _context(database, Path(data_dir), source, {})
        plans(PortableKind.PROJECT, context.settings.edition)
        for number in range(times):
            bulk_import_id, _ = _new_entity(database, f"project-{number}")
            with watch.running():
                foreground.carry_out(context, bulk_import_id)
    return watch.result(paths=[f"{GROUP}/project-{number}" for number in range(times)])


def export(url: str, data_dir: str, paths: list[str], batch_size: int = 1000) -> Result:
    """Exports projects into a directory, one archive for each: compressed and listed, as users get them."""
    watch = Stopwatch()
    with closing(db.connect(url)) as database:
        settings = load_settings(data_dir=data_dir, batch_size=batch_size)
        context = ExportContext(
            database=database,
            settings=settings,
            repositories=Repositories(Path(data_dir) / "repositories"),
            files=Files(DiskStore(Path(data_dir) / "files")),
            vault=Vault.of(settings),
            egress=EgressPolicy(),
        )
        tree(PortableKind.PROJECT, settings.edition)
        archives = Path(data_dir) / "archives"
        archives.mkdir()
        storage = StorageConfiguration.from_location(str(archives), {})
        for path in paths:
            with watch.running():
                created = create.create_export(context, ExportRequest.of_paths(path, storage=storage))
                queue.run_until_empty(context)
            with database.session() as session:
                if not result.is_clean(session, created.id):
                    raise RuntimeError(f"{path} was not exported whole")
    size = sum(file.stat().st_size for file in archives.rglob("*") if file.is_file())
    return watch.result(archive_bytes=size)


def copy_out(url: str, directory: str) -> Result:
    """The bare COPY of all rows of all tables out to files."""
    watch = Stopwatch()
    size = 0
    rows: dict[str, int] = {}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in Base.metadata.sorted_tables:
            path = Path(directory) / table.name
            statement = sql.SQL("COPY {} TO STDOUT").format(_columns(table))
            with path.open("wb", buffering=BLOCK_BYTES) as file, watch.running(), cursor.copy(statement) as copy:
                for block in copy:
                    file.write(block)
            if cursor.rowcount:
                rows[table.name] = cursor.rowcount
            size += path.stat().st_size
    return watch.result(bytes=size, rows=rows)


def copy_in(url: str, directory: str) -> Result:
    """The bare COPY of those files into the same tables of another database, table after table."""
    watch = Stopwatch()
    rows: dict[str, int] = {}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in Base.metadata.sorted_tables:
            path = Path(directory) / table.name
            if path.stat().st_size == 0:
                continue
            statement = sql.SQL("COPY {} FROM STDIN").format(_columns(table))
            with path.open("rb", buffering=0) as file, watch.running():
                with cursor.copy(statement) as copy:
                    while block := file.read(BLOCK_BYTES):
                        copy.write(block)
                rows[table.name] = cursor.rowcount
                connection.commit()
    return watch.result(rows=rows)


STEPS: Final[Mapping[str, Callable[..., Result]]] = {
    "load": load,
    "load_many": load_many,
    "export": export,
    "copy_out": copy_out,
    "copy_in": copy_in,
}


@contextmanager
def _sources(export_tree: Path, data_dir: Path, batch_records: int | None) -> Iterator[EntitySource]:
    if batch_records is not None:
        yield BatchedProject(export_tree, batch_records)
        return
    with opened(export_tree, spool=data_dir / "spool") as export:
        assert export.project is not None
        yield export.project


def _context(
    database: db.Database, data_dir: Path, source: EntitySource, settings: Mapping[str, object]
) -> ImportContext:
    return ImportContext(
        database=database,
        settings=load_settings(data_dir=data_dir, **settings),
        repositories=Repositories(data_dir / "repositories"),
        files=Files(DiskStore(data_dir / "files")),
        open_source=lambda _context, _import_id: nullcontext(OneProject(source)),
    )


@dataclass(frozen=True, slots=True)
class OneProject:
    """What an import reads that brings one project."""

    source: EntitySource

    def check(self, _context: ImportContext, _bulk_import_id: int, _watch: Callable[[], None]) -> None:
        """Nothing is looked at before."""

    def entity(self, _row: ImportEntity) -> AbstractContextManager[EntitySource]:
        """The project."""
        return nullcontext(self.source)

    def inside(self, _row: ImportEntity) -> Sequence[Inside]:
        """Nothing."""
        return ()


def _new_entity(database: db.Database, slug: str) -> tuple[int, int]:
    """The rows of an import of one project: the ids of both."""
    with database.session() as session:
        if session.scalar(select(Namespace.id).where(Namespace.path == GROUP)) is None:
            group = Namespace(name=GROUP, path=GROUP, type="Group")
            session.add(group)
            session.flush()
            session.add(Route(path=GROUP, name=GROUP, namespace_id=group.id))
        bulk_import = BulkImport(source_type=SourceType.file_export, source_hostname="source.example")
        session.add(bulk_import)
        session.flush()
        row = ImportEntity(
            bulk_import_id=bulk_import.id,
            source_type=1,
            source_full_path=slug,
            source_prefix="",
            destination_name=slug,
            destination_namespace=GROUP,
        )
        session.add(row)
        session.flush()
        return bulk_import.id, row.id


def _columns(table: Table) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.c)
    return sql.SQL("{} ({})").format(sql.Identifier(table.name), names)


if __name__ == "__main__":
    _, name, arguments = sys.argv
    print(json.dumps(STEPS[name](**json.loads(arguments))))  # noqa: T201 - the result is the output
