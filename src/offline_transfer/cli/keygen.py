"""`offline-transfer keygen`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from offline_transfer.cli.options import AsJson

PUBLIC_SUFFIX: Final = ".pub"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(keygen)


def keygen(
    signing: Annotated[
        bool, typer.Option("--signing", help="A key pair that signs archives, instead of an identity that opens them.")
    ] = False,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it, readable by you alone; otherwise it goes to standard output.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key: an age identity that opens encrypted archives, or with --signing an Ed25519 key that signs them.

    With --output the public half goes to standard output: the recipient to encrypt to, or the public key, also written to FILE.pub.
    """
    from offline_transfer.cli import newkeys, output

    key = newkeys.signing_key() if signing else newkeys.identity()
    if output_file is not None:
        newkeys.write(key, output_file)
    if as_json:
        secret = key.secret if output_file is None else None
        file = None if output_file is None else str(output_file)
        output.print_json({"public": key.public.strip(), "file": file, "secret": secret})
    else:
        typer.echo(key.secret if output_file is None else key.public, nl=False)
