"""`offline-transfer token`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.choices import TokenScope
from offline_transfer.cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from offline_transfer.forge.users import PersonalAccessToken

app = typer.Typer(help="What users sign in with.", no_args_is_help=True)

Day = Annotated[
    datetime | None,
    typer.Option(
        "--expires-at",
        metavar="YYYY-MM-DD",
        formats=["%Y-%m-%d"],
        help="The first day on which it is worth nothing (UTC).",
    ),
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The user for whom it stands.")],
    scope: Annotated[
        list[TokenScope] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="`api` for everything, `read_api` for looking alone; `api` if none is given.",
        ),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="TEXT", help="What it is for, for those who see the list.")
    ] = "offline-transfer",
    expires_at: Day = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, alone. It cannot be shown again: only its digest is kept."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts, tokens

    with open_instance(data_dir) as instance, instance.database.session() as session:
        made = tokens.create(
            session,
            accounts.find(session, name),
            scopes=[tokens.Scope(given) for given in scope or [TokenScope.API]],
            name=label,
            expires_at=expires_at.date() if expires_at is not None else None,
        )
    if as_json:
        output.print_json({"id": made.id, "token": made.text})
    else:
        typer.echo(made.text)


@app.command("list")
def list_(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only those of this user.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show which tokens there are, without themselves."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import accounts, tokens

    with open_instance(data_dir) as instance, instance.database.session() as session:
        username = accounts.find(session, name).username if name is not None else None
        rows = [_document(token, owner) for token, owner in tokens.listed(session, username)]
    if as_json:
        output.print_json({"tokens": rows})
        return
    columns = ("id", "user", "label", "scopes", "expires_at", "revoked")
    output.print_table("Tokens", columns, [[_shown(row[column]) for column in columns] for row in rows])


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="The number that `token list` shows.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have a token stand for nobody from this moment on."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.forge import tokens

    with open_instance(data_dir) as instance, instance.database.session() as session:
        tokens.revoke(session, number)
    if as_json:
        output.print_json({"id": number, "revoked": True})
    else:
        typer.echo(f"Revoked token {number}")


def _document(token: "PersonalAccessToken", owner: str) -> dict[str, object]:
    return {
        "id": token.id,
        "user": owner,
        "label": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked": token.revoked,
    }


def _shown(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "never" if value is None else value
