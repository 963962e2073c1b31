"""The command line as people use it: in this process, which is quick, or started as the program that it is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from offline_transfer.cli.instance import open_for_workers
from offline_transfer.cli.main import run
from offline_transfer.errors import ExitStatus
from offline_transfer.jobs.instance import Instance as Opened
from tests.support.environment import REPOSITORY

PROGRAM: Final = (sys.executable, "-m", "offline_transfer.cli")
WRITTEN: Final = (
    "namespaces",
    "projects",
    "routes",
    "users",
    "bulk_imports",
    "bulk_import_entities",
    "issues",
    "labels",
)
SECONDS: Final = 120
"""After which a program that was started is taken to hang."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object that `--json` prints."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    def ok(self) -> "Outcome":
        """This, or a failed test."""
        return self.ended(ExitStatus.OK)

    def ended(self, status: ExitStatus) -> "Outcome":
        """This if it ended so, or a failed test that shows what was said."""
        assert self.status == status, f"status {self.status}\n{self.err}\n{self.out}"
        return self

    def refused(self, status: ExitStatus) -> str:
        """The message of a command that did nothing: one line, and nothing on standard output."""
        self.ended(status)
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("offline-transfer: ")
        return line.removeprefix("offline-transfer: ")


@dataclass(frozen=True, slots=True)
class Program:
    """Runs commands in this process."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *words: object, environment: Mapping[str, str] | None = None) -> Outcome:
        """One command, with these variables besides."""
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            status = run([str(word) for word in words])
        printed = self.capsys.readouterr()
        return Outcome(status, printed.out, printed.err)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance: a directory, and a database of the server that all tests share."""

    program: Program
    data_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: object) -> Outcome:
        """A command on this instance."""
        return self.program.run(*words, "--data-dir", self.data_dir, environment=self.environment)

    def json(self, *words: object, status: ExitStatus = ExitStatus.OK) -> Any:
        """What a command prints with `--json`."""
        return self.run(*words, "--json").ended(status).json

    def having(self, **settings: str) -> "Instance":
        """The same instance with other settings."""
        return Instance(self.program, self.data_dir, {**self.environment, **settings})

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """The instance, open as a command has it whose jobs worker processes do."""
        with self.program.monkeypatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with open_for_workers(self.data_dir) as opened:
                yield opened

    def rows(self) -> dict[str, int]:
        """How many rows the tables have that a command which refuses its work must leave alone."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            found = {}
            for table in WRITTEN:
                (count,) = connection.execute(
                    sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                ).fetchone() or (0,)
                found[table] = count
            return found

    def paths(self) -> list[str]:
        """The full paths of all groups and projects."""
        return list(dict.fromkeys(row["entity"] for row in self.json("tree")["relations"]))


def environment_of(**variables: str) -> dict[str, str]:
    """What a program that is started sees: this process's environment and these variables."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "COLUMNS": "200", **variables}


def start(*words: object, **variables: str) -> Outcome:
    """Start the program, and wait for its end."""
    with started(*words, **variables) as process:
        out, err = process.communicate(timeout=SECONDS)
    return Outcome(process.returncode, out, err)


@contextmanager
def started(*words: object, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """The program while it runs; what still runs at the end of the block is killed."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        env=environment_of(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
