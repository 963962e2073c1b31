"""`offline-transfer serve`."""

from typing import Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(serve)


def serve(
    data_dir: DataDir = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 is any that is free.")
    ] = 8080,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            max=256,
            help="How many processes do the jobs, as many as there are cores if it is not said; 0 leaves them to other machines.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the REST API and do its jobs, until Ctrl-C. It is ready when `/-/readiness` answers 200."""
    import os
    import sys

    from offline_transfer.jobs.processes import environment_of
    from offline_transfer.secrets import Vault
    from offline_transfer.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    Vault.of(settings).require_keys()
    words = ["--host", host, "--port", str(port)]
    if workers is not None:
        words += ["--workers", str(workers)]
    if as_json:
        words.append("--json")
    environment = {**os.environ, **environment_of(settings)}
    sys.stdout.flush()
    sys.stderr.flush()
    # Like a worker the API is a program of its own: this process becomes it, and keeps its number and its terminal.
    os.execve(sys.executable, [sys.executable, "-m", "offline_transfer.api", *words], environment)  # noqa: S606 - no shell
