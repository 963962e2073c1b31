"""What tests of jobs may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_transfer.db import Database
from offline_transfer.forge import models
from tests.integration.jobs.scene import Scene
from tests.integration.jobs.scene import scene as make_scene


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Iterator[Scene]:
    """An instance with workers."""
    with make_scene(database, tmp_path) as made:
        yield made


assert models  # what the rows of our own work refer to
