"""An instance with a few people: who they are, and in which groups and projects."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from offline_transfer.db import Database, connect
from offline_transfer.forge.enums import AccessLevel, Visibility
from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from tests.integration.people.world import World
from tests.support.database import TestServer


@pytest.fixture(scope="package")
def shared_database(database_server: TestServer) -> Iterator[Database]:
    """A database in which no test commits anything."""
    with database_server.clone() as address:
        database = connect(address)
        yield database
        database.close()


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """One transaction; what it did is gone afterwards."""
    with shared_database.sessions() as session:
        yield session


@pytest.fixture
def world(session: Session) -> World:
    """`top` (10) > `top/sub` (11) > `top/sub/app` (20); `other` (12) > `other/app` (21). Ada owns `top`, the others come and go."""
    session.add_all(
        [
            User(id=1, username="root", name="Root", email="root@example.com", admin=True),
            User(id=2, username="ada", name="Ada", email="ada@example.com"),
            User(id=3, username="bob", name="Bob", email="bob@example.com"),
            Namespace(id=10, name="Top", path="top", type="Group", visibility_level=Visibility.private),
            Namespace(id=12, name="Other", path="other", type="Group", visibility_level=Visibility.private),
        ]
    )
    session.flush()
    session.add(
        Namespace(id=11, name="Sub", path="sub", type="Group", parent_id=10, visibility_level=Visibility.private)
    )
    session.flush()
    session.add_all(
        [
            Project(id=20, name="App", path="app", namespace_id=11),
            Project(id=21, name="App", path="app", namespace_id=12),
        ]
    )
    session.flush()
    session.add_all(
        [
            Route(path="top", name="Top", namespace_id=10),
            Route(path="top/sub", name="Top / Sub", namespace_id=11),
            Route(path="other", name="Other", namespace_id=12),
            Route(path="top/sub/app", name="Top / Sub / App", project_id=20),
            Route(path="other/app", name="Other / App", project_id=21),
            Member(
                user_id=2,
                source_type="Namespace",
                source_id=10,
                access_level=AccessLevel.owner,
                notification_level=3,
                type="GroupMember",
            ),
        ]
    )
    session.flush()
    return World(session)
