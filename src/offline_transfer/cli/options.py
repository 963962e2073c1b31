"""Options that several commands have. Nothing here loads a service, so that `--help` answers at once."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The instance: its database, repositories and files.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
S3Endpoint = Annotated[
    str | None, typer.Option("--s3-endpoint", help="Where s3:// leads when it is not AWS.", show_default=False)
]
LimitOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=NUMBER",
        help="Allow more than usual to an archive that you trust, such as line_bytes=100000000.",
        show_default=False,
    ),
]
