"""A PostgreSQL of one test alone, which may be restarted."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import psutil

from offline_transfer.embedded import EmbeddedServer
from tests.support import memory

SECONDS: Final = 60.0

# What was committed survives a crash of the server, and only that of the machine loses it.
WITHOUT_SYNC: Final = {"fsync": "off"}


class Stop(Enum):
    """How PostgreSQL is stopped, by the signal that its main process gets."""

    FAST = signal.SIGINT
    """Every connection is ended, and what is committed is written down."""
    IMMEDIATE = signal.SIGQUIT
    """As in a crash: everything that was not committed is lost, and the start recovers the rest."""


@dataclass(frozen=True, slots=True)
class OwnServer:
    """The server, which runs."""

    directory: Path
    server: EmbeddedServer

    @property
    def url(self) -> str:
        """Its address for libpq, which stays the same."""
        return self.server.start()

    def restart(self, stop: Stop) -> None:
        """Stop it so, and start it again; returns when it answers."""
        pid_file = self.directory / "postgresql" / "server" / "data" / "postmaster.pid"
        process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
        os.kill(process.pid, stop.value)
        process.wait(SECONDS)
        self.server.stop()
        self.server.start()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """The server for as long as the block."""
    with tempfile.TemporaryDirectory(dir=memory.parent_directory()) as name:
        server = EmbeddedServer(Path(name), WITHOUT_SYNC)
        server.start()
        try:
            yield OwnServer(Path(name), server)
        finally:
            server.stop()
