"""The embedded PostgreSQL: what it is, where it lies, who can reach it."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from offline_transfer.embedded import THROWAWAY, EmbeddedServer, EmbeddedServerError, StopOutcome, running
from offline_transfer.embedded.cluster import Cluster
from tests.support import memory


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ot-", dir=memory.parent_directory()) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def url(data_dir: Path) -> Iterator[str]:
    with running(data_dir, THROWAWAY) as url:
        yield url


@pytest.fixture
def private_directory() -> Iterator[Path]:
    """A directory with a short path; pytest's may lie too deep for the address of a socket."""
    with tempfile.TemporaryDirectory(prefix="ot-", dir=memory.parent_directory()) as name:
        yield Path(name)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgresql/server/data/postmaster.pid").read_text().split("\n")[0])


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def modes(directory: Path) -> dict[str, str]:
    """The permissions of everything that is ours, PostgreSQL's own files left out."""
    found = {".": oct(stat.S_IMODE(directory.stat().st_mode))}
    for path in sorted(directory.rglob("*")):
        if "data" not in path.relative_to(directory).parent.parts and not path.name.startswith(".s."):
            found[str(path.relative_to(directory))] = oct(stat.S_IMODE(path.lstat().st_mode))
    return found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT current_setting('server_encoding')", "UTF8"),
        ("SELECT current_setting('TimeZone')", "UTC"),
        ("SELECT current_setting('listen_addresses')", ""),
        ("SELECT current_setting('fsync')", "off"),
        ("SELECT current_database()", "offline_transfer"),
        ("SELECT current_setting('server_version_num')::int >= 150000", True),
        ("SELECT lower('ÄÖ')", "äö"),
        ("SELECT 'a' < 'B'", False),
    ],
)
def test_the_server_is_set_up_the_same_on_every_machine(url: str, question: str, answer: object) -> None:
    assert ask(url, question) == answer


def test_only_the_owner_can_enter_its_directories(data_dir: Path, url: str) -> None:
    assert modes(data_dir / "postgresql") == {
        ".": "0o700",
        "password": "0o600",
        "server": "0o700",
        "server/data": "0o700",
        "server/log": "0o600",
        "server/run": "0o700",
        "start.lock": "0o600",
        "users.lock": "0o600",
    }


def test_a_wrong_password_is_refused_on_the_socket(data_dir: Path, url: str) -> None:
    password = (data_dir / "postgresql/password").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "wrong"))


def test_the_password_is_stored_as_a_scram_verifier(url: str) -> None:
    assert ask(url, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = current_user") is True


def test_no_network_port_is_open(data_dir: Path, url: str) -> None:
    process = Path(f"/proc/{postmaster(data_dir)}")
    sockets = {os.readlink(fd) for fd in (process / "fd").iterdir()}  # noqa: PTH115 - the targets are no paths
    inodes = {socket[8:-1] for socket in sockets if socket.startswith("socket:")}
    tables = [(process / "net" / name).read_text().splitlines()[1:] for name in ("tcp", "tcp6", "udp", "udp6")]
    assert inodes
    assert not inodes & {line.split()[9] for table in tables for line in table}


def test_the_server_does_not_run_as_root(data_dir: Path, url: str) -> None:
    owner = Path(f"/proc/{postmaster(data_dir)}").stat().st_uid
    assert owner == (data_dir / "postgresql/server/data").stat().st_uid
    assert owner != 0


def test_statements_stay_out_of_the_log(data_dir: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TEMPORARY TABLE secrets (token text PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO secrets VALUES ('glpat-tell-nobody'), ('glpat-tell-nobody')")
    log = (data_dir / "postgresql/server/log").read_text()
    assert "duplicate key value" in log
    assert "tell-nobody" not in log


def test_it_works_below_directories_that_only_we_can_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with running(closed / "deep" / "instance", THROWAWAY) as url:
        assert ask(url, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_path_longer_than_a_socket_address_is_reached_through_a_private_link(
    tmp_path: Path, private_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / ("long" * 30) / "näme with spaces, 'quotes' and $(signs)"
    monkeypatch.setattr(tempfile, "tempdir", str(private_directory))
    with running(data_dir, THROWAWAY) as url:
        assert ask(url, "SELECT 1") == 1
        link = Path((data_dir / "postgresql/socket-directory").read_text())
        assert link.readlink() == data_dir / "postgresql/server/run"
        assert stat.S_IMODE(link.parent.stat().st_mode) == 0o700
        # A link that somebody cleaned away is made again, for a server that runs all the while.
        link.unlink()
        with running(data_dir) as again:
            assert ask(again, "SELECT 1") == 1
            assert again == url
    assert list(private_directory.iterdir()) == []


def test_data_survives_a_restart_and_the_address_stays(private_directory: Path) -> None:
    with running(private_directory, THROWAWAY) as first, psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with running(private_directory, THROWAWAY) as second:
        assert ask(second, "SELECT answer FROM kept") == 42
    assert first == second


def test_a_creation_that_was_cut_short_is_begun_anew(private_directory: Path) -> None:
    left_over = private_directory / "postgresql/server/data.partial"
    left_over.mkdir(parents=True)
    (left_over / "PG_VERSION").write_text("18\n")
    with running(private_directory, THROWAWAY) as url:
        assert ask(url, "SELECT 1") == 1
    assert not left_over.exists()


def test_a_server_that_cannot_start_says_why_and_what_to_do(private_directory: Path) -> None:
    with running(private_directory, THROWAWAY):
        pass
    configuration = private_directory / "postgresql/server/data/postgresql.conf"
    configuration.write_text(configuration.read_text() + "\nno_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(private_directory).start()
    assert 'unrecognized configuration parameter "no_such_setting"' in caught.value.message
    assert str(private_directory / "postgresql/server/log") in caught.value.message
    assert "DATABASE_URL" in caught.value.message


def test_a_start_that_failed_leaves_nothing_locked(private_directory: Path) -> None:
    server = EmbeddedServer(private_directory, {"no_such_setting": "1"})
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        server.start()
    assert server.leave() is StopOutcome.NOT_RUNNING
    with running(private_directory, THROWAWAY) as url:
        assert ask(url, "SELECT 1") == 1
    assert Cluster(private_directory / "postgresql").identity() is None


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match=f"{tmp_path}/file/postgresql could not be used"):
        EmbeddedServer(tmp_path / "file").start()
