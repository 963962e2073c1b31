"""What every test may ask for, and the rules of a test run."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from offline_transfer import queue
from offline_transfer.db import Database, connect
from tests.support import environment
from tests.support import own_server as own_servers
from tests.support.database import TestServer, test_server
from tests.support.own_server import OwnServer

FIXTURES: Final = environment.gitlab_fixtures()
LOGGERS: Final = ("offline_transfer", "procrastinate", "psycopg", "uvicorn")

environment.scrub()

# How long an example takes is nobody's promise. What else CI has of its own stays: there, the same examples each time.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")

pytest_plugins = ["tests.support.skips"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that read GitLab's fixtures say so where the fixtures are absent."""
    if FIXTURES is not None:
        return
    absent = pytest.mark.skip(
        reason=f"{environment.FIXTURES_ABSENT}: set {environment.FIXTURES_VARIABLE} to their directory"
    )
    for item in items:
        if item.get_closest_marker("fixtures"):
            item.add_marker(absent)


@pytest.fixture(scope="session")
def database_server() -> Iterator[TestServer]:
    """The PostgreSQL of this run, shared by all its workers."""
    with test_server() as server:
        yield server


@pytest.fixture
def database_url(database_server: TestServer) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    with database_server.clone() as address:
        yield address


@pytest.fixture
def empty_database_url(database_server: TestServer) -> Iterator[str]:
    """The address of a database of this test's own in which nothing is."""
    with database_server.empty() as address:
        yield address


@pytest.fixture
def make_database(database_server: TestServer) -> Iterator[Callable[[], Database]]:
    """Makes migrated databases, for tests that need a source and a destination."""
    with ExitStack() as stack:

        def make() -> Database:
            database = connect(stack.enter_context(database_server.clone()))
            stack.callback(database.close)
            return database

        yield make


@pytest.fixture
def database(make_database: Callable[[], Database]) -> Database:
    """A migrated database of this test's own."""
    return make_database()


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    """A PostgreSQL of this test alone, without a database of ours in it."""
    with own_servers.own_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_job_of_another_test() -> Iterator[None]:
    """What a test left in the queue is not run by the next."""
    yield
    queue.clear()


@pytest.fixture(autouse=True)
def _no_logging_of_another_test() -> Iterator[None]:
    """Commands set in their process how much is logged: that ends with the test that called them."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def gitlab_fixtures() -> Path:
    """The directory of GitLab's own fixtures. Tests that ask for it are marked `fixtures`."""
    if FIXTURES is None:
        pytest.skip(environment.FIXTURES_ABSENT)
    return FIXTURES
