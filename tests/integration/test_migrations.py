"""Applying revisions, and making the next one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, text
from sqlalchemy.exc import ProgrammingError

from offline_transfer.db import make_engine
from offline_transfer.migrations import runner
from tests.support.revisions import write_revisions


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = write_revisions(tmp_path, ["one", "two", "three"])
    monkeypatch.setattr(runner, "SCRIPTS", directory)
    return directory


def applied(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT name FROM applied ORDER BY name")))


def test_a_new_database_gets_every_revision(engine: Engine, scripts: Path) -> None:
    assert runner.current_revision(engine) is None
    runner.upgrade(engine)
    assert (runner.current_revision(engine), runner.head_revision()) == ("three", "three")
    assert applied(engine) == ["one", "three", "two"]


def test_processes_that_migrate_at_once_migrate_once(engine: Engine, scripts: Path) -> None:
    with engine.begin() as first, ThreadPoolExecutor(2) as pool:
        runner.lock(first)
        waiting = [pool.submit(runner.upgrade, engine) for _ in range(2)]
        assert runner.current_revision(engine) is None
        first.commit()
        for future in waiting:
            future.result(timeout=60)
    assert applied(engine) == ["one", "three", "two"]


def test_a_revision_that_fails_leaves_the_schema_as_it_was(engine: Engine, scripts: Path) -> None:
    broken = scripts / "versions" / "three.py"
    broken.write_text(broken.read_text().replace("INSERT INTO applied", "INSERT INTO nowhere"))
    with pytest.raises(ProgrammingError, match="nowhere"):
        runner.upgrade(engine)
    assert runner.current_revision(engine) is None
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('applied')")) is None


def test_a_revision_of_a_newer_program_is_unknown(scripts: Path) -> None:
    assert runner.is_known("two")
    assert not runner.is_known("four")


def test_the_next_revision_is_made_from_the_models_and_brings_the_schema_to_them(engine: Engine, scripts: Path) -> None:
    runner.upgrade(engine)
    metadata = MetaData()
    Table("applied", metadata, Column("name", Text, primary_key=True))
    Table("issues", metadata, Column("id", Integer, primary_key=True))
    assert len(runner.differences(engine, metadata)) == 1
    file = runner.generate(engine, metadata, message="Add issues")
    assert file.parent == scripts / "versions"
    runner.upgrade(engine)
    assert runner.differences(engine, metadata) == []


def test_a_revision_is_not_made_for_a_database_that_lags_behind(engine: Engine, scripts: Path) -> None:
    with pytest.raises(CommandError, match="not up to date"):
        runner.generate(engine, MetaData(), message="Too early")
