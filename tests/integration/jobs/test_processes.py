"""Worker processes, real ones."""

import os
import signal

from tests.integration.jobs.scene import Scene


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
        os.kill(pid, signal.SIGKILL)
        scene.wait_for("done 1")
    assert scene.jobs() == [("test_once", "succeeded", 2)]
    assert scene.scalar("SELECT array_agg(kind) FROM job_failures") == ["died"]
