"""Imports by real worker processes that are killed, suspended, and lose their database. Each ends as if nothing had been."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from offline_transfer import queue
from offline_transfer.db import Database, connect
from offline_transfer.forge.models import Base
from offline_transfer.importing import create
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.jobs import contexts
from offline_transfer.jobs.instance import instance_of
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.migrations import runner
from offline_transfer.secrets import make_keys_file
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import BulkImport
from offline_transfer.transfers.states import OPEN_IMPORT
from tests.integration.exporting.buckets import LOCAL
from tests.integration.exporting.service import DEADLINE, VICTIMS, Service, service_of, wait_for_exit
from tests.support.faulty_s3 import FaultyFront, Hold, Rule, Seen, faulty_front
from tests.support.fill import fill_every_relation
from tests.support.instances import Exported, Imported, Instance
from tests.support.orphans import lost, orphans
from tests.support.own_server import OwnServer, Stop
from tests.support.s3 import S3Server

pytestmark = pytest.mark.slow

KILLS: Final = 8
RESTARTS: Final = 6
OF_FILES: Final = ("repository", "uploads", "lfs_objects")

_OUR_WORK: Final = ("bulk_import", "import_offline", "job_", "application_settings")

MakeDatabase = Callable[[], Database]


@pytest.fixture
def exported(make_database: MakeDatabase, tmp_path: Path) -> Exported:
    """The archive of an instance in which every relation has records, in batches of three."""
    (tmp_path / "source").mkdir()
    source = Instance(make_database(), tmp_path / "source", {"batch_size": 3})
    fill_every_relation(source.database, source.repositories, source.files)
    return source.export(tmp_path / "archive", "fill")


def sizes(database: Database) -> dict[str, int]:
    """How many rows the tables of the forge have."""
    with database.session() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if not table.name.startswith(_OUR_WORK)
        }


def files(directory: Path) -> int:
    """How many uploads and LFS objects lie there, whole or not."""
    return sum(1 for path in (directory / "files").rglob("*") if path.is_file())


def repositories(directory: Path) -> int:
    return sum(1 for _ in (directory / "repositories").rglob("HEAD"))


def ask(service: Service, exported: Exported, storage: StorageConfiguration | None = None) -> int:
    """Take an import on, for the workers; an archive in a bucket is read once before."""
    (context,) = contexts.importing(instance_of(service.settings, queue.durable(service.database)))
    request = ImportRequest(
        wanted=Everything(""),
        storage=storage or StorageConfiguration.from_location(str(exported.place), {}),
        export_prefix=str(exported.prefix),
    )
    take_on = create.create_import if storage is None else create.create_checked_import
    return take_on(replace(context, egress=LOCAL), request)


def is_open(service: Service, bulk_import_id: int) -> bool:
    with service.database.session() as session:
        return session.get_one(BulkImport, bulk_import_id).status in OPEN_IMPORT


def imported(service: Service, bulk_import_id: int) -> Imported:
    return Instance(service.database, service.settings.data_dir).imported(bulk_import_id)


def sorted_rows(found: Imported) -> list[str]:
    return sorted(map(str, found.rows))


@pytest.fixture
def undisturbed(
    make_database: MakeDatabase, exported: Exported, tmp_path: Path
) -> tuple[Imported, dict[str, int], int, int]:
    """What the import is when nobody disturbs it."""
    directory = tmp_path / "undisturbed"
    directory.mkdir()
    instance = Instance(make_database(), directory)
    found = instance.import_archive(exported)
    assert found.is_clean
    return found, sizes(instance.database), files(directory), repositories(directory)


def assert_like(service: Service, bulk_import_id: int, undisturbed: tuple[Imported, dict[str, int], int, int]) -> None:
    """The same rows, files and counts, and nothing that is of one of them alone."""
    whole, rows, stored, bare = undisturbed
    found = imported(service, bulk_import_id)
    assert found.failures == []
    assert found.is_clean
    assert found.unbalanced() == []
    assert sorted_rows(found) == sorted_rows(whole)
    assert sizes(service.database) == rows
    assert orphans(service.database, service.settings) == lost(service.database, service.settings) == []
    assert (files(service.settings.data_dir), repositories(service.settings.data_dir)) == (stored, bare)


def test_workers_that_are_killed_again_and_again(
    make_database: MakeDatabase,
    exported: Exported,
    undisturbed: tuple[Imported, dict[str, int], int, int],
    tmp_path: Path,
) -> None:
    service = service_of(make_database(), tmp_path / "killed")
    chance = random.Random(20_260_416)  # noqa: S311  the moments need not be secret, and the same ones are tried again
    killed = 0
    with service.workers(2) as workers:
        bulk_import_id = ask(service, exported)
        while killed < KILLS and is_open(service, bulk_import_id):
            for (pid,) in service.rows(VICTIMS):
                # Not for anything to happen: to a moment somewhere in the job.
                time.sleep(chance.uniform(0, 0.3))
                if pid in workers.pids:
                    os.kill(pid, signal.SIGKILL)
                    wait_for_exit(pid)
                    killed += 1
                    break
        service.wait_until(lambda: not is_open(service, bulk_import_id))
    assert killed
    assert_like(service, bulk_import_id, undisturbed)


def test_a_suspended_worker_that_wakes_when_all_is_done_changes_nothing(
    make_database: MakeDatabase,
    exported: Exported,
    undisturbed: tuple[Imported, dict[str, int], int, int],
    tmp_path: Path,
) -> None:
    service = service_of(make_database(), tmp_path / "suspended")
    with service.workers() as first:
        bulk_import_id = ask(service, exported)
        service.wait_until(lambda: service.rows("SELECT 1 FROM bulk_import_batch_trackers WHERE status = 2 OFFSET 5"))
        service.wait_until(lambda: service.rows(VICTIMS))
        (pid,) = first.pids
        os.kill(pid, signal.SIGSTOP)
        with service.workers():
            service.wait_until(lambda: not is_open(service, bulk_import_id))
        os.kill(pid, signal.SIGCONT)
        service.wait_until(lambda: pid not in first.pids)
    assert_like(service, bulk_import_id, undisturbed)


def test_workers_that_are_suspended_in_the_middle_of_files_and_wake_when_all_is_done_change_nothing(
    make_database: MakeDatabase,
    exported: Exported,
    undisturbed: tuple[Imported, dict[str, int], int, int],
    rclone_server: S3Server,
    tmp_path: Path,
) -> None:
    keys = tmp_path / "keys"
    make_keys_file(keys)
    service = service_of(make_database(), tmp_path / "suspended", secrets_file=keys)
    bucket = in_bucket(rclone_server, exported)
    with faulty_front(rclone_server) as front, ExitStack() as stack:
        storage = StorageConfiguration.from_location(
            f"s3://{bucket}", front.server.environment(), front.server.endpoint
        )
        bulk_import_id = ask(service, exported, storage)
        front.plan(*(Rule(Hold(), "GET", f"/project_[0-9]+/{relation}") for relation in OF_FILES))
        suspended: list[tuple[WorkerProcesses, int]] = []
        while len(suspended) < len(OF_FILES):
            workers = stack.enter_context(service.workers())
            service.wait_until(lambda: len(held(front)) > len(suspended))
            (pid,) = workers.pids
            os.kill(pid, signal.SIGSTOP)
            stack.callback(awake, pid)
            suspended.append((workers, pid))
        stack.enter_context(service.workers())
        service.wait_until(lambda: not is_open(service, bulk_import_id))
        assert len({seen.target for seen in held(front)}) == len(OF_FILES)
        front.release()
        for workers, pid in suspended:
            awake(pid)
            assert front.held_done.acquire(timeout=DEADLINE)
            # It learns that it is no worker any more.
            service.wait_until(lambda workers=workers, pid=pid: pid not in workers.pids)  # type: ignore[misc]
    assert_like(service, bulk_import_id, undisturbed)


def in_bucket(server: S3Server, exported: Exported) -> str:
    """The name of a new bucket in which the archive lies."""
    bucket = server.new_bucket().bucket
    client = server.client()
    for path in exported.directory.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, str(path.relative_to(exported.place)))
    return bucket


def held(front: FaultyFront) -> list[Seen]:
    """The requests that are held back, or were."""
    return [seen for seen in front.seen if seen.fault is not None]


def awake(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_a_database_that_is_restarted_again_and_again(
    own_server: OwnServer,
    exported: Exported,
    undisturbed: tuple[Imported, dict[str, int], int, int],
    tmp_path: Path,
) -> None:
    database = connect(own_server.url)
    runner.upgrade(database.engine)
    service = service_of(database, tmp_path / "restarted")
    chance = random.Random(3)  # noqa: S311  as above
    stops = list(Stop) * RESTARTS
    restarted = 0
    with service.workers(2):
        bulk_import_id = ask(service, exported)
        while restarted < RESTARTS and is_open(service, bulk_import_id):
            if service.rows(VICTIMS):
                time.sleep(chance.uniform(0, 0.3))
                # Connections that were open before are broken, ours too.
                database.engine.dispose()
                own_server.restart(stops[restarted])
                restarted += 1
        service.wait_until(lambda: not is_open(service, bulk_import_id))
    assert restarted > 1
    assert service.rows("SELECT id FROM job_failures") != []
    assert_like(service, bulk_import_id, undisturbed)
    database.close()
