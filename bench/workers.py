"""Exports and imports by worker processes, as `serve` has them: `python -m bench --workers M --projects 1000`."""

import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

from sqlalchemy import text

from bench import harness, workload
from bench.server import BenchServer
from offline_transfer import db
from offline_transfer.exporting import create, result
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.importing import result as import_result
from offline_transfer.importing.create import create_import
from offline_transfer.importing.request import ImportRequest, Wanted
from offline_transfer.jobs import contexts, marker, registration
from offline_transfer.jobs.instance import Instance, instance_of
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.queue import durable
from offline_transfer.relations.loader import tree
from offline_transfer.settings import load_settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import BulkImport
from offline_transfer.transfers.states import OPEN_IMPORT
from offline_transfer.types import PortableKind

Result = dict[str, Any]

LOOK_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class WorkersFigures:
    """One size by one worker and by two, out and in: seconds from the request to the end, to the first object, and peak bytes."""

    size: str
    one_seconds: float
    two_seconds: float
    first_object_seconds: float
    peak_bytes: int
    import_one_seconds: float
    import_two_seconds: float
    import_peak_bytes: int

    @property
    def ratio(self) -> float:
        """What part of the time of one worker two need to export."""
        return self.two_seconds / self.one_seconds

    @property
    def import_ratio(self) -> float:
        """What part of the time of one worker two need to import."""
        return self.import_two_seconds / self.import_one_seconds


@dataclass(frozen=True, slots=True)
class ManyFigures:
    """A group of many nearly empty projects, exported and imported by two workers: seconds for all of them."""

    projects: int
    relations: int
    seconds: float
    import_seconds: float

    @property
    def seconds_each(self) -> float:
        """For a project."""
        return self.seconds / self.projects


def measure_workers(server: BenchServer, size: str, *, say: Callable[[str], None]) -> WorkersFigures:
    """Exports the same project by one worker and by two, and imports its archive by one and by two."""
    with server.scratch() as tree_directory, server.database() as url, server.scratch() as data_dir:
        workload.write_project(tree_directory, workload.SIZES[size])
        loaded = harness.step("load", url=url, data_dir=data_dir, export_tree=tree_directory)
        server.vacuum(url)
        runs = []
        for processes in (1, 2):
            say(f"{size}: {processes} workers")
            runs.append(_export(url, data_dir, [loaded["path"]], processes=processes))
        archive = runs[0]["archive"]
        imports = []
        for processes in (1, 2):
            say(f"{size}: {processes} workers, import")
            imports.append(_import_fresh(server, archive, loaded["path"], processes=processes))
    one, two = runs
    return WorkersFigures(
        size=size,
        one_seconds=one["seconds"],
        two_seconds=two["seconds"],
        first_object_seconds=one["first_object_seconds"],
        peak_bytes=max(one["peak_bytes"], two["peak_bytes"]),
        import_one_seconds=imports[0]["seconds"],
        import_two_seconds=imports[1]["seconds"],
        import_peak_bytes=max(run["peak_bytes"] for run in imports),
    )


def measure_many(server: BenchServer, projects: int, *, say: Callable[[str], None]) -> ManyFigures:
    """Exports a group of nearly empty projects by two workers, and imports it by two."""
    say(f"{projects} nearly empty projects by two workers")
    with server.scratch() as tree_directory, server.database() as url, server.scratch() as data_dir:
        workload.write_nearly_empty_project(tree_directory)
        loaded = harness.step("load_many", url=url, data_dir=data_dir, export_tree=tree_directory, times=projects)
        server.vacuum(url)
        group = loaded["paths"][0].partition("/")[0]
        exported = _export(url, data_dir, [group], processes=2)
        say(f"{projects} nearly empty projects by two workers, import")
        imported = _import_fresh(server, exported["archive"], group, processes=2)
    relations = len(tree(PortableKind.PROJECT).relations) * projects
    return ManyFigures(projects, relations, exported["seconds"], imported["seconds"])


def _export(url: str, data_dir: Path, paths: Sequence[str], *, processes: int) -> Result:
    settings = load_settings(data_dir=data_dir, database_url=url, worker_processes=processes)
    registration.register_all()
    archives = data_dir / f"archives-{processes}"
    archives.mkdir()
    with closing(db.connect(url)) as database:
        instance = instance_of(settings, durable(database))
        marker.require(instance)
        with WorkerProcesses(settings, count=processes, log_to=subprocess.DEVNULL) as workers:
            _wait_for(lambda: _count(instance, "procrastinate_workers") >= processes)
            (context,) = contexts.export(instance)
            storage = StorageConfiguration.from_location(str(archives), {})
            start = perf_counter()
            export_id = create.create_export(context, ExportRequest.of_paths(*paths, storage=storage)).id
            _wait_for(lambda: next(archives.glob("*/*/*.gz"), None) is not None)
            first = perf_counter() - start
            _wait_for(lambda: next(archives.glob("*/metadata.json.gz"), None) is not None)
            seconds = perf_counter() - start
            peak = max(map(_peak_bytes, workers.pids))
        with database.session() as session:
            if not result.is_clean(session, export_id):
                raise RuntimeError(f"{paths} were not exported whole")
    return {
        "seconds": seconds,
        "first_object_seconds": first,
        "peak_bytes": peak,
        "archive": next(archives.iterdir()),
    }


def _import_fresh(server: BenchServer, archive: Path, path: str, *, processes: int) -> Result:
    """Imports a group or project of an archive into an empty instance."""
    with server.database() as url, server.scratch() as data_dir:
        settings = load_settings(data_dir=data_dir, database_url=url, worker_processes=processes)
        registration.register_all()
        with closing(db.connect(url)) as database:
            instance = instance_of(settings, durable(database))
            marker.require(instance)
            namespace = path.rpartition("/")[0]
            if namespace:
                _make_group(instance, namespace)
            with WorkerProcesses(settings, count=processes, log_to=subprocess.DEVNULL) as workers:
                _wait_for(lambda: _count(instance, "procrastinate_workers") >= processes)
                (context,) = contexts.importing(instance)
                request = ImportRequest(
                    wanted=[Wanted(path, namespace)],
                    storage=StorageConfiguration.from_location(str(archive.parent), {}),
                    export_prefix=archive.name,
                )
                start = perf_counter()
                import_id = create_import(context, request)
                _wait_for(lambda: not _is_open(instance, import_id))
                seconds = perf_counter() - start
                peak = max(map(_peak_bytes, workers.pids))
            with database.session() as session:
                if not import_result.is_clean(session, import_id):
                    raise RuntimeError(f"{path} was not imported whole")
    return {"seconds": seconds, "peak_bytes": peak}


def _make_group(instance: Instance, path: str) -> None:
    with instance.database.session() as session:
        group = Namespace(name=path, path=path, type="Group")
        session.add(group)
        session.flush()
        session.add(Route(path=path, name=path, namespace_id=group.id))


def _is_open(instance: Instance, bulk_import_id: int) -> bool:
    with instance.database.session() as session:
        return session.get_one(BulkImport, bulk_import_id, populate_existing=True).status in OPEN_IMPORT


def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        sleep(LOOK_SECONDS)


def _count(instance: Instance, table: str) -> int:
    with instance.database.session() as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - a name of ours


def _peak_bytes(pid: int) -> int:
    """The most memory that a process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the high-water mark of a process")
