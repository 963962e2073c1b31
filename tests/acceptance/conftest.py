"""Instances for the acceptance tests: a filled one that many tests read, its archive, and as many empty ones as a test wants."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
from offline_transfer.files.load import load
from offline_transfer.forge.enums import Visibility
from offline_transfer.secrets import make_keys_file
from tests.acceptance.program import Instance, Program
from tests.support import instances
from tests.support.database import TestServer
from tests.support.environment import REPOSITORY
from tests.support.faulty_s3 import FaultyFront, faulty_front
from tests.support.s3 import S3Server, moto_server, rclone_server
from tests.support.workers import workers_here

__all__ = ["moto_server", "rclone_server", "workers_here"]

SMALL: Final = REPOSITORY / "tests" / "fixtures" / "project" / "small"
NESTED: Final = REPOSITORY / "tests" / "fixtures" / "group" / "nested"

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
class Prepared:
    """An instance at rest that tests share and do not change."""

    server: TestServer
    database: str
    directory: Path

    def shared(self, program: Program) -> Instance:
        """It itself, to be read only."""
        return Instance(program, self.directory, {"DATABASE_URL": self.server.address(self.database)})

    @contextmanager
    def copied(self, program: Program, directory: Path) -> Iterator[Instance]:
        """A copy, to be changed."""
        shutil.copytree(self.directory, directory, symlinks=True)
        with TestServer(self.server.url, self.database).clone() as url:
            yield Instance(program, directory, {"DATABASE_URL": url})


@contextmanager
def prepared(server: TestServer, directory: Path, prepare: Callable[[instances.Instance], None]) -> Iterator[Prepared]:
    """An instance that was filled once."""
    directory.mkdir()
    with server.clone() as url:
        database = connect(url)
        try:
            prepare(instances.Instance(database, directory, {"batch_size": 2}))
        finally:
            database.close()
        yield Prepared(server, str(conninfo_to_dict(url)["dbname"]), directory)


@pytest.fixture(scope="session")
def filled(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prepared, Path]]:
    """A group with a subgroup and two projects, in which nearly every relation has records, and an archive of all of it."""
    place = tmp_path_factory.mktemp("filled")
    archives: list[Path] = []

    def prepare(instance: instances.Instance) -> None:
        fill(instance.database, instance.repositories, instance.files, seed=11, plan=PLAN)
        exported = instance.export(place / "archives", "fill")
        assert exported.failures == []
        archives.append(exported.directory)

    with prepared(database_server, place / "instance", prepare) as instance:
        yield instance, archives[0]


@pytest.fixture(scope="session")
def settled(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The group `place` with the group `inner` and in it the project `app`."""

    def prepare(instance: instances.Instance) -> None:
        load(instance, SMALL, namespace="place/inner", slug="app")

    with prepared(database_server, tmp_path_factory.mktemp("settled") / "instance", prepare) as instance:
        yield instance


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    # What a test exports is small, and starting a process takes longer than exporting it.
    monkeypatch.setenv("OFFLINE_TRANSFER_WORKER_PROCESSES", "1")
    return Program(capsys, monkeypatch)


@pytest.fixture
def source(filled: tuple[Prepared, Path], program: Program) -> Instance:
    """The filled instance, to be read only."""
    return filled[0].shared(program)


@pytest.fixture
def own_source(filled: tuple[Prepared, Path], program: Program, tmp_path: Path) -> Iterator[Instance]:
    """A copy of the filled instance, to be changed."""
    with filled[0].copied(program, tmp_path / "own-source") as instance:
        yield instance


@pytest.fixture
def archive(filled: tuple[Prepared, Path]) -> Path:
    """The archive of the filled instance, to be read only."""
    return filled[1]


@pytest.fixture
def copied(archive: Path, tmp_path: Path) -> Path:
    """A copy of the archive, to be spoilt."""
    return shutil.copytree(archive, tmp_path / "copied" / archive.name)


@pytest.fixture
def front(rclone_server: S3Server) -> Iterator[FaultyFront]:
    """A store that can be told to hold an answer back."""
    with faulty_front(rclone_server) as faulty:
        yield faulty


MakeInstance = Callable[[str], Instance]


@pytest.fixture
def make_instance(program: Program, database_server: TestServer, tmp_path: Path) -> Iterator[MakeInstance]:
    """Makes empty instances."""
    with ExitStack() as stack:

        def make(name: str) -> Instance:
            url = stack.enter_context(database_server.clone())
            keys = tmp_path / f"{name}.keys"
            make_keys_file(keys)
            environment = {"DATABASE_URL": url, "OFFLINE_TRANSFER_SECRETS_FILE": str(keys)}
            return Instance(program, tmp_path / name, environment)

        yield make


@pytest.fixture
def destination(make_instance: MakeInstance) -> Instance:
    """An empty instance."""
    return make_instance("destination")
