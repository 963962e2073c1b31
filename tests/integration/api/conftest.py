"""A running API for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_transfer.db import Database
from tests.support.api import Api, running_api
from tests.support.s3 import rclone_server

__all__ = ["rclone_server"]


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    """The API of an instance of one owner, over a database of this test's own."""
    with running_api(database, tmp_path / "instance") as running:
        yield running
