"""Any number of processes share one embedded server; whoever leaves last stops it.

Two locks of the kernel, which vanish with the process that held them, even after kill -9:

- `users.lock`: shared by everybody who uses the server, exclusive for who stops it;
- `start.lock`: exclusive for who looks whether the server runs and starts it.

A server that a killed process left behind is used by the next, and stopped when that one leaves.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from offline_transfer.embedded.cluster import Cluster
from offline_transfer.embedded.errors import EmbeddedServerError

DIRECTORY: Final = "postgresql"

DURABLE: Final[Mapping[str, str]] = {}
# For data that nobody will miss after a crash of the machine: tests, demonstrations.
THROWAWAY: Final[Mapping[str, str]] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class StopOutcome(StrEnum):
    """What became of a request to stop the server."""

    STOPPED = "stopped"
    NOT_RUNNING = "not_running"
    IN_USE = "in_use"


class EmbeddedServer:
    """The embedded server of one data directory, as one process sees it.

    `parameters` are PostgreSQL's own and hold if this process starts the server; one that runs already keeps those it has.
    """

    def __init__(self, data_dir: Path, parameters: Mapping[str, str] = DURABLE) -> None:
        self._parameters = parameters
        self._cluster = Cluster(data_dir.absolute() / DIRECTORY)
        self._keep_running = self._cluster.directory / "keep-running"
        self._use: int | None = None

    def start(self) -> str:
        """Use the server, starting it if need be, and give its address for libpq. To be followed by `leave`."""
        if self._use is not None:
            return self._cluster.url()
        self._make_directory()
        self._use = self._lock("users.lock", fcntl.LOCK_SH)
        try:
            with self._starting() as lock:
                self._cluster.create(self._parameters, lock=lock)
                self._cluster.start(self._parameters)
                return self._cluster.url()
        except BaseException:
            # It may run all the same: it was too slow for us, or somebody interrupted us.
            with suppress(EmbeddedServerError):
                self.leave()
            raise

    def leave(self) -> StopOutcome:
        """Use the server no longer. The last one to leave stops it, unless it was told to keep running."""
        if self._use is None:
            return StopOutcome.NOT_RUNNING
        use, self._use = self._use, None
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_kept_running():
                return StopOutcome.IN_USE
            self._cluster.stop()
        except BlockingIOError:
            return StopOutcome.IN_USE
        finally:
            os.close(use)
        return StopOutcome.STOPPED

    def keep_running(self) -> None:
        """Leave the server running, as it runs now, when the last one leaves; until `stop`."""
        self._keep_running.write_text(self._cluster.identity() or "")

    def stop(self) -> StopOutcome:
        """Stop the server now; while others use it, it stops when the last of them leaves."""
        if not self._cluster.data.exists():
            return StopOutcome.NOT_RUNNING
        self._keep_running.unlink(missing_ok=True)
        if self.leave() is StopOutcome.STOPPED:
            return StopOutcome.STOPPED
        if self._cluster.identity() is None:
            return StopOutcome.NOT_RUNNING
        use = self._lock("users.lock", fcntl.LOCK_SH)
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._cluster.stop()
        except BlockingIOError:
            return StopOutcome.IN_USE
        finally:
            os.close(use)
        return StopOutcome.STOPPED

    def _is_kept_running(self) -> bool:
        """Whether somebody asked to keep this run of the server; the wish does not outlive it."""
        return self._keep_running.exists() and self._keep_running.read_text() == self._cluster.identity()

    def _make_directory(self) -> None:
        directory = self._cluster.directory
        try:
            directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.mkdir(mode=0o700, exist_ok=True)
            directory.chmod(0o700)
        except OSError as error:
            raise self._not_ours(error) from None

    def _lock(self, name: str, operation: int) -> int:
        """Hold a lock until the descriptor given back is closed; waits for who holds it otherwise."""
        try:
            descriptor = os.open(self._cluster.directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._not_ours(error) from None
        try:
            fcntl.flock(descriptor, operation)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def _starting(self) -> Iterator[int]:
        descriptor = self._lock("start.lock", fcntl.LOCK_EX)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _not_ours(self, error: OSError) -> EmbeddedServerError:
        return EmbeddedServerError(
            directory=self._cluster.directory,
            action="used",
            reason=error.strerror or str(error),
            remedy="Choose a data directory that you can write to, or run this as the user to whom it belongs.",
        )


@contextmanager
def running(data_dir: Path, parameters: Mapping[str, str] = DURABLE) -> Iterator[str]:
    """The address of the embedded server, which runs for as long as the block, and longer if others use it."""
    server = EmbeddedServer(data_dir, parameters)
    url = server.start()
    try:
        yield url
    finally:
        server.leave()
