"""`offline-transfer member`."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from offline_transfer.cli.choices import MemberRole
from offline_transfer.cli.options import AsJson, DataDir

app = typer.Typer(help="Who belongs to which group or project.", no_args_is_help=True)

FullPath = Annotated[str, typer.Argument(metavar="FULL_PATH", help="A group or project.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A user.")]


@app.command()
def add(
    full_path: FullPath,
    name: Name,
    role: Annotated[
        MemberRole,
        typer.Option(
            "--role", metavar="ROLE", help="`guest`, `planner`, `reporter`, `developer`, `maintainer` or `owner`."
        ),
    ],
    expires_at: Annotated[
        datetime | None,
        typer.Option(
            "--expires-at",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="The first day on which it does not count (UTC).",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a user a role in a group, and so in all below it, or in a project. A role that the user had there is replaced."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts, membership

    with open_instance(data_dir) as instance, instance.database.session() as session:
        user = accounts.find(session, name)
        day = expires_at.date() if expires_at is not None else None
        made = membership.add(session, full_path, user, membership.Role(role), day)
    if as_json:
        output.print_json(asdict(made))
    else:
        typer.echo(f"{made.username} is {made.role} of {made.path}")


@app.command("list")
def list_(full_path: FullPath, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show who belongs to a group or project, also through the groups above it."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import membership

    with open_instance(data_dir) as instance, instance.database.session() as session:
        rows = [asdict(found) for found in membership.members(session, full_path)]
    if as_json:
        output.print_json({"members": rows})
        return
    cells = [(row["username"], row["kind"], row["role"], row["path"], row["expires_at"] or "never") for row in rows]
    output.print_table("Members", ("username", "kind", "role", "of", "expires_at"), cells)


@app.command()
def remove(full_path: FullPath, name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """End a user's own membership of a group or project. What comes from a group above it stays."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts, membership

    with open_instance(data_dir) as instance, instance.database.session() as session:
        user = accounts.find(session, name)
        membership.remove(session, full_path, user)
    if as_json:
        output.print_json({"username": user.username, "removed": True})
    else:
        typer.echo(f"{user.username} is no member any more")
