"""Prints what came of a demonstration: the table, the summary, what is wrong, and the verdict in the last line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo import judgement
from demo.judgement import Line, Same
from demo.stage import Outcome, Places
from offline_transfer.errors import ExitStatus

SHOWN: Final = 60
"""How many faults are printed; the rest is counted."""

WIDE: Final = 120
"""Characters in a line that has room for whole paths."""

_COUNTS: Final = ("source", "archive", "imported", "skipped", "failed")


def show(console: Console, outcome: Outcome, seconds: Mapping[str, float], *, kept: Places | None = None) -> ExitStatus:
    """Print everything, with where it lies if it was kept, and give the exit status that follows from it."""
    lines, faults = judgement.lines(outcome), list(judgement.faults(outcome))
    console.print(_table(lines, str if console.width >= WIDE else _indented))
    console.print(_summary(outcome, lines, seconds))
    if kept is not None:
        console.print(_places(kept, outcome))
    for fault in faults[:SHOWN]:
        _print(console, fault)
    if len(faults) > SHOWN:
        _print(console, f"... and {len(faults) - SHOWN:,} more")
    _print(console, _verdict(outcome, lines, faults))
    return ExitStatus.DIFFERENT if faults else ExitStatus.OK


def _verdict(outcome: Outcome, lines: Sequence[Line], faults: Sequence[str]) -> str:
    if faults:
        return (
            "One thing is not as it should be."
            if len(faults) == 1
            else f"{len(faults):,} things are not as they should be."
        )
    entities = len(outcome.filled.groups) + len(outcome.filled.projects)
    records, skipped = sum(line.source for line in lines), sum(line.skipped for line in lines)
    return (
        f"Nothing was lost: of {records:,} records in {entities} groups and projects {records - skipped:,} arrived, {skipped:,} "
        "stayed behind on purpose, and the second archive says the same as the first."
    )


def _table(lines: Sequence[Line], label: Callable[[str], str]) -> Table:
    table = Table(title="What moved", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("relation", overflow="fold")
    for name in _COUNTS:
        table.add_column(name, justify="right")
    table.add_column("same", justify="center")
    kind = None
    for line in lines:
        if line.kind is not kind:
            kind = line.kind
            table.add_row(f"[bold]{kind}s[/bold]")
        reasons = "".join(f"\n  {reason}: {count:,}" for reason, count in sorted(line.reasons.items()))
        table.add_row(
            label(line.path) + reasons,
            *(f"{getattr(line, name):,}" for name in _COUNTS),
            line.same.value if line.same is not Same.NO else f"[bold red]{line.same.value}[/bold red]",
        )
    return table


def _indented(path: str) -> str:
    """The last part of a path, as far to the right as it stands deep."""
    *above, last = path.split(".")
    return "  " * len(above) + last


def _summary(outcome: Outcome, lines: Sequence[Line], seconds: Mapping[str, float]) -> Table:
    table = Table(title="Summary", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right", overflow="fold")
    table.add_row("groups", f"{len(outcome.filled.groups):,}")
    table.add_row("projects", f"{len(outcome.filled.projects):,}")
    table.add_row("rows in the tables of the source", f"{outcome.filled.rows:,}")
    for name in _COUNTS:
        table.add_row(f"records: {name}", f"{sum(getattr(line, name) for line in lines):,}")
    table.add_row("archive: objects", f"{outcome.objects:,}")
    table.add_row("archive: bytes", f"{outcome.bytes:,}")
    table.add_row("archive: export prefix", str(outcome.prefix))
    table.add_section()
    for name, length in seconds.items():
        table.add_row(name, f"{length:.1f} s")
    table.add_row("altogether", f"{sum(seconds.values()):.1f} s")
    return table


def _places(places: Places, outcome: Outcome) -> Table:
    table = Table(title="Kept", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for what, where in (
        ("the archive", places.first / str(outcome.prefix)),
        ("the second archive", places.second / str(outcome.second_prefix)),
        ("the source", f"offline-transfer tree --data-dir {places.source}"),
        ("the destination", f"offline-transfer tree --data-dir {places.destination}"),
    ):
        table.add_row(what, escape(str(where)))
    return table


def _print(console: Console, sentence: str) -> None:
    """A sentence on one line, however long: people search for its words."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
