"""`offline-transfer rollback`."""

from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offline_transfer.importing.rollback import Removed


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(rollback)


def rollback(
    bulk_import_id: Annotated[int, typer.Argument(metavar="IMPORT_ID", help="The number of the import.", min=1)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. With --json nobody is asked either.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Remove the groups and projects that an import made, with all that is in them, also what people have added since.

    What was there before stays, and so does what others share: users, contents of LFS objects that other projects use, records of a
    group around. A group in which there is something of another import or of people stays as it is. One that was broken off can be
    run again.
    """
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_with_files
    from offline_transfer.importing import rollback as service

    with open_with_files(data_dir) as instance:
        with instance.database.session() as session:
            paths = service.planned(session, bulk_import_id)
        if not (yes or as_json) and paths:
            output.print_table(
                "Would be removed, with all that is in it", ("group or project",), [[path] for path in paths]
            )
            if not typer.confirm("Remove?", err=True):
                output.remark("Nothing was removed.")
                return ExitStatus.OK
        done: list[Removed] = []
        with output.progress() as progress:
            task = progress.add_task("Removing", total=len(paths))
            for removed in service.rollback(instance, bulk_import_id):
                done.append(removed)
                progress.advance(task)
    return _say(bulk_import_id, done, as_json=as_json)


def _say(bulk_import_id: int, done: "Sequence[Removed]", *, as_json: bool) -> int:
    from offline_transfer.cli import output

    kept = [item.to_json() for item in done if item.kept is not None]
    removed = [item.to_json() for item in done if item.kept is None]
    if as_json:
        output.print_json({"import": bulk_import_id, "removed": removed, "kept": kept})
    else:
        output.print_table("Removed", ("source", "here"), [(item["entity"], item["path"]) for item in removed])
        if kept:
            output.print_table("Stays", ("here", "why"), [(item["path"], item["kept"]) for item in kept])
    return ExitStatus.WITH_FAILURES if kept else ExitStatus.OK
