"""Starts worker processes, starts others for those that end, and ends them."""

import contextlib
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Final

import psutil
from pydantic import SecretStr

from offline_transfer import programs
from offline_transfer.queue import QueueName
from offline_transfer.settings import Settings, environment_names

ALL_QUEUES: Final = tuple(QueueName)

# A process that ends sooner than this was not ended by its work, and the next one waits.
_TOO_SOON: Final = 30.0
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 10.0
# Beside the grace time: what a worker needs to say that it ends.
_LEAVE_SECONDS: Final = 10.0

logger: Final = logging.getLogger(__name__)


class WorkerProcesses:
    """Some worker processes of one instance. As a context manager it starts them, and ends them at the end of the block.

    The processes lead groups of their own, so that Ctrl-C in a terminal reaches them only through who started them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        count: int | None = None,
        queues: Sequence[QueueName] = ALL_QUEUES,
        modules: Sequence[str] = (),
        log_to: IO[bytes] | int | None = None,
    ) -> None:
        """`count` defaults to the setting, and that to the number of cores. `modules` are imported by the processes for the
        jobs that they register, beside the program's own. `log_to` is where their standard error goes; None is ours.
        """
        self.count = count or settings.worker_processes or os.cpu_count() or 1
        self._grace = settings.worker_grace_seconds
        self._environment = {**os.environ, **environment_of(settings)}
        imports = [word for module in modules for word in ("--import", module)]
        self._command = [sys.executable, "-m", "offline_transfer.jobs.process", *queues, *imports]
        self._log_to = log_to
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._threads: list[threading.Thread] = []
        self._failed_in_a_row = 0

    def __enter__(self) -> "WorkerProcesses":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    @property
    def is_stopping(self) -> bool:
        """Whether the processes were told to end."""
        return self._stopping.is_set()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        with self._lock:
            return tuple(process.pid for process in self._running.values())

    @property
    def failed_in_a_row(self) -> int:
        """How many processes have ended with an error soon after they began, since one last did not."""
        with self._lock:
            return self._failed_in_a_row

    def start(self) -> None:
        """Start the processes, and have others started for those that end."""
        for slot in range(self.count):
            thread = threading.Thread(target=self._keep, args=(slot,), name=f"worker {slot + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Tell the processes to end, and start no others. Returns at once; `wait` waits for them."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with self._lock:
            for process in self._running.values():
                process.send_signal(signal.SIGTERM)
        threading.Thread(target=self._kill_late, name="late workers", daemon=True).start()

    def kill(self) -> None:
        """End the processes at once, with their children; their jobs are found when nothing is heard of them."""
        self._stopping.set()
        for pid in self.pids:
            # Git leads process groups of its own, and nobody finds it any more once the worker is dead.
            children = _children(pid)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all processes have ended, which without `stop` they never do; gives whether they have."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            programs.join(thread, deadline - time.monotonic())
        return not any(thread.is_alive() for thread in self._threads)

    def _keep(self, slot: int) -> None:
        wait = _FIRST_WAIT
        while (process := self._spawn(slot)) is not None:
            began = time.monotonic()
            status = process.wait()
            # One that a signal ended had begun; what its job did to it says nothing of the next.
            too_soon = status > 0 and time.monotonic() - began <= _TOO_SOON
            with self._lock:
                del self._running[slot]
                self._failed_in_a_row = self._failed_in_a_row + 1 if too_soon else 0
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping.is_set():
                return
            logger.info("worker.replaced", extra={"pid": process.pid, "status": status})
            wait = min(wait * 2, _LONGEST_WAIT) if too_soon else _FIRST_WAIT
            if status != 0 and self._stopping.wait(wait):
                return

    def _spawn(self, slot: int) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._log_to,
                start_new_session=True,
            )
            self._running[slot] = process
            return process

    def _kill_late(self) -> None:
        if not self.wait(self._grace + _LEAVE_SECONDS):
            self.kill()


def _children(pid: int) -> list[psutil.Process]:
    """What a process has started, and what that has."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The variables that give a process these settings."""
    variables = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
        elif isinstance(value, (list, tuple, dict, set, frozenset)):
            text = json.dumps(sorted(value) if isinstance(value, (set, frozenset)) else value)
        else:
            text = str(value)
        variables[environment_names(name)[0]] = text
    return variables
