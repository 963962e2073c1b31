"""What is done again and again."""

import importlib
import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from offline_transfer.forge.attempts import Attempts
from offline_transfer.jobs import sweeps
from offline_transfer.jobs.instance import Instance
from offline_transfer.queue import QueueName
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.sources import from_bytes
from tests.integration.jobs.scene import Scene, silence, take


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
