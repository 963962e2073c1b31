"""Options that several commands have. Nothing here loads a service, so that `--help` answers at once."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The instance: its database, repositories and files.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
JsonAnyway = Annotated[
    bool, typer.Option("--json", help="Print errors as JSON, too: what is printed otherwise is JSON anyway.")
]
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
Identities = Annotated[
    list[Path] | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        help="A file with the age identity of a recipient, for an encrypted archive.",
        show_default=False,
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file whose first line is the passphrase of an encrypted archive.",
        show_default=False,
    ),
]
PublicKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--public-key",
        metavar="FILE",
        help="The public key, in PEM, of somebody who may have signed the archive.",
        show_default=False,
    ),
]
RequiredSignatures = Annotated[
    list[Path] | None,
    typer.Option(
        "--require-signature",
        metavar="KEYFILE",
        help="Refuse the archive unless the owner of this public key, in PEM, has signed it; of several keys one is enough.",
        show_default=False,
    ),
]
EncryptTo = Annotated[
    list[str] | None,
    typer.Option(
        "--encrypt-to",
        metavar="RECIPIENT",
        help="An age recipient (age1...) who shall be able to read the archive.",
        show_default=False,
    ),
]
SigningKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--sign", metavar="FILE", help="The Ed25519 key, in PEM, to sign the archive with.", show_default=False
    ),
]
