"""Worker processes, real ones."""

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest
from sqlalchemy import text

from offline_transfer.jobs.processes import environment_of
from offline_transfer.queue import QueueName
from tests.integration.jobs import functions
from tests.integration.jobs.scene import DEADLINE, Scene


def test_a_worker_does_what_waits_and_is_woken_for_what_comes(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    with scene.workers(poll_seconds=300):
        scene.wait_for("done 1")
        scene.wait_until("EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'succeeded')")
        scene.defer("test_file", number=2)
        scene.wait_for("done 2")
    assert scene.jobs() == [("test_tell", "succeeded", 1), ("test_file", "succeeded", 1)]


def test_the_job_of_a_killed_worker_is_done_by_another(scene: Scene) -> None:
    scene.defer("test_once", number=1)
    with scene.workers():
        pid = int(scene.wait_for("pid").split()[1])
        child = int(scene.wait_for("child").split()[1])
        os.kill(pid, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        scene.wait_for("done 1")
    assert scene.jobs() == [("test_once", "succeeded", 2)]
    assert scene.scalar("SELECT array_agg(kind) FROM job_failures") == ["died"]


def test_workers_that_are_killed_take_along_what_they_have_started(scene: Scene) -> None:
    scene.defer("test_once", number=1)
    with scene.workers() as workers:
        # It leads a process group of its own, as git does.
        child = psutil.Process(int(scene.wait_for("child").split()[1]))
        workers.kill()
        assert workers.wait(DEADLINE)
        with contextlib.suppress(psutil.NoSuchProcess):
            child.wait(DEADLINE)
    assert scene.jobs() == [("test_once", "doing", 0)]


def test_a_job_survives_that_all_connections_break(scene: Scene) -> None:
    scene.defer("test_cut", number=1)
    with scene.workers():
        scene.wait_for("done 1")
        scene.wait_until(
            "EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = 'test_cut' AND status = 'succeeded')"
        )
    assert scene.scalar("SELECT array_agg(kind) FROM job_failures") == ["error"]


def test_a_worker_that_is_told_to_end_stops_at_the_next_step_and_puts_its_job_back(scene: Scene) -> None:
    scene.defer("test_steps", number=1)
    with scene.workers():
        scene.wait_for("step 1")
    assert scene.jobs() == [("test_steps", "todo", 1)]
    assert scene.scalar("SELECT count(*) FROM procrastinate_workers") == 0
    assert scene.scalar("SELECT count(*) FROM job_failures") == 0


@pytest.mark.slow
def test_a_worker_that_does_not_end_in_time_is_ended_with_its_children_and_its_job_put_back(scene: Scene) -> None:
    scene.defer("test_once", number=1)
    with scene.workers(worker_grace_seconds=0.1):
        child = int(scene.wait_for("child").split()[1])
    wait_for_exit(child)
    assert scene.jobs() == [("test_once", "todo", 1)]
    assert scene.scalar("SELECT count(*) FROM job_failures") == 0


@pytest.mark.slow
def test_a_worker_with_too_much_memory_ends_at_the_next_step_and_another_goes_on(scene: Scene) -> None:
    scene.defer("test_steps", number=1)
    with scene.workers(worker_memory_mib=64):
        scene.wait_for("done 1")
        scene.wait_until(
            "EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = 'test_steps' AND status = 'succeeded')"
        )
    assert {step for step in scene.told() if step[0] == "step"} == {("step", 1), ("step", 2)}
    assert scene.scalar("SELECT count(*) FROM job_failures") == 0


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(scene: Scene) -> None:
    scene.defer("test_steps", number=1)
    script = (
        "from offline_transfer.jobs.processes import WorkerProcesses\n"
        "from offline_transfer.settings import load_settings\n"
        f"with WorkerProcesses(load_settings(), count=1, modules=[{functions.__name__!r}]) as workers:\n"
        "    workers.wait()\n"
    )
    environment = {**os.environ, **environment_of(scene.settings)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as parent:
        scene.wait_for("step 1")
        (worker,) = psutil.Process(parent.pid).children()
        parent.kill()
    worker.wait(DEADLINE)
    assert scene.jobs() == [("test_steps", "todo", 1)]


@pytest.mark.slow
def test_a_worker_of_rows_leaves_files_to_others_and_needs_no_data_directory(scene: Scene) -> None:
    scene.defer("test_file", number=1)
    scene.defer("test_tell", number=2)
    with scene.database.session() as session:
        session.execute(text("INSERT INTO data_directories (marker) VALUES ('of another machine')"))
    with scene.workers(queues=[QueueName.ROWS]):
        scene.wait_for("done 2")
    assert scene.told() == [("done", 2)]


def wait_for_exit(pid: int) -> None:
    """Waits until a process that is not a child of ours to wait for has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(DEADLINE)
