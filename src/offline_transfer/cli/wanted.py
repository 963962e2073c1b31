"""What of an archive shall be imported, as it is typed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.errors import EntityOptionError
from offline_transfer.errors import UsageError

if TYPE_CHECKING:
    from offline_transfer.importing.request import Everything, Wanted

EntityOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--entity",
        metavar="SOURCE=NAMESPACE[:SLUG]",
        help="A group or project of the archive, the group to put it into and, if it shall have another, its path there.",
        show_default=False,
    ),
]
AllOption = Annotated[
    str | None,
    typer.Option(
        "--all",
        metavar="NAMESPACE",
        help='Every top-level group of the archive, into this group; `--all ""` puts them at the root.',
        show_default=False,
    ),
]


PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan", metavar="FILE", help="What to import and where to, as `plan --output` wrote it.", show_default=False
    ),
]


def require_one(**options: object) -> None:
    """Raise UsageError unless exactly one of the ways to say what to import was taken."""
    if sum(value is not None for value in options.values()) != 1:
        *others, last = (f"--{name}" for name in options)
        raise UsageError(problem=f"Say what to import: one of {', '.join(others)} and {last}")


def wanted_of(
    entity: Sequence[str] | None, everything: str | None, skip: Sequence[str] = ()
) -> "list[Wanted] | Everything":
    """The entities that are named, or every top-level group, without some relations. Raises EntityOptionError."""
    from offline_transfer.importing.request import Everything

    if everything is not None:
        return Everything(everything.strip("/"), skip_relations=tuple(skip))
    return [_wanted(item, skip) for item in entity or ()]


def _wanted(given: str, skip: Sequence[str]) -> "Wanted":
    from offline_transfer.importing.request import Wanted

    source, equals, destination = given.partition("=")
    namespace, colon, slug = destination.partition(":")
    if not source or not equals or (colon and not slug):
        raise EntityOptionError(given=ascii(given)[1:-1])
    return Wanted(source.strip("/"), namespace.strip("/"), slug or None, skip_relations=tuple(skip))
