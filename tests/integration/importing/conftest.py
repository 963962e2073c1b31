"""An instance to import into."""

from pathlib import Path

import pytest

from offline_transfer.db import Database
from tests.support.importing import Destination, make_destination
from tests.support.s3 import rclone_server

__all__ = ["rclone_server"]


@pytest.fixture
def destination(database: Database, tmp_path: Path) -> Destination:
    """An empty instance with a group `dest`."""
    return make_destination(database, tmp_path)
