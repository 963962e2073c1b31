"""Exports by real worker processes that are killed, suspended, and lose their database. Each ends as if nothing had been."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from offline_transfer.db import connect
from offline_transfer.exporting import control
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.files import UploadPlace
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.migrations import runner
from offline_transfer.secrets import make_keys_file
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers.states import OPEN_EXPORT, ExportState, JobState
from tests.integration.exporting.buckets import LOCAL, contents
from tests.integration.exporting.conftest import populate
from tests.integration.exporting.exporter import Exporter
from tests.integration.exporting.service import DEADLINE, VICTIMS, Service, add_issues, service_of, wait_for_exit
from tests.support.faulty_s3 import Hold, Rule, faulty_front
from tests.support.own_server import OwnServer, Stop
from tests.support.s3 import S3Server

pytestmark = pytest.mark.slow

KILLS = 6
RESTARTS = 3
SECONDS = 15.0
SECRET = "0" * 32

_READS_ISSUES = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND query LIKE '%description%issues%' AND pid <> pg_backend_pid()
"""
_OPEN_JOBS = """
SELECT id FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name NOT LIKE 'sweep:%'
"""


@pytest.fixture
def service(exporter: Exporter, tmp_path: Path) -> Service:
    """`top/sub/app` with issues for twelve batches, each of which takes a moment."""
    add_issues(exporter.database, 2400, 4000)
    return service_of(exporter.database, tmp_path, batch_size=200)


def test_workers_that_are_killed_again_and_again_while_they_do_two_exports_of_one_group_at_once(
    service: Service,
) -> None:
    whole = service.undisturbed()
    chance = random.Random(20_240_229)  # noqa: S311  the moments need not be secret, and the same ones are tried again
    killed = 0
    with service.workers(2) as workers:
        while killed < KILLS:
            both = service.ask(), service.ask()
            while killed < KILLS and any(service.state(created) in OPEN_EXPORT for created in both):
                if service.rows(VICTIMS):
                    # Not for anything to happen: to a moment somewhere in the job.
                    time.sleep(chance.uniform(0, 0.4))
                    killed += kill_one(service, workers)
            for created in both:
                assert service.wait_for_end(created) is ExportState.finished
                assert not service.row(created).has_failures
                assert service.contents(created) == whole
    assert len(service.rows("SELECT id FROM job_failures WHERE kind = 'died'")) >= KILLS // 2


def kill_one(service: Service, workers: WorkerProcesses) -> int:
    """Kills a worker that is at work, if there is one; gives how many."""
    for (pid,) in service.rows(VICTIMS):
        if pid in workers.pids:
            os.kill(pid, signal.SIGKILL)
            wait_for_exit(pid)
            return 1
    return 0


def test_what_a_suspended_worker_writes_late_does_not_count(
    exporter: Exporter, rclone_server: S3Server, tmp_path: Path
) -> None:
    """It stands still in the middle of an object, until another has done its job and the whole export; then it wakes."""
    add_large_upload(exporter)
    keys = tmp_path / "keys"
    make_keys_file(keys)
    service = service_of(exporter.database, tmp_path, secrets_file=keys)
    bucket = rclone_server.new_bucket().bucket
    with faulty_front(rclone_server) as front:
        storage = StorageConfiguration.from_location(
            f"s3://{bucket}", front.server.environment(), front.server.endpoint
        )
        place = front.behind.configuration(bucket).open(LOCAL)
        with service.workers() as first:
            undisturbed = service.ask(storage=storage)
            assert service.wait_for_end(undisturbed) is ExportState.finished
            whole = contents(place, undisturbed)
            front.plan(Rule(Hold(), "PUT", "partNumber="))
            created = service.ask(storage=storage)
            service.wait_until(lambda: Hold() in [seen.fault for seen in front.seen])
            (pid,) = first.pids
            os.kill(pid, signal.SIGSTOP)
            with service.workers():
                assert service.wait_for_end(created) is ExportState.finished
            assert contents(place, created) == whole
            os.kill(pid, signal.SIGCONT)
            front.release()
            assert front.held_done.acquire(timeout=DEADLINE)
            # It learns that it is no worker any more.
            wait_for_exit(pid)
    assert not service.row(created).has_failures
    assert contents(place, created) == whole
    assert ("died",) in service.rows("SELECT kind FROM job_failures")


def add_large_upload(exporter: Exporter) -> None:
    """More than goes into one request."""
    body = random.Random(1).randbytes(20 * 1024 * 1024)  # noqa: S311  it has to be the same and hard to compress
    stored = exporter.files.store_upload(
        UploadPlace(model_type="Project", model_id=5, name="large.bin", secret=SECRET, mount_point=None),
        from_bytes(body),
    )
    exporter.add(
        Upload(
            size=stored.size,
            path=f"{SECRET}/large.bin",
            checksum=stored.sha256,
            model_id=5,
            model_type="Project",
            uploader="FileUploader",
            secret=SECRET,
            storage_key=stored.key,
        )
    )


def test_a_database_that_is_restarted_again_and_again(own_server: OwnServer, tmp_path: Path) -> None:
    database = connect(own_server.url)
    runner.upgrade(database.engine)
    populate(Exporter(database, tmp_path))
    add_issues(database, 2400, 4000)
    service = service_of(database, tmp_path, batch_size=200)
    whole = service.undisturbed()
    chance = random.Random(1)  # noqa: S311  as above
    restarted = 0
    with service.workers(2):
        while restarted < RESTARTS:
            created = service.ask()
            while restarted < RESTARTS and service.state(created) in OPEN_EXPORT:
                if service.rows(VICTIMS):
                    time.sleep(chance.uniform(0, 0.4))
                    # Connections that were open before are broken, ours too.
                    database.engine.dispose()
                    own_server.restart(chance.choice(list(Stop)))
                    restarted += 1
            assert service.wait_for_end(created) is ExportState.finished
            assert not service.row(created).has_failures
            assert service.contents(created) == whole
    assert service.rows("SELECT id FROM job_failures") != []
    database.close()


def test_cancel_ends_within_seconds_in_the_middle_of_a_large_batch(exporter: Exporter, tmp_path: Path) -> None:
    add_issues(exporter.database, 10_000, 8000)
    service = service_of(exporter.database, tmp_path, batch_size=100_000)
    with service.workers(2):
        created = service.ask()
        service.wait_until(lambda: service.rows(_READS_ISSUES))
        before = objects(service, created)
        with exporter.database.session() as session:
            control.cancel(session, created.id)
        service.wait_until(lambda: not service.rows(_OPEN_JOBS), SECONDS)
        assert service.state(created) is ExportState.canceled
        # What was being read did not become an object, and nothing else was begun.
        assert "project_5/self.json.gz" in before
        assert "project_5/issues" not in " ".join(before)
        assert objects(service, created) == before
        assert service.rows("SELECT DISTINCT status FROM import_offline_export_jobs") == [(JobState.ended.value,)]


def objects(service: Service, created: CreatedExport) -> list[str]:
    """What lies in the directory of an archive, sorted."""
    top = service.out / str(created.prefix)
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
