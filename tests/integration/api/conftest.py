"""Running APIs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_transfer import queue
from offline_transfer.db import Database, connect
from tests.support.api import Api, running_api
from tests.support.database import TestServer
from tests.support.s3 import rclone_server

__all__ = ["rclone_server"]


@pytest.fixture(scope="module")
def api(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of an instance of one owner, shared by the tests of a module: each makes people of its own."""
    with database_server.clone() as url:
        database = connect(url)
        try:
            with running_api(database, tmp_path_factory.mktemp("shared") / "instance") as running:
                yield running
        finally:
            database.close()


@pytest.fixture
def own_api(database: Database, tmp_path: Path) -> Iterator[Api]:
    """The same for one test alone, its jobs being rows for workers that there are none of."""
    with running_api(queue.durable(database), tmp_path / "instance") as running:
        yield running
