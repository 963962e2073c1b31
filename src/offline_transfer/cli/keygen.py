"""`offline-transfer keygen`."""

from pathlib import Path
from typing import Annotated, Final

import typer

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
) -> None:
    """Make a key: an age identity that opens encrypted archives, or with --signing an Ed25519 key that signs them.

    With --output the public half goes to standard output: the recipient to encrypt to, or the public key, also written to FILE.pub.
    """
    from offline_transfer.cli import newkeys

    key = newkeys.signing_key() if signing else newkeys.identity()
    if output_file is None:
        typer.echo(key.secret, nl=False)
        return
    newkeys.write(key, output_file)
    typer.echo(key.public, nl=False)
