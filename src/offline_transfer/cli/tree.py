"""`offline-transfer tree`."""

from typing import Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(tree)


def tree(
    full_path: Annotated[
        str | None, typer.Argument(metavar="[FULL_PATH]", help="Only this and all below it.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the groups and projects of this instance with the record count of every relation."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.exporting.tree import counts, portables
    from offline_transfer.importing.incomplete import incomplete

    with open_instance(data_dir) as instance:
        edition = instance.settings.edition
        with instance.database.session() as session:
            found = portables(session, full_path)
            gaps = [gap.to_json() for gap in incomplete(session, full_path)]
        rows = [
            {"entity": portable.path, "path": path, "records": count}
            for portable in found
            for path, count in counts(instance.database, instance.repositories, portable, edition=edition)
        ]
    if as_json:
        output.print_json({"relations": rows, "incomplete": gaps})
        return
    output.print_counts("Groups and projects", rows)
    output.print_incomplete(gaps)
