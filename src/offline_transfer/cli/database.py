"""`offline-transfer db`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from offline_transfer.cli.errors import NotEmbeddedError
from offline_transfer.cli.options import AsJson, DataDir

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


def _embedded_settings(data_dir: Path | None, command: str) -> "Settings":
    from offline_transfer.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    if settings.database_url is not None:
        raise NotEmbeddedError(command=command)
    return settings
