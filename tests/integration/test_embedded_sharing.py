"""The embedded PostgreSQL: many processes, and processes that die."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from offline_transfer.embedded import THROWAWAY, EmbeddedServer, StopOutcome, running
from offline_transfer.embedded.cluster import Cluster
from tests.support import memory
from tests.support.environment import REPOSITORY

PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another process that uses the server."""

    process: subprocess.Popen[str]

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """One instance for the tests of this module; each leaves its server stopped."""
    with tempfile.TemporaryDirectory(prefix="ot-", dir=memory.parent_directory()) as name:
        with running(Path(name), THROWAWAY):
            pass
        yield Path(name)


@pytest.fixture
def cluster(data_dir: Path) -> Iterator[Cluster]:
    cluster = Cluster(data_dir / "postgresql")
    yield cluster
    assert cluster.identity() is None


@pytest.fixture
def neighbour(data_dir: Path, cluster: Cluster) -> Iterator[Callable[[], Neighbour]]:
    """Starts processes that use the server of this test; ends them and the server afterwards."""
    with ExitStack() as stack:
        stack.callback(lambda: EmbeddedServer(data_dir).stop())

        def begin() -> Neighbour:
            command = [sys.executable, "-m", "tests.support.server_user", str(data_dir)]
            process = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return Neighbour(process)

        yield begin


def wait_for_end(process: int) -> None:
    """Wait until a process that is no child of ours has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], PATIENCE_SECONDS)[0]
    finally:
        os.close(descriptor)


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_two_processes_share_a_server_and_the_last_one_stops_it(
    cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    first, second = neighbour(), neighbour()
    url = first.url()
    assert second.url() == url
    first.leave()
    assert answers(url)
    second.leave()
    assert cluster.identity() is None


def test_a_server_whose_only_user_was_killed_serves_the_next_and_stops_with_it(
    data_dir: Path, cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    killed = neighbour()
    url = killed.url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    identity = cluster.identity()
    killed.kill()
    with running(data_dir) as again, psycopg.connect(again) as connection:
        assert cluster.identity() == identity
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert cluster.identity() is None


def test_a_user_killed_while_others_use_the_server_takes_nothing_along(
    data_dir: Path, cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    killed = neighbour()
    url = killed.url()
    with running(data_dir):
        killed.kill()
        assert answers(url)
    assert cluster.identity() is None


def test_a_killed_server_recovers_what_was_committed(data_dir: Path, cluster: Cluster) -> None:
    with running(data_dir) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE many AS SELECT n FROM generate_series(1, 1000) AS n")
        identity = cluster.identity()
        assert identity is not None
        process = int(identity.partition("@")[0])
        os.kill(process, signal.SIGKILL)
        wait_for_end(process)
        assert cluster.identity() is None
    with running(data_dir) as url, psycopg.connect(url) as connection:
        assert cluster.identity() != identity
        assert connection.execute("SELECT count(*) FROM many").fetchone() == (1000,)
    assert cluster.identity() is None


def test_a_process_killed_while_it_creates_the_server_is_no_obstacle(
    data_dir: Path, cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    shutil.rmtree(cluster.directory)
    killed = neighbour()
    while not (cluster.server / "data.partial" / "PG_VERSION").exists():
        assert killed.process.poll() is None
    killed.kill()
    with running(data_dir, THROWAWAY) as url:
        assert answers(url)


def test_a_stale_process_number_that_belongs_to_another_program_is_seen_through(
    data_dir: Path, cluster: Cluster
) -> None:
    with running(data_dir, THROWAWAY):
        claim = (cluster.data / "postmaster.pid").read_text().split("\n")
    claim[0] = str(os.getpid())
    stale = cluster.data / "postmaster.pid"
    stale.write_text("\n".join(claim))
    os.chown(stale, cluster.data.stat().st_uid, cluster.data.stat().st_gid)
    assert cluster.identity() is None
    with running(data_dir, THROWAWAY) as url:
        assert answers(url)


def test_a_server_told_to_keep_running_does_so_until_it_is_stopped(data_dir: Path, cluster: Cluster) -> None:
    server = EmbeddedServer(data_dir, THROWAWAY)
    url = server.start()
    server.keep_running()
    assert server.leave() is StopOutcome.IN_USE
    assert answers(url)
    with running(data_dir):
        pass
    assert answers(url)
    assert EmbeddedServer(data_dir).stop() is StopOutcome.STOPPED
    assert cluster.identity() is None
    assert EmbeddedServer(data_dir).stop() is StopOutcome.NOT_RUNNING


def test_the_wish_to_keep_it_running_ends_with_the_server(data_dir: Path, cluster: Cluster) -> None:
    server = EmbeddedServer(data_dir, THROWAWAY)
    server.start()
    server.keep_running()
    server.leave()
    cluster.stop()
    with running(data_dir, THROWAWAY):
        pass
    assert cluster.identity() is None


def test_stopping_a_server_in_use_leaves_that_to_its_last_user(
    data_dir: Path, cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    user = neighbour()
    url = user.url()
    assert EmbeddedServer(data_dir).stop() is StopOutcome.IN_USE
    assert answers(url)
    user.leave()
    assert cluster.identity() is None


def test_an_instance_that_never_had_a_server_has_none_to_stop(tmp_path: Path) -> None:
    assert EmbeddedServer(tmp_path).stop() is StopOutcome.NOT_RUNNING


def test_an_interrupt_at_the_terminal_reaches_us_and_not_the_server(
    cluster: Cluster, neighbour: Callable[[], Neighbour]
) -> None:
    user = neighbour()
    user.url()
    identity = cluster.identity()
    assert identity is not None
    assert os.getsid(int(identity.partition("@")[0])) != os.getsid(user.process.pid)
