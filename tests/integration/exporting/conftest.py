"""Instances to export from."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from offline_transfer.db import Database
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from tests.integration.exporting.exporter import Exporter
from tests.support.s3 import rclone_server

__all__ = ["rclone_server"]

NOON = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def exporter(database: Database, tmp_path: Path) -> Exporter:
    """An instance with a group `top`, 2, a subgroup `top/sub`, 3, and in that a project `top/sub/app`, 5."""
    instance = Exporter(database, tmp_path)
    populate(instance)
    return instance


def populate(instance: Exporter) -> None:
    """Make what is exported."""
    instance.add(
        User(id=3, username="ada", name="Ada", public_email="ada@example.com"),
        User(id=4, username="bob", name="Bob"),
        Namespace(id=2, name="Top", path="top", type="Group", created_at=NOON),
        Namespace(id=3, name="Sub", path="sub", type="Group", parent_id=2, created_at=NOON),
        Namespace(id=9, name="Ada", path="ada", type="User"),
        Project(id=5, name="App", path="app", namespace_id=3, creator_id=3, created_at=NOON),
        Route(path="top", name="Top", namespace_id=2),
        Route(path="top/sub", name="Top / Sub", namespace_id=3),
        Route(path="top/sub/App", name="Top / Sub / App", project_id=5),
        Route(path="ada", name="Ada", namespace_id=9),
    )
