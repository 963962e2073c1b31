"""Instances to attack: one that is prepared once, and a copy of it for whoever changes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from offline_transfer.db import connect
from offline_transfer.files.load import load
from offline_transfer.forge import accounts, membership
from tests.acceptance.conftest import SMALL, Prepared, make_instance, prepared, program
from tests.acceptance.program import Program
from tests.attacks.victim import Victim
from tests.support import instances
from tests.support.database import TestServer
from tests.support.workers import workers_here

__all__ = ["make_instance", "program", "workers_here"]


@pytest.fixture(scope="session")
def inhabited(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Two groups with a project each, and people: an administrator, an owner and a developer."""

    def prepare(instance: instances.Instance) -> None:
        load(instance, SMALL, namespace="place/inner", slug="app")
        load(instance, SMALL, namespace="other", slug="app")
        with instance.database.session() as session:
            accounts.create(session, "root", email="root@example.com", name="Root", admin=True)
            owner = accounts.create(session, "olga", email="olga@example.com", name="Olga")
            developer = accounts.create(session, "dan", email="dan@example.com", name="Dan")
            membership.add(session, "place", owner, membership.Role.OWNER)
            membership.add(session, "place", developer, membership.Role.DEVELOPER)

    with prepared(database_server, tmp_path_factory.mktemp("inhabited") / "instance", prepare) as instance:
        yield instance


@pytest.fixture
def victim(
    inhabited: Prepared,
    program: Program,
    workers_here: None,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Victim]:
    """A copy of it. Whatever an attack writes beside it lies in `tmp_path`."""
    around = tmp_path / "around"
    around.mkdir()
    keys = tmp_path_factory.getbasetemp() / "secrets"
    if not keys.exists():
        program.run("db", "make-key", keys).ok()
    with inhabited.copied(program, around / "instance") as copied:
        instance = copied.having(OFFLINE_TRANSFER_SECRETS_FILE=str(keys))
        database = connect(make_conninfo(instance.environment["DATABASE_URL"]))
        try:
            yield Victim(instance, database, around)
        finally:
            database.close()
