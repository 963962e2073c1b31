"""`offline-transfer tree`."""

from typing import Annotated

import typer

from offline_transfer.cli.instance import AsJson, DataDir, open_instance


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
    from offline_transfer.exporting.tree import counts, portables

    with open_instance(data_dir) as instance:
        edition = instance.settings.edition
        with instance.database.session() as session:
            found = portables(session, full_path)
        rows = [
            {"entity": portable.path, "path": path, "records": count}
            for portable in found
            for path, count in counts(instance.database, instance.repositories, portable, edition=edition)
        ]
    if as_json:
        output.print_json({"relations": rows})
        return
    columns = ("entity", "path", "records")
    output.print_table("Groups and projects", columns, [[row[name] for name in columns] for row in rows])
