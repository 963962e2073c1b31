"""`offline-transfer user`."""

from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from offline_transfer.forge.users import User

app = typer.Typer(help="The people who may use this instance.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name with which the user signs, like ada.lovelace.")]


@app.command()
def create(
    name: Name,
    email: Annotated[str, typer.Option("--email", metavar="EMAIL", help="Where mails to the user go.")],
    admin: Annotated[bool, typer.Option("--admin", help="Make an administrator, who may do everything.")] = False,
    full_name: Annotated[
        str | None, typer.Option("--full-name", metavar="TEXT", help="The name that people read.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a user. `token create` makes what the user signs in with."""
    from offline_transfer import mail
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts

    with open_instance(data_dir) as instance:
        with instance.database.session() as session:
            user = accounts.create(session, name, email=email, name=full_name, admin=admin)
        where = mail.where_to(instance.settings)
    if as_json:
        output.print_json(_document(user))
        return
    typer.echo(f"Made {user.username}, number {user.id}")
    output.remark(f"Mails to {user.email} go to {where}")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the users who sign in. Those that imports made stand for others and are not among them."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts

    with open_instance(data_dir) as instance, instance.database.session() as session:
        rows = [_document(user) for user in accounts.people(session)]
    if as_json:
        output.print_json({"users": rows})
        return
    columns = ("id", "username", "name", "email", "state")
    cells = [[*(row[column] for column in columns), "yes" if row["is_admin"] else "no"] for row in rows]
    output.print_table("Users", (*columns, "is_admin"), cells)


@app.command()
def block(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a user do nothing any more, from this moment on. Tokens and memberships stay, and count for nothing."""
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts

    with open_instance(data_dir) as instance, instance.database.session() as session:
        user = accounts.block(session, name)
    _show_state(user, as_json=as_json)


@app.command()
def unblock(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a user who was blocked do what tokens and memberships allow."""
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts

    with open_instance(data_dir) as instance, instance.database.session() as session:
        user = accounts.unblock(session, name)
    _show_state(user, as_json=as_json)


def _show_state(user: "User", *, as_json: bool) -> None:
    from offline_transfer.cli import output

    if as_json:
        output.print_json(_document(user))
    else:
        typer.echo(f"{user.username} is {user.state}")


def _document(user: "User") -> dict[str, object]:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "state": user.state,
        "is_admin": user.admin,
        "created_at": user.created_at,
    }
