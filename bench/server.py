"""The PostgreSQL that everything is measured on: the embedded one, as durable as users have it; databases are clones."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from offline_transfer import db, embedded


@dataclass(frozen=True, slots=True)
class BenchServer:
    """A server with a migrated template, and a directory of its own beside it."""

    url: str
    directory: Path
    numbers: Iterator[int]

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a fresh migrated database."""
        name = sql.Identifier(f"bench_{next(self.numbers)}")
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE bench_template").format(name))
        self._settle()
        try:
            yield make_conninfo(self.url, dbname=name.as_string(None).strip('"'))
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory for the files of one measurement."""
        path = Path(tempfile.mkdtemp(dir=self.directory))
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def vacuum(self, url: str) -> None:
        """Does what autovacuum would have done after some minutes, so that the first reader of the rows does not pay for it."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        self._settle()

    def _settle(self) -> None:
        """What an earlier step has left to write is written now, so that the next one does not pay for it."""
        self._run(sql.SQL("CHECKPOINT"))

    def _run(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running(parent: Path | None) -> Iterator[BenchServer]:
    """A server in a directory of its own below `parent`, or below the one for temporary files."""
    directory = Path(tempfile.mkdtemp(prefix="offline-transfer-bench-", dir=parent))
    try:
        with embedded.running(directory) as url:
            server = BenchServer(url, directory, count(1))
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE bench_template")
            database = db.connect(make_conninfo(url, dbname="bench_template"))
            db.migrate(database)
            database.close()
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)
