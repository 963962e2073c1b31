"""Commands that are interrupted while a request to a store is held back."""

import signal
import subprocess
import time
from contextlib import AbstractContextManager
from threading import Event
from typing import Final

from offline_transfer.errors import ExitStatus
from tests.acceptance.program import Instance, started
from tests.support.faulty_s3 import FaultyFront

DEADLINE: Final = 90.0
"""Seconds after which something that should happen is taken not to."""
SHORT_GRACE: Final = {"OFFLINE_TRANSFER_WORKER_GRACE_SECONDS": "1"}
"""A worker that waits for a store that says nothing is soon ended with what it is at."""
LONG_GRACE: Final = {"OFFLINE_TRANSFER_WORKER_GRACE_SECONDS": "600"}
"""Who waits for such a worker waits too long for a test."""


def with_store(
    instance: Instance, front: FaultyFront, *words: object, **variables: str
) -> "AbstractContextManager[subprocess.Popen[str]]":
    """The program, started, with the credentials of the store and one worker."""
    environment = {**instance.environment, **front.server.environment(), "OFFLINE_TRANSFER_WORKER_PROCESSES": "1"}
    return started(*words, "--data-dir", instance.data_dir, **environment, **variables)


def wait_for_held(front: FaultyFront) -> None:
    """Waits until a request is held back."""
    deadline = time.monotonic() + DEADLINE
    while not any(seen.fault is not None for seen in front.seen):
        assert time.monotonic() < deadline, f"nothing was held: {front.seen}"
        Event().wait(0.05)


def interrupted_once(process: "subprocess.Popen[str]") -> list[str]:
    """Ctrl-C, which ends the program; gives the words with which it says that one can go on."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitStatus.INTERRUPTED
    canceling, interrupted = said.splitlines()
    assert interrupted == "offline-transfer: Interrupted."
    return canceling.removeprefix("Canceling. To go on: offline-transfer ").split()


def interrupted_twice(process: "subprocess.Popen[str]") -> list[str]:
    """Ctrl-C, and again as soon as the first was answered; gives the same words. Nothing that was held is let go meanwhile."""
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    canceling = process.stderr.readline()
    assert canceling.startswith("Canceling. To go on: ")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitStatus.INTERRUPTED
    assert said.splitlines() == ["offline-transfer: Interrupted."]
    return canceling.removeprefix("Canceling. To go on: offline-transfer ").split()
