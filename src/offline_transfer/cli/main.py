"""The command line: one command a file, each a thin layer over a service. Imports of services stay inside the commands, so that
`--help` answers at once."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

import typer

from offline_transfer import __version__, programs
from offline_transfer.cli import (
    app_settings,
    archive,
    database,
    export,
    faults,
    files,
    fixtures,
    importing,
    jobs,
    keygen,
    member,
    plan,
    profile,
    report,
    rollback,
    serve,
    token,
    tree,
    trust,
    user,
    worker,
)
from offline_transfer.cli.interrupts import Interrupts
from offline_transfer.errors import ExitStatus

PROGRAM: Final = "offline-transfer"

app = typer.Typer(
    name=PROGRAM,
    help="Moves GitLab groups and projects between instances that cannot reach each other.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and end.", is_eager=True)) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


files.add_to(app)
export.add_to(app)
plan.add_to(app)
importing.add_to(app)
report.add_to(app)
rollback.add_to(app)
profile.add_to(app)
tree.add_to(app)
keygen.add_to(app)
serve.add_to(app)
app.add_typer(archive.app, name="archive")
app.add_typer(database.app, name="db")
app.add_typer(fixtures.app, name="fixtures")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(member.app, name="member")
app.add_typer(app_settings.app, name="settings")
app.add_typer(trust.app, name="trust")
worker.add_to(app)
jobs.add_to(app)


def run(arguments: Sequence[str]) -> int:
    """Runs one command and gives its exit status; whatever goes wrong is said in one line, or as JSON with `--json`."""
    as_json = "--json" in arguments
    interrupts = Interrupts()
    try:
        with interrupts:
            outcome = app(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        return _misused(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(as_json=as_json)
    except BrokenPipeError:
        # Whoever reads has seen enough. What is still buffered goes nowhere, or Python complains about it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.OK
    except Exception as error:  # noqa: BLE001 - the edge: whatever it is, it is said in one line with an exit status
        if interrupts.came:
            # What was broken off often fails in a way of its own, a statement for example.
            return _interrupted(as_json=as_json)
        ours = faults.as_ours(error)
        return _say(ours.code(), ours.message, ours.exit_status, as_json=as_json)
    if outcome == ExitStatus.INTERRUPTED:
        # Typer turns Ctrl-C into a status and says nothing.
        return _interrupted(as_json=as_json)
    return outcome if isinstance(outcome, int) else ExitStatus.OK


def _interrupted(*, as_json: bool) -> int:
    return _say("interrupted", "Interrupted.", ExitStatus.INTERRUPTED, as_json=as_json)


def _misused(error: typer.TyperException, *, as_json: bool) -> int:
    """Says what is wrong with a command line, and where to look. A command that is called without a word explains itself."""
    said, context = error.format_message(), getattr(error, "ctx", None)
    if "\n" in said and not as_json:
        sys.stderr.write(f"{said}\n")
        return ExitStatus.USAGE
    if context is not None and "\n" not in said:
        said = f"{said.removesuffix('.')}{'' if said.endswith('?') else '.'} See `{context.command_path} --help`."
    return _say("usage", said, ExitStatus.USAGE, as_json=as_json)


def _say(code: str, message: str, status: ExitStatus, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": {"code": code, "message": message}}) + "\n")
    sys.stderr.write(f"{PROGRAM}: {message}\n")
    return status


def main() -> None:
    """The program."""
    programs.end(run(sys.argv[1:]))
