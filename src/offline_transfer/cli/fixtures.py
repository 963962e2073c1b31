"""`offline-transfer fixtures`."""

from pathlib import Path
from typing import Annotated

import typer

from offline_transfer.cli.options import AsJson

app = typer.Typer(
    help="GitLab's test fixtures: between the single JSON file and the tree of NDJSON files.", no_args_is_help=True
)


@app.command("to-tree")
def to_tree(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="A project.json or group.json.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the tree is made.")],
    as_json: AsJson = False,
) -> None:
    """Write the NDJSON tree of a single-file export."""
    from offline_transfer.cli import output
    from offline_transfer.files import fixtures

    fixtures.to_tree(file, directory)
    if as_json:
        output.print_json({"tree": str(directory)})


@app.command("to-json")
def to_json(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory of a tree.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="The file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the single human-readable JSON file of an NDJSON tree."""
    from offline_transfer.cli import output
    from offline_transfer.files import fixtures

    fixtures.to_json(directory, file)
    if as_json:
        output.print_json({"file": str(file)})
