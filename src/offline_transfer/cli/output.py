"""What commands print: results on standard output, progress and remarks on standard error."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from offline_transfer.exporting.against import Objection

UNWATCHED_WIDTH: Final = 1000
"""Columns of a table that goes into a file or a pipe: no cell is folded there, so that lines can be searched."""

MOST_FAILURES: Final = 1000
"""How many failures people are shown: nobody reads more of them in a table."""


def print_json(document: Mapping[str, object]) -> None:
    """One JSON object on one line. A value that is an iterator becomes a list, which is written while it is read."""
    target = sys.stdout.buffer
    target.write(b"{")
    for number, (name, value) in enumerate(document.items()):
        target.write((b"," if number else b"") + orjson.dumps(name) + b":")
        if isinstance(value, Iterator):
            target.write(b"[")
            for position, item in enumerate(value):
                target.write((b"," if position else b"") + _json(item))
            target.write(b"]")
        else:
            target.write(_json(value))
    target.write(b"}\n")
    target.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; columns whose first cell is a number stand to the right."""
    content = [[_cell(cell) for cell in row] for row in rows]
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        right = bool(content) and content[0][number].replace(",", "").lstrip("-").isdigit()
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in content:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else UNWATCHED_WIDTH).print(table)


def remark(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{printable(text)}\n")


def progress() -> Progress:
    """Progress on standard error; silent where nobody watches."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def progress_of_bytes() -> Progress:
    """Progress of bytes on standard error; silent where nobody watches."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def print_rows(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """The counts of an import or export, one line for each path of each entity."""
    print_table(
        title,
        ("entity", "path", "source", "imported", "skipped", "failed", "reasons"),
        [
            (
                row["entity"],
                row["path"],
                row["source"],
                row["imported"],
                row["skipped"],
                row["failed"],
                _reasons(row["reasons"]),
            )
            for row in rows
        ],
    )


def print_counts(title: str, rows: Iterable[Mapping[str, object]]) -> None:
    """How many records there are on each path of each entity."""
    columns = ("entity", "path", "records")
    print_table(title, columns, [[row[name] for name in columns] for row in rows])


def print_incomplete(rows: Sequence[Mapping[str, object]]) -> None:
    """What is not whole, on standard output: a list without it would say that it is."""
    columns = ("entity", "import", "problem")
    if rows:
        print_table("NOT WHOLE", columns, [[row[name] for name in columns] for row in rows])


def print_moved(rows: Sequence[Mapping[str, object]]) -> None:
    """Of what there is more or less than was exported."""
    columns = ("entity", "path", "exported", "now")
    print_table("Moved meanwhile", columns, [[row[name] for name in columns] for row in rows])


def print_objections(objections: Iterable["Objection"]) -> None:
    """What a destination would say against an archive."""
    rows = [(objection.kind.value, objection.entity or "", objection.message) for objection in objections]
    if rows:
        print_table("What the destination would say", ("kind", "entity", "what"), rows)


def print_failures(failures: Iterator[Mapping[str, object]], *, all_in: str) -> None:
    """What could not be written or imported, and why; of very many the first, and how many more `all_in` has."""
    rows = [
        (item["entity"], item["path"], item.get("record") or "", item["message"])
        for item in islice(failures, MOST_FAILURES)
    ]
    if not rows:
        return
    print_table("Failed", ("entity", "path", "record", "why"), rows)
    if more := sum(1 for _ in failures):
        sys.stdout.write(f"{more:,} more failed: {all_in} has all of them.\n")


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _reasons(reasons: object) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in reasons.items()) if isinstance(reasons, Mapping) else ""


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else printable(str(value))


def printable(text: str) -> str:
    """Names and titles come from archives: what could take over a terminal is shown instead of obeyed."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
