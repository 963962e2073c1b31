"""`offline-transfer profile`, and what `export --check-against` does with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import DataDir, JsonAnyway

if TYPE_CHECKING:
    from offline_transfer.exporting.context import ExportContext
    from offline_transfer.exporting.request import ExportRequest
    from offline_transfer.verify.profile import DestinationProfile


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(profile)


def profile(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write it to this file, in place of what is there.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
    _as_json: JsonAnyway = False,
) -> None:
    """Say what this instance takes, for those who export to it: limits and versions, and nothing private.

    It is one JSON object. `export --check-against FILE` holds an export against it.
    """
    from offline_transfer.cli import output as printing
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import application_settings
    from offline_transfer.verify.profile import profile_of

    with open_instance(data_dir) as instance, instance.database.session() as session:
        taken = profile_of(application_settings.read(session, instance.settings), instance.settings)
    if output is None:
        printing.print_json(taken.to_json())
    else:
        output.write_bytes(taken.to_file())


def given(path: Path | None) -> "DestinationProfile | None":
    """The profile that was named, if one was."""
    from offline_transfer.verify.profile import read

    return None if path is None else read(path)


def refuses(
    context: "ExportContext", request: "ExportRequest", taken: "DestinationProfile | None", *, as_json: bool
) -> bool:
    """Whether a destination would refuse what is asked for, as far as that is known before. Then it is printed why."""
    from offline_transfer.cli import output
    from offline_transfer.exporting import against

    if taken is None:
        return False
    objections = against.before(context, request, taken)
    refused = [objection for objection in objections if objection.is_refusal]
    for objection in objections if not refused else ():
        output.remark(f"{objection.entity or 'The destination'}: {objection.message}")
    if not refused:
        return False
    if as_json:
        output.print_json({"refused": [objection.to_json() for objection in refused]})
    else:
        output.print_objections(objections)
    output.remark("The destination would refuse this archive. Nothing was exported.")
    return True
