"""`offline-transfer worker`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from offline_transfer.jobs.processes import WorkerProcesses


class QueueOption(StrEnum):
    """The queues, as they are typed. Their own enumeration would load the database's libraries for `--help`."""

    ROWS = "rows"
    FILES = "files"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(worker)


def worker(
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="How many; as many as there are cores otherwise.", show_default=False),
    ] = None,
    queue: Annotated[
        QueueOption | None,
        typer.Option(
            help="Take the jobs of this queue only: `rows` needs no data directory, `files` does. Both otherwise.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Do background work for an instance, in processes of its own, until Ctrl-C.

    Workers may run on any number of machines that reach the same database. Their data directory has to be the same too, on a
    shared file system, unless they take only jobs that need none.
    """
    from offline_transfer.cli import output
    from offline_transfer.jobs import marker
    from offline_transfer.jobs.instance import open_service
    from offline_transfer.jobs.processes import WorkerProcesses
    from offline_transfer.logs import write_logs
    from offline_transfer.queue import QueueName
    from offline_transfer.secrets import Vault
    from offline_transfer.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    Vault.of(settings).require_keys()
    write_logs(settings.log_level)
    queues = list(QueueName) if queue is None else [QueueName(queue)]
    with open_service(settings) as instance:
        if QueueName.FILES in queues:
            marker.require(instance)
        workers = WorkerProcesses(settings, count=processes, queues=queues)
        _stop_on_signals(workers)
        workers.start()
        if as_json:
            output.print_json({"processes": workers.count, "queues": queues})
        output.remark(
            f"{workers.count} worker processes take jobs of the queues {', '.join(queues)}. Ctrl-C ends them."
        )
        workers.wait()


def _stop_on_signals(workers: "WorkerProcesses") -> None:
    """The first signal ends the workers after the step that they are at, the second at once."""
    import signal

    def stop(*_: object) -> None:
        if workers.is_stopping:
            workers.kill()
        workers.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
