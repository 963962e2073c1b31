"""`offline-transfer jobs` and `offline-transfer logs`."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir, JsonAnyway
from offline_transfer.errors import UsageError

if TYPE_CHECKING:
    from offline_transfer.jobs.listing import FailureRow, JobRow, WorkerRow
    from offline_transfer.types import JsonObject

app = typer.Typer(help="The background work of this instance.", no_args_is_help=True)


class State(StrEnum):
    """The states of a job."""

    TODO = "todo"
    DOING = "doing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def add_to(parent: typer.Typer) -> None:
    """Adds the commands."""
    parent.add_typer(app, name="jobs")
    parent.command()(logs)


@app.command("list")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="Only these.", show_default=False)] = None,
    task: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only jobs of this name.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List jobs: what they are, how they stand, how often they were tried, and what went wrong last."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.jobs import listing

    with open_instance(data_dir) as instance, instance.database.session() as session:
        rows = list(listing.jobs(session, state=state, task=task, limit=limit))
    if as_json:
        output.print_json({"jobs": [row.to_json() for row in rows]})
        return
    columns = ("id", "task", "of", "state", "queue", "age", "attempts", "last error")
    output.print_table("Jobs", columns, map(_cells, rows))


@app.command("show")
def show_job(
    job_id: Annotated[int, typer.Argument(metavar="ID", help="The number of the job.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one job, who does it, and each attempt that failed, with the place in the program."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.jobs import listing

    with open_instance(data_dir) as instance, instance.database.session() as session:
        job = listing.job(session, job_id)
        failures = list(listing.failures(session, job_id))
        worker = listing.worker(session, job_id)
    if as_json:
        document = {
            **job.to_json(),
            "worker": worker.to_json() if worker else None,
            "failures": [failure.to_json() for failure in failures],
        }
        output.print_json(document)
        return
    _print_job(job, worker, failures)


def logs(
    job: Annotated[int | None, typer.Option(help="What this job logged.", metavar="ID", show_default=False)] = None,
    export: Annotated[
        int | None, typer.Option(help="What the jobs of this export logged.", metavar="ID", show_default=False)
    ] = None,
    import_id: Annotated[
        int | None,
        typer.Option("--import", help="What the jobs of this import logged.", metavar="ID", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    _as_json: JsonAnyway = False,
) -> None:
    """Print the log lines of one job, export or import: JSON, one object a line, the oldest first."""
    from offline_transfer.cli import output
    from offline_transfer.jobs import log_files
    from offline_transfer.settings import load_settings

    asked = {name: number for name, number in (("job", job), ("export", export), ("import", import_id)) if number}
    if len(asked) != 1:
        raise UsageError(problem="Say whose lines: one of --job, --export and --import")
    for line in log_files.lines(load_settings(data_dir=data_dir).data_dir, _of(asked)):
        output.print_json(line)


def _of(asked: dict[str, int]) -> "Callable[[JsonObject], bool]":
    return lambda line: all(line.get(name) == number for name, number in asked.items())


def _cells(row: "JobRow") -> tuple[object, ...]:
    ids = ", ".join(f"{name} {number}" for name, number in row.ids.items() if name != "timestamp")
    return (row.id, row.task, ids, row.state, row.queue, _time(row.age), row.attempts, row.error or "")


def _print_job(job: "JobRow", worker: "WorkerRow | None", failures: "list[FailureRow]") -> None:
    from offline_transfer.cli import output

    output.print_table("Job", ("id", "task", "of", "state", "queue", "age", "attempts", "last error"), [_cells(job)])
    if worker is not None:
        silent = f"heard of {worker.silent:.0f} s ago"
        memory = f"{worker.memory_bytes // 2**20} MiB"
        output.print_table("Worker", ("host", "pid", "memory", "state"), [(worker.host, worker.pid, memory, silent)])
    for number, failure in enumerate(failures, start=1):
        typer.echo(f"\n{number}. {failure.at.isoformat(timespec='seconds')}: {output.printable(failure.message)}")
        if failure.traceback:
            typer.echo(failure.traceback)


def _time(seconds: float) -> str:
    """The two largest units, which is what people look for."""
    parts: list[str] = []
    left = int(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (parts and len(parts) < 2) or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(parts)
