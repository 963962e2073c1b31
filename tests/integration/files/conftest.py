"""Instances to load into and to dump from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from offline_transfer.db import Database
from tests.integration.files.instances import TestInstance, make_instance


@pytest.fixture
def instance(database: Database, tmp_path: Path) -> TestInstance:
    """An empty instance."""
    return make_instance(database, tmp_path / "instance")


@pytest.fixture
def other_instance(make_database: Callable[[], Database], tmp_path: Path) -> TestInstance:
    """Another empty instance."""
    return make_instance(make_database(), tmp_path / "other")
