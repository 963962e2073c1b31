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
# What pytest-xdist calls a run in all its workers; without it there is one process.
RUN: Final = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)


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
def test_server() -> Iterator[TestServer]:
    """The server of this test run, with its template, shared by the run's workers.

    It is the one that TEST_DATABASE_URL names, or else an embedded one that does not care to survive a crash.
    """
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        with _template(given) as server:
            yield server
        return
    for directory in memory.abandoned_directories():
        _remove(directory, EmbeddedServer(directory).stop())
    directory = memory.directory_of_run(RUN)
    embedded = EmbeddedServer(directory, THROWAWAY)
    url = embedded.start()
    try:
        with _template(url) as server:
            yield server
    finally:
        _remove(directory, embedded.leave())


test_server.__test__ = False  # type: ignore[attr-defined]


def _remove(directory: Path, outcome: StopOutcome) -> None:
    if outcome is not StopOutcome.IN_USE:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _template(url: str) -> Iterator[TestServer]:
    """Migrate the template in the first worker, and drop it in the last. Whoever uses it shares a lock, and makes no other wait."""
    server = TestServer(url, f"template_{RUN}")
    key = [LOCK_CLASS, int(RUN[:7], 16)]
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock_shared(%s, %s)", key)
        while not _has_template(guard, server):
            guard.execute("SELECT pg_advisory_unlock_shared(%s, %s)", key)
            guard.execute("SELECT pg_advisory_lock(%s, %s)", key)
            if not _has_template(guard, server):
                _make_template(guard, server)
            guard.execute("SELECT pg_advisory_unlock(%s, %s)", key)
            guard.execute("SELECT pg_advisory_lock_shared(%s, %s)", key)
        try:
            yield server
        finally:
            guard.execute("SELECT pg_advisory_unlock_shared(%s, %s)", key)
            if guard.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone() == (True,):
                guard.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(server.template)))


def _has_template(guard: psycopg.Connection, server: TestServer) -> bool:
    return guard.execute("SELECT 1 FROM pg_database WHERE datname = %s", [server.template]).fetchone() is not None


def _make_template(guard: psycopg.Connection, server: TestServer) -> None:
    guard.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(server.template)))
    _migrate(server.address(server.template))


def _migrate(address: str) -> None:
    database = connect(address)
    try:
        runner.upgrade(database.engine)
    finally:
        database.close()
