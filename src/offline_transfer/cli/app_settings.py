"""`offline-transfer settings`."""

from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from pathlib import Path

    from offline_transfer.types import JsonObject

app = typer.Typer(help="What this instance allows; it holds at once, for all processes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A setting: `settings list` names all.")]


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show every setting, and whether somebody has changed it."""
    from offline_transfer.cli import output
    from offline_transfer.forge.application_settings import shown

    rows = _described(data_dir)
    if as_json:
        output.print_json({"settings": rows})
        return
    cells = [(row["name"], shown(row["value"]), row["unit"] or "", "yes" if row["changed"] else "") for row in rows]
    output.print_table("Settings", ("name", "value", "unit", "changed"), cells)


@app.command()
def get(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print the value of a setting, alone. What it means goes to standard error."""
    from offline_transfer.cli import output
    from offline_transfer.forge.application_settings import require_known, shown

    require_known(name)
    (row,) = (row for row in _described(data_dir) if row["name"] == name)
    if as_json:
        output.print_json(row)
        return
    typer.echo(shown(row["value"]))
    output.remark(str(row["description"]))


@app.command("set")
def set_(
    name: Name,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="`true`, `false`, a number or a text, as `get` prints it.")
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change a setting."""
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import application_settings

    with open_instance(data_dir) as instance, instance.database.session() as session:
        application_settings.change(session, name, value)
    get(name, data_dir, as_json)


@app.command()
def reset(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Give a setting its default again."""
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import application_settings

    with open_instance(data_dir) as instance, instance.database.session() as session:
        application_settings.reset(session, name)
    get(name, data_dir, as_json)


def _described(data_dir: "Path | None") -> "list[JsonObject]":
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import application_settings

    with open_instance(data_dir) as instance, instance.database.session() as session:
        return [row.to_json() for row in application_settings.described(session, instance.settings)]
