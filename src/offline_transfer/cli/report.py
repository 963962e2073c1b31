"""`offline-transfer report`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from offline_transfer.cli.options import DataDir
from offline_transfer.errors import UsageError


class FormatOption(StrEnum):
    """The forms of a report, as they are typed. Their own enumeration would load the database's libraries for `--help`."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(report)


def report(
    bulk_import_id: Annotated[int, typer.Argument(metavar="IMPORT_ID", help="The number of the import.", min=1)],
    form: Annotated[
        FormatOption | None,
        typer.Option(
            "--format",
            help="`json` for programs, `csv` for spreadsheets, `html` for people; what the name of the file says if it is not"
            " given, and `json` otherwise.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Where to write it; standard output otherwise. A file that is there is replaced.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as `--format json`.")] = False,
) -> None:
    """Write the report of an import: what the source had and what is here, what failed and why, and what could not be checked."""
    import sys

    from offline_transfer.cli.instance import open_instance
    from offline_transfer.importing.report import render

    if as_json and form not in (None, FormatOption.JSON):
        raise UsageError(problem=f"--json and --format {form} are two forms, and a report has one")
    chosen = render.ReportFormat(FormatOption.JSON if as_json else form or _named_by(file) or FormatOption.JSON)
    with open_instance(data_dir) as instance:
        blocks = render.stream(instance.database, bulk_import_id, chosen)
        if file is None:
            for block in blocks:
                sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
            return
        unfinished = file.with_name(f"{file.name}.partial")
        with unfinished.open("wb") as written:
            written.writelines(blocks)
        unfinished.replace(file)


def _named_by(file: Path | None) -> FormatOption | None:
    suffix = "" if file is None else file.suffix.removeprefix(".").lower()
    return FormatOption(suffix) if suffix in list(FormatOption) else None
