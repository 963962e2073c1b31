"""Running APIs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from offline_transfer import queue
from offline_transfer.api.limiting import RateLimits
from offline_transfer.db import Database, connect
from offline_transfer.forge import application_settings
from tests.integration.api import scene
from tests.support.api import Api, running_api
from tests.support.database import TestServer
from tests.support.s3 import rclone_server

__all__ = ["rclone_server"]


@pytest.fixture(scope="session")
def api(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of an instance of one owner with a group in it, which slows nobody down. Each test makes people of its own."""
    with database_server.clone() as url:
        database = connect(url)
        scene.build(database)
        with database.session() as session:
            application_settings.change(session, "offline_export_requests_per_minute", "0")
        limits = RateLimits(failed_logins=1_000_000)
        with running_api(database, tmp_path_factory.mktemp("api") / "instance", limits=limits) as running:
            yield running
        database.close()


@pytest.fixture
def own_api(database: Database, tmp_path: Path) -> Iterator[Api]:
    """An API for one test alone, as it comes. Its jobs are rows for workers, of which there are none."""
    with running_api(database, tmp_path / "instance", deferring=lambda it, _: queue.durable(it)) as running:
        yield running


@pytest.fixture
def ada(api: Api) -> httpx.Client:
    """A client of an owner of the group."""
    return api.client(scene.owner(api))
