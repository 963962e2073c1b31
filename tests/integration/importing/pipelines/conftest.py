"""One instance for all tests of a file: each fills groups and projects of its own."""

from collections.abc import Iterator

import pytest

from offline_transfer.db import connect
from offline_transfer.types import PortableKind
from tests.support.database import TestServer
from tests.support.pipelines import Portable, Scene, make_scene


@pytest.fixture(scope="module")
def scene(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An instance with a group `dest`."""
    with database_server.clone() as address:
        database = connect(address)
        try:
            yield make_scene(database, tmp_path_factory.mktemp("instance"))
        finally:
            database.close()


@pytest.fixture
def project(scene: Scene) -> Portable:
    """An empty project."""
    return scene.portable(PortableKind.PROJECT)


@pytest.fixture
def group(scene: Scene) -> Portable:
    """An empty group."""
    return scene.portable(PortableKind.GROUP)
