"""`offline-transfer db`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.errors import NotEmbeddedError
from offline_transfer.cli.options import AsJson, DataDir
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from offline_transfer.settings import Settings

app = typer.Typer(help="The database of this instance.", no_args_is_help=True)


@app.command()
def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring the schema of the database to what this program needs. The embedded database does it by itself."""
    from offline_transfer.cli import output
    from offline_transfer.db import open_unchecked
    from offline_transfer.migrations import runner
    from offline_transfer.settings import load_settings

    with open_unchecked(load_settings(data_dir=data_dir)) as database:
        before = runner.current_revision(database.engine)
        runner.upgrade(database.engine)
        after = runner.current_revision(database.engine)
    if as_json:
        output.print_json({"from": before, "to": after})
    else:
        typer.echo(
            f"Nothing to do: at revision {after}" if before == after else f"From {before or 'nothing'} to {after}"
        )


@app.command()
def url(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Start the embedded database, leave it running and print its address, for psql and other tools."""
    from offline_transfer.cli import output
    from offline_transfer.db import open_database
    from offline_transfer.embedded import EmbeddedServer

    settings = _embedded_settings(data_dir, "url")
    with open_database(settings):
        server = EmbeddedServer(settings.data_dir)
        address = server.start()
        server.keep_running()
        server.leave()
    if as_json:
        output.print_json({"url": address})
    else:
        typer.echo(address)


@app.command()
def stop(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Stop the embedded database; while commands use it, it stops when the last of them ends."""
    from offline_transfer.cli import output
    from offline_transfer.embedded import EmbeddedServer

    outcome = EmbeddedServer(_embedded_settings(data_dir, "stop").data_dir).stop()
    if as_json:
        output.print_json({"outcome": outcome.name.lower()})
    else:
        typer.echo(outcome.name.replace("_", " ").capitalize())


@app.command()
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    as_json: AsJson = False,
) -> None:
    """Write the first key that encrypts credentials in a database of your own, into the file that `secrets_file` is to name.

    Every machine of an instance needs the same file. Keep a copy: without it stored credentials cannot be opened.
    """
    from offline_transfer.cli import output
    from offline_transfer.secrets import make_keys_file

    make_keys_file(file)
    if as_json:
        output.print_json({"file": str(file)})
    else:
        typer.echo(f"Wrote {file}")


@app.command()
def rotate_key(
    no_new_key: Annotated[
        bool, typer.Option("--no-new-key", help="Only encrypt anew, with the first key that is in the file.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Put a new key in front of those that encrypt credentials, and encrypt everything with it.

    Services may run meanwhile. The key before it stays in the file until the next rotation; rotate twice to be rid of a key that
    others have seen. Where machines have copies of the file, put the new key first into all of them, then use `--no-new-key`.
    """
    from offline_transfer.cli import output
    from offline_transfer.db import open_database
    from offline_transfer.secrets import Vault
    from offline_transfer.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    vault = Vault.of(settings)
    with open_database(settings) as database:
        if not no_new_key:
            vault.add_key()
        rotation = vault.reseal(database)
    if as_json:
        output.print_json({"resealed": rotation.resealed, "broken": list(rotation.broken)})
    else:
        typer.echo(f"Encrypted anew: {rotation.resealed}")
    for place in rotation.broken:
        output.remark(f"None of the keys opens {place}. Older keys stay in the file until it was opened or removed.")
    return ExitStatus.WITH_FAILURES if rotation.broken else ExitStatus.OK


def _embedded_settings(data_dir: Path | None, command: str) -> "Settings":
    from offline_transfer.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    if settings.database_url is not None:
        raise NotEmbeddedError(command=command)
    return settings
