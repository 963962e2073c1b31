"""The database: its sessions, its addresses, and the check of its schema."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from offline_transfer import db
from offline_transfer.db import Database
from offline_transfer.embedded import THROWAWAY, running
from offline_transfer.errors import DatabaseError, ExitStatus
from offline_transfer.migrations import runner
from offline_transfer.settings import load_settings
from tests.support.database import TestServer
from tests.support.revisions import write_revisions

PASSWORD = "hunter2-s3cret"


@pytest.fixture
def unmigrated(empty_database_url: str) -> Iterator[Database]:
    database = db.connect(empty_database_url)
    yield database
    database.close()


def test_every_session_speaks_utc_whatever_the_server_does(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE \"{name}\" SET TimeZone = 'Asia/Tokyo'")
    database = db.connect(empty_database_url)
    with database.session() as session:
        assert session.scalar(text("SELECT current_setting('TimeZone')")) == "UTC"
    database.close()


def test_options_of_the_address_are_kept(empty_database_url: str) -> None:
    database = db.connect(psycopg.conninfo.make_conninfo(empty_database_url, options="-c work_mem=7MB"))
    with database.session() as session:
        assert session.scalar(text("SELECT current_setting('work_mem') || current_setting('TimeZone')")) == "7MBUTC"
    database.close()


def test_a_vanished_peer_is_noticed(database: Database) -> None:
    with database.raw_connection() as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "30"


def test_a_session_that_raises_leaves_nothing(unmigrated: Database) -> None:
    def create_and_fail() -> None:
        with unmigrated.session() as session:
            session.execute(text("CREATE TABLE half (n bigint)"))
            session.execute(text("SELECT no_such_column"))

    with pytest.raises(ProgrammingError):
        create_and_fail()
    with unmigrated.session() as session:
        assert session.scalar(text("SELECT to_regclass('half')")) is None


def test_copy_inside_a_session_is_part_of_its_transaction(unmigrated: Database) -> None:
    with unmigrated.session() as session:
        session.execute(text("CREATE TABLE lines (n bigint)"))
        with db.psycopg_connection(session).cursor().copy("COPY lines FROM STDIN") as copy:
            copy.write_row([1])
        with unmigrated.raw_connection() as other:
            assert other.execute("SELECT to_regclass('lines')").fetchone() == (None,)
    with unmigrated.raw_connection() as other:
        assert other.execute("SELECT n FROM lines").fetchall() == [(1,)]


def test_a_raw_connection_goes_back_to_the_pool_without_its_transaction(unmigrated: Database) -> None:
    with unmigrated.raw_connection() as connection:
        connection.execute("CREATE TABLE forgotten (n bigint)")
    with unmigrated.raw_connection() as connection:
        assert connection.execute("SELECT to_regclass('forgotten')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"postgresql://someone:{PASSWORD}@127.0.0.1:1/forge",
            "The database `forge` on 127.0.0.1:1 cannot be reached:",
        ),
        (
            f"postgresql+psycopg://someone:{PASSWORD}@127.0.0.1:1/forge",
            "The database `forge` on 127.0.0.1:1 cannot be reached:",
        ),
        (
            f"host=/nonexistent dbname=forge password={PASSWORD}",
            "The database `forge` on /nonexistent cannot be reached:",
        ),
        (f"postgresql://someone:{PASSWORD}/x@localhost/forge", "DATABASE_URL is not an address"),
        (f"postgresql://someone:p@{PASSWORD}@localhost/forge", "DATABASE_URL is not an address"),
        (f"postgresql://someone:{PASSWORD}@localhost:many/forge", "The database `forge` on localhost:many cannot"),
        (f"mysql://someone:{PASSWORD}@localhost/forge", "DATABASE_URL is not an address"),
        (f"{PASSWORD}", "DATABASE_URL is not an address"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(url: str, message: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.connect(url)
    assert caught.value.message.startswith(message)
    assert PASSWORD not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.exit_status is ExitStatus.DATABASE


def test_a_refused_login_is_told_without_its_password(tmp_path: Path) -> None:
    with running(tmp_path, THROWAWAY) as url, pytest.raises(db.DatabaseUnreachableError) as caught:
        db.connect(psycopg.conninfo.make_conninfo(url, password=PASSWORD))
    assert "password authentication failed" in caught.value.message
    assert PASSWORD not in repr(caught.value)


def test_a_server_that_is_too_old_is_refused(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(db.DatabaseTooOldError, match="needs 99 or later"):
        db.connect(empty_database_url)


def test_a_database_of_somebody_else_is_migrated_only_when_told(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SCRIPTS", write_revisions(tmp_path, ["one", "two"]))
    settings = load_settings(database_url=empty_database_url)
    with pytest.raises(db.SchemaOutdatedError) as caught, db.open_database(settings):
        pass
    assert "is at revision none, and this program needs two" in caught.value.message
    assert "offline-transfer db migrate" in caught.value.message
    with db.open_unchecked(settings) as database:
        db.migrate(database)
    with db.open_database(settings) as database, database.session() as session:
        assert session.scalars(text("SELECT name FROM applied ORDER BY name")).all() == ["one", "two"]


def test_the_embedded_database_is_migrated_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data_dir=tmp_path / "instance")
    monkeypatch.setattr(runner, "SCRIPTS", write_revisions(tmp_path, ["one"]))
    with db.open_database(settings):
        pass
    monkeypatch.setattr(runner, "SCRIPTS", write_revisions(tmp_path / "newer", ["one", "two"]))
    with db.open_database(settings) as database, database.session() as session:
        assert session.scalars(text("SELECT name FROM applied ORDER BY name")).all() == ["one", "two"]
    monkeypatch.setattr(runner, "SCRIPTS", write_revisions(tmp_path / "older", ["one"]))
    with (
        pytest.raises(db.SchemaTooNewError, match="revision two, which this program does not know"),
        db.open_database(settings),
    ):
        pass


def test_a_fresh_clone_has_the_schema_of_this_program(database: Database) -> None:
    db.require_current_schema(database)


def test_each_test_has_a_database_of_its_own(database_server: TestServer) -> None:
    with database_server.clone() as first, database_server.clone() as second:
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE mine (n bigint)")
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
