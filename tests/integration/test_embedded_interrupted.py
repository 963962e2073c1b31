"""Ctrl-C while the embedded server is made or starts: no process stays behind, and the next one begins as if nothing had been."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from offline_transfer.embedded import THROWAWAY, running
from offline_transfer.embedded.cluster import Cluster
from tests.support import memory
from tests.support.environment import REPOSITORY

PATIENCE_SECONDS = 60
Interrupt = Callable[[int], None]

MOMENTS = {
    "while the cluster is made": lambda cluster: (cluster.server / "data.partial" / "PG_VERSION").exists(),
    "while the server starts": lambda cluster: (cluster.data / "postmaster.pid").exists(),
}


def to_us(process: int) -> None:
    """As `kill -INT` sends it."""
    os.kill(process, signal.SIGINT)


def to_the_group(process: int) -> None:
    """As a terminal sends it: to us and to the programs that we have started."""
    os.killpg(process, signal.SIGINT)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A new instance without a server."""
    with tempfile.TemporaryDirectory(prefix="ot-", dir=memory.parent_directory()) as name:
        yield Path(name)


def processes_in(directory: Path) -> list[str]:
    """The programs that work inside a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = (process / "cwd").readlink()
            name = (process / "comm").read_text().strip()
        except OSError:
            continue
        if place.is_relative_to(directory.resolve()):
            found.append(name)
    return found


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("interrupt", [to_us, to_the_group])
def test_an_interrupt_leaves_no_server_behind(
    data_dir: Path, moment: Callable[[Cluster], bool], interrupt: Interrupt
) -> None:
    cluster = Cluster(data_dir / "postgresql")
    command = [sys.executable, "-m", "tests.support.server_user", str(data_dir)]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as user:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not moment(cluster):
            assert user.poll() is None
            assert time.monotonic() < deadline
        interrupt(user.pid)
        _, complaint = user.communicate(timeout=PATIENCE_SECONDS)
    assert user.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in complaint
    assert cluster.identity() is None
    assert processes_in(data_dir) == []
    with running(data_dir, THROWAWAY) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert cluster.identity() is None
