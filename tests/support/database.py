"""Databases for tests: one server per run, one migrated template, and a clone for whoever asks.

All workers of a run share both. Locks that end with their holder say who is the last one and clears up.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from offline_transfer.db import connect
from offline_transfer.embedded import THROWAWAY, EmbeddedServer, StopOutcome
from offline_transfer.migrations import runner
from tests.support import memory

SERVER_VARIABLE: Final = "TEST_DATABASE_URL"
LOCK_CLASS: Final = 0x6F74


@dataclass(frozen=True, slots=True)
class TestServer:
    """A server on which a role of ours may create databases."""

    __test__ = False

    url: str
    template: str

    def address(self, name: str) -> str:
        """The libpq address of one database of this server."""
        return make_conninfo(self.url, dbname=name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """A fresh copy of the migrated template; gives its address."""
        # Copying files beats writing every page to the log, on a server that does not sync.
        copy = sql.SQL("TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(self.template))
        with self._created(copy) as address:
            yield address

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A database without a table; gives its address."""
        with self._created(sql.SQL("TEMPLATE template0")) as address:
            yield address

    @contextmanager
    def _created(self, template: sql.Composable) -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        with self._administrator() as administrator:
            administrator.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), template))
        try:
            yield self.address(name)
        finally:
            with self._administrator() as administrator:
                administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def _administrator(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection


@contextmanager
def test_server(shared_directory: Path) -> Iterator[TestServer]:
    """The server of this test run, with its template; the directory is the same for all workers of the run.

    It is the one that TEST_DATABASE_URL names, or else an embedded one that does not care to survive a crash.
    """
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        with _template(given, shared_directory) as server:
            yield server
        return
    directory = memory.directory_of_run(shared_directory)
    embedded = EmbeddedServer(directory, THROWAWAY)
    url = embedded.start()
    try:
        with _template(url, shared_directory) as server:
            yield server
    finally:
        if embedded.leave() is StopOutcome.STOPPED:
            shutil.rmtree(directory, ignore_errors=True)


test_server.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def _template(url: str, shared_directory: Path) -> Iterator[TestServer]:
    """Migrate the template in the first worker, and drop it in the last."""
    name = f"template_{shared_directory.stat().st_ino:x}"
    key = shared_directory.stat().st_ino & 0x7FFF_FFFF
    server = TestServer(url, name)
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, key])
        if guard.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            guard.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            _migrate(server.address(name))
        guard.execute("SELECT pg_advisory_lock_shared(%s, %s)", [LOCK_CLASS, key])
        guard.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, key])
        try:
            yield server
        finally:
            guard.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [LOCK_CLASS, key])
            last = guard.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, key]).fetchone()
            if last == (True,):
                guard.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _migrate(address: str) -> None:
    database = connect(address)
    try:
        runner.upgrade(database.engine)
    finally:
        database.close()
