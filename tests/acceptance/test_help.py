"""The program explains itself, and does so at once."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Final

import pytest

from docs import generate
from offline_transfer import __version__
from offline_transfer.cli.main import main
from offline_transfer.errors import ExitStatus
from tests.acceptance.program import Program, environment_of, start

COMMANDS: Final = [name for name, _ in generate.leaves()]
GROUPS: Final = sorted({name.split()[0] for name in COMMANDS if " " in name})

HEAVY: Final = ("alembic", "obstore", "orjson", "psycopg", "pydantic_settings", "sqlalchemy", "yaml")
"""What takes longer to load than help may take to appear."""

SHOW_MODULES: Final = (
    "import json, sys; from offline_transfer.cli.main import run; status = run(sys.argv[1:]);"
    " print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)"
)


def test_the_commands_are_those_that_were_promised() -> None:
    assert COMMANDS == [
        "load",
        "dump",
        "export",
        "plan",
        "import",
        "report",
        "rollback",
        "profile",
        "tree",
        "keygen",
        "serve",
        "worker",
        "logs",
        "archive inspect",
        "archive verify",
        "archive compare",
        "archive schema",
        "archive copy",
        "archive delete",
        "db migrate",
        "db url",
        "db stop",
        "db make-key",
        "db rotate-key",
        "fixtures to-tree",
        "fixtures to-json",
        "user create",
        "user list",
        "user block",
        "user unblock",
        "token create",
        "token list",
        "token revoke",
        "member add",
        "member list",
        "member remove",
        "settings list",
        "settings get",
        "settings set",
        "settings reset",
        "trust add",
        "trust list",
        "trust remove",
        "jobs list",
        "jobs show",
    ]


@pytest.mark.parametrize("command", ["", *GROUPS, *COMMANDS])
def test_every_command_has_help_on_standard_output(program: Program, command: str) -> None:
    outcome = program.run(*command.split(), "--help").ok()
    assert outcome.out.startswith("Usage: ")
    assert outcome.err == ""


@pytest.mark.parametrize("command", ["", *GROUPS])
def test_without_a_command_there_is_help(program: Program, command: str) -> None:
    outcome = program.run(*command.split())
    assert outcome.status == ExitStatus.USAGE
    assert outcome.err.startswith("Usage: ")
    assert outcome.out == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json(program: Program, command: str) -> None:
    assert "--json" in program.run(*command.split(), "--help").out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["export", "--help"], ["archive", "verify", "--help"]])
def test_help_loads_nothing_that_only_work_needs(words: list[str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, *words],
        env=environment_of(),
        capture_output=True,
        text=True,
        check=True,
    )
    status, modules = json.loads(shown.stderr)
    assert status == 0
    assert [module for module in HEAVY if module in modules] == []
    assert "typer" in modules


def test_work_does_load_what_help_does_not() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, "tree", "--data-dir", os.devnull],
        env=environment_of(),
        capture_output=True,
        text=True,
        check=True,
    )
    status, modules = json.loads(shown.stderr.splitlines()[-1])
    assert status == ExitStatus.DATABASE
    assert "sqlalchemy" in modules


def test_the_program_says_its_version() -> None:
    assert start("--version").ok().out == f"{__version__}\n"


def test_the_installed_program_is_the_one_that_is_tested() -> None:
    (installed,) = entry_points(group="console_scripts", name="offline-transfer")
    assert installed.load() is main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["exprot"], "No such command 'exprot'. Did you mean 'export'? See `offline-transfer --help`."),
        (["tree", "--jsno"], "No such option: --jsno (Possible options: --json). See `offline-transfer tree --help`."),
        (["dump", "a"], "Missing option '--output'. See `offline-transfer dump --help`."),
        (["tree", "a", "b"], "Got unexpected extra argument(s) (b). See `offline-transfer tree --help`."),
    ],
)
def test_a_mistyped_command_line_ends_with_status_2(program: Program, words: list[str], message: str) -> None:
    assert program.run(*words).refused(ExitStatus.USAGE) == message


def test_a_mistyped_command_line_is_json_where_json_was_asked_for(program: Program) -> None:
    outcome = program.run("tree", "--jsno", "--json").ended(ExitStatus.USAGE)
    assert outcome.json == {
        "error": {"code": "usage", "message": outcome.err.removeprefix("offline-transfer: ").strip()}
    }
