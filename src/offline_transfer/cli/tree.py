"""`offline-transfer tree`."""

from typing import Annotated

import typer

from offline_transfer.cli.instance import AsJson, DataDir, open_instance


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(tree)


def tree(
    full_path: Annotated[str | None, typer.Argument(metavar="[FULL_PATH]", help="Only this and all below it.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the groups and projects of this instance with the record count of every relation."""
    from offline_transfer.cli import output
    from offline_transfer.exporting.tree import tree as count_tree

    with open_instance(data_dir) as instance:
        rows = [row.to_json() for row in count_tree(instance, full_path)]
    if as_json:
        output.print_json({"relations": rows})
    else:
        columns = ("entity", "path", "records")
        output.print_table("Groups and projects", columns, [[row[name] for name in columns] for row in rows])
