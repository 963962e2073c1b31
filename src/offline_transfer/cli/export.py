"""`offline-transfer export`."""

from typing import Annotated

import typer

from offline_transfer.cli.instance import AsJson, DataDir, S3Endpoint


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(export)


def export(
    full_paths: Annotated[
        list[str], typer.Argument(metavar="FULL_PATH...", help="Groups (with all below) and projects.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="URL", help="A directory, s3://, gs:// or az:// place.")],
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    as_json: AsJson = False,
) -> int:
    """Export groups and projects of this instance into an archive, and print its export prefix."""
    raise NotImplementedError
