"""`offline-transfer trust`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from offline_transfer.forge.trusted_keys import TrustedKey

app = typer.Typer(help="Whose signatures this instance knows.", no_args_is_help=True)

Hostname = Annotated[
    str,
    typer.Argument(
        metavar="HOSTNAME", help="The source as its archives name it: `archive inspect` shows it. A URL, or an alias."
    ),
]


@app.command()
def add(
    hostname: Hostname,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The public key in PEM, which `keygen --signing` wrote.")
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a public key for one of a source, so that archives signed with it are known to come from there.

    Compare the fingerprint that is printed with those who run the source, by another way than the file came.
    """
    from offline_transfer.cli import keys, output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import trusted_keys

    (key,) = keys.public_keys_of([file])
    with open_instance(data_dir) as instance, instance.database.session() as session:
        document = _document(trusted_keys.add(session, hostname, key))
    if as_json:
        output.print_json(document)
    else:
        typer.echo(f"Archives of {document['source_hostname']} may be signed with {document['fingerprint']}")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show which keys are taken for those of which sources."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import trusted_keys

    with open_instance(data_dir) as instance, instance.database.session() as session:
        rows = [_document(key) for key in trusted_keys.listed(session)]
    if as_json:
        output.print_json({"keys": rows})
        return
    columns = ("source_hostname", "fingerprint", "created_at")
    output.print_table("Trusted keys", columns, [[row[column] for column in columns] for row in rows])


@app.command()
def remove(
    hostname: Hostname,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="As `trust list` shows it: `sha256:...`.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a key for that of a source no more. What was imported stays."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import trusted_keys

    with open_instance(data_dir) as instance, instance.database.session() as session:
        trusted_keys.remove(session, hostname, fingerprint)
    if as_json:
        output.print_json({"source_hostname": hostname, "fingerprint": fingerprint, "removed": True})
    else:
        typer.echo(f"{output.printable(fingerprint)} is no key of {output.printable(hostname)} any more")


def _document(key: "TrustedKey") -> dict[str, object]:
    return {
        "source_hostname": key.source_hostname,
        "fingerprint": key.fingerprint,
        "created_at": key.created_at,
    }
