"""What is done again and again."""

import importlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import db
from offline_transfer.db import Database
from offline_transfer.forge.attempts import Attempts
from offline_transfer.jobs import sweeps
from offline_transfer.jobs.instance import Instance
from offline_transfer.queue import QueueName
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.sources import from_bytes
from tests.integration.jobs.scene import Scene, silence, take
from tests.support.standstill import stand_still


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1, 1), (30, 30), (60, 60), (90, 120), (300, 300), (3600, 3600), (7200, 7200), (10**6, 86_400)],
)
def test_a_sweep_comes_as_often_as_is_asked_as_far_as_cron_can_say_it(seconds: int, expected: int) -> None:
    times = importlib.import_module("croniter").croniter(sweeps.cron_of(seconds), datetime(2026, 1, 1))
    first, second = times.get_next(datetime), times.get_next(datetime)
    assert second - first == timedelta(seconds=expected)


def test_the_sweeps_that_need_the_data_directory_are_for_the_workers_that_see_it() -> None:
    queues = {sweep.name: sweep.queue for sweep in sweeps.registered()}
    assert queues["stalled_jobs"] is QueueName.ROWS
    assert {queues[name] for name in ("old_logs", "dead_repositories", "dead_spool", "dead_files")} == {QueueName.FILES}


@pytest.mark.slow
def test_workers_sweep_by_themselves_and_the_rows_of_sweeps_that_succeeded_go(scene: Scene) -> None:
    scene.defer("test_file", number=1)
    job = take(scene)
    silence(scene, job)
    with scene.workers(queues=[QueueName.FILES, QueueName.ROWS]):
        scene.wait_for("done 1")
        scene.defer("test_tell", number=2)
        scene.wait_for("done 2")
        scene.wait_until("EXISTS (SELECT FROM procrastinate_periodic_defers WHERE job_id IS NULL)")
    assert scene.scalar("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'") == 2


def test_jobs_that_ended_long_ago_are_removed_with_what_hangs_on_them(scene: Scene) -> None:
    for name in ("test_tell", "test_last", "test_tell"):
        scene.defer(name, number=1)
    with scene.database.session() as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id <= 2"))
        session.execute(
            text("INSERT INTO job_failures (job_id, kind, message) VALUES (1, 'error', 'x'), (2, 'error', 'x')")
        )
        session.execute(text("UPDATE procrastinate_events SET at = now() - interval '15 days' WHERE job_id IN (1, 3)"))
    assert sweeps.old_jobs(scene.instance) == 1
    assert scene.jobs() == [("test_last", "failed", 0), ("test_tell", "todo", 0)]
    assert scene.scalar("SELECT array_agg(job_id) FROM job_failures") == [2]


@dataclass(frozen=True, slots=True)
class Suspended(Database):
    """A database over which who works is suspended before he commits."""

    standing: list[Session] = field(default_factory=list)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that stays in its transaction."""
        self.standing.append(self.sessions())
        yield self.standing[-1]


OLD_JOB = (
    "UPDATE procrastinate_jobs SET status = 'failed'; UPDATE procrastinate_events SET at = now() - interval '15 days'"
)
OLD_EXPORT = (
    "INSERT INTO import_offline_exports (id, status, batch_size, ended_at) VALUES (1, 2, 10, now() - interval '2 days');"
    "INSERT INTO import_offline_configurations (offline_export_id, export_prefix, location, object_storage_credentials)"
    " VALUES (1, 'prefix', 'place', 'sealed')"
)
OLD_IMPORT = (
    "INSERT INTO bulk_imports (id, source_type, status, ended_at) VALUES (1, 2, 2, now() - interval '2 days');"
    "INSERT INTO import_offline_configurations (bulk_import_id, export_prefix, location, decryption)"
    " VALUES (1, 'prefix', 'place', 'sealed')"
)


@pytest.mark.parametrize(
    ("sweep", "statements"),
    [
        (sweeps.old_jobs, OLD_JOB),
        (sweeps.export_credentials, OLD_EXPORT),
        (sweeps.import_credentials, OLD_IMPORT),
    ],
)
def test_a_sweep_that_stands_still_does_not_keep_the_next_one_waiting_for_ever(
    scene: Scene, sweep: sweeps.Sweep, statements: str
) -> None:
    scene.defer("test_tell", number=1)
    with scene.database.session() as session:
        for statement in statements.split(";"):
            session.execute(text(statement))
    suspended = Suspended(scene.database.engine, scene.database.sessions, "here", scene.database.conninfo)
    with ExitStack() as stack:
        impatient = db.connect(make_conninfo(scene.database.conninfo, options="-c lock_timeout=30s"))
        stack.callback(impatient.close)
        assert sweep(replace(scene.instance, database=suspended)) == 1
        (standing,) = suspended.standing
        # Its connection is gone: there is nothing that could be rolled back.
        stack.callback(standing.invalidate)
        stand_still(standing)
        assert sweep(replace(scene.instance, database=impatient)) == 1
        with pytest.raises(DBAPIError):
            standing.execute(text("SELECT 1"))


def test_a_sweep_that_others_register_is_done(scene: Scene) -> None:
    seen = []

    def sweep(instance: Instance) -> int:
        seen.append(instance.settings.data_dir)
        return 1

    found = sweeps.RegisteredSweep("test", sweep, QueueName.ROWS)
    sweeps.run(found, scene.instance, timestamp=5)
    assert seen == [scene.settings.data_dir]


def test_what_processes_that_died_had_unpacked_is_removed(scene: Scene) -> None:
    spool = scene.settings.data_dir / "spool"
    (spool / ("0" * 32)).mkdir(parents=True)
    (spool / f"{'0' * 32}.lock").touch()
    with Attempts(spool).begin() as living:
        assert sweeps.dead_spool(scene.instance) == 1
        assert living.exists()
    assert list(spool.iterdir()) == []


def test_a_file_that_a_dead_worker_had_begun_is_removed_once_its_death_is_known(scene: Scene) -> None:
    files = scene.settings.data_dir / "files"
    DiskStore(files).put("uploads/aa/bb/cc", from_bytes(b"whole"))
    begun = files / "uploads" / "aa" / "bb" / "dd.0123456789abcdef.partial"
    begun.write_bytes(b"beg")
    os.utime(begun, (0, 0))
    assert sweeps.dead_files(scene.instance) == 0
    scene.defer("test_tell", number=1)
    silence(scene, take(scene))
    assert sweeps.stalled_jobs(scene.instance) == 1
    assert sweeps.dead_files(scene.instance) == 1
    assert [path.name for path in files.rglob("*") if path.is_file()] == ["cc"]


def test_where_sweeps_are_rare_a_death_is_remembered_until_the_next_ones(scene: Scene) -> None:
    begun = scene.settings.data_dir / "files" / "uploads" / "dd.0123456789abcdef.partial"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"beg")
    os.utime(begun, (0, 0))
    scene.defer("test_tell", number=1)
    silence(scene, take(scene))
    assert sweeps.stalled_jobs(scene.instance) == 1
    with scene.database.session() as session:
        session.execute(text("UPDATE job_failures SET at = now() - interval '1 hour'"))
    assert sweeps.dead_files(scene.instance) == 0
    rarely = scene.settings.model_copy(update={"sweep_seconds": 3600})
    assert sweeps.dead_files(replace(scene.instance, settings=rarely)) == 1
    assert not begun.exists()
