"""Instances for the acceptance tests: a filled one that many tests read, its archive, and as many empty ones as a test wants."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from psycopg.conninfo import conninfo_to_dict

from demo.groups import GroupPlan
from demo.projects import Contents, ProjectPlan
from demo.scene import Scale
from demo.source import Plan, fill
from offline_transfer.db import connect
from offline_transfer.forge.enums import Visibility
from tests.acceptance.program import Instance, Program
from tests.support import instances
from tests.support.database import TestServer
from tests.support.s3 import moto_server, rclone_server

__all__ = ["moto_server", "rclone_server"]

PLAN: Final = Plan(
    groups=(
        GroupPlan("fill", "Fill", Visibility.public),
        GroupPlan("fill/inner", "Inner", Visibility.public),
    ),
    projects=(
        ProjectPlan("fill/app", "App", Visibility.public),
        ProjectPlan("fill/inner/empty", "Empty", Visibility.private, contents=Contents.NOTHING),
    ),
    scale=Scale(issues=2, merge_requests=2, pipelines=3, epics=2, commits=2),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What tests share and do not change: a filled instance at rest, and an archive of all of it."""

    server: TestServer
    database: str
    directory: Path
    archive: Path

    @property
    def database_url(self) -> str:
        """The address of its database."""
        return self.server.address(self.database)


@pytest.fixture(scope="session")
def filled(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A group with a subgroup and two projects, in which nearly every relation has records."""
    place = tmp_path_factory.mktemp("filled")
    directory = place / "instance"
    directory.mkdir()
    with database_server.clone() as url:
        database = connect(url)
        try:
            made = instances.Instance(database, directory, {"batch_size": 2})
            fill(database, made.repositories, made.files, seed=11, plan=PLAN)
            exported = made.export(place / "archives", "fill")
        finally:
            database.close()
        assert exported.failures == []
        yield Filled(database_server, str(conninfo_to_dict(url)["dbname"]), directory, exported.directory)


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    return Program(capsys, monkeypatch)


@pytest.fixture
def source(filled: Filled, program: Program) -> Instance:
    """The filled instance, to be read only."""
    return Instance(program, filled.directory, {"DATABASE_URL": filled.database_url})


@pytest.fixture
def own_source(filled: Filled, program: Program, tmp_path: Path) -> Iterator[Instance]:
    """A copy of the filled instance, to be changed."""
    directory = shutil.copytree(filled.directory, tmp_path / "own-source", symlinks=True)
    with TestServer(filled.server.url, filled.database).clone() as url:
        yield Instance(program, directory, {"DATABASE_URL": url})


@pytest.fixture
def archive(filled: Filled) -> Path:
    """The archive of the filled instance, to be read only."""
    return filled.archive


@pytest.fixture
def copied(filled: Filled, tmp_path: Path) -> Path:
    """A copy of the archive, to be spoilt."""
    return shutil.copytree(filled.archive, tmp_path / "copied" / filled.archive.name)


MakeInstance = Callable[[str], Instance]


@pytest.fixture
def make_instance(program: Program, database_server: TestServer, tmp_path: Path) -> Iterator[MakeInstance]:
    """Makes empty instances."""
    with ExitStack() as stack:

        def make(name: str) -> Instance:
            url = stack.enter_context(database_server.clone())
            return Instance(program, tmp_path / name, {"DATABASE_URL": url})

        yield make


@pytest.fixture
def destination(make_instance: MakeInstance) -> Instance:
    """An empty instance."""
    return make_instance("destination")
