"""What of an archive shall be imported, as it is typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from offline_transfer.cli.errors import EntityOptionError
from offline_transfer.errors import UsageError

if TYPE_CHECKING:
    from offline_transfer.importing.request import Everything, Wanted

WantedT = TypeVar("WantedT", "Wanted", "Everything")

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
        help="All groups of the archive, and the projects that came without their group, into this group;"
        ' `--all ""` puts groups at the root, where projects cannot be.',
        show_default=False,
    ),
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan", metavar="FILE", help="What to import and where to, as `plan --output` wrote it.", show_default=False
    ),
]
NoProjects = Annotated[
    bool,
    typer.Option(
        "--no-projects", help="Of groups, leave out the projects; with `--all`, those without their group too."
    ),
]
NoMemberships = Annotated[bool, typer.Option("--no-memberships", help="Leave out who is a member.")]
SkipOptions = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="RELATION", help="Leave this relation out.", show_default=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What of an archive shall not come, whatever a plan says."""

    projects: bool
    memberships: bool
    relations: Sequence[str]

    def of(self, wanted: "Sequence[Wanted] | Everything") -> "list[Wanted] | Everything":
        """The same without it."""
        from offline_transfer.importing.request import Everything

        return self._narrowed(wanted) if isinstance(wanted, Everything) else [self._narrowed(item) for item in wanted]

    def _narrowed(self, wanted: "WantedT") -> "WantedT":
        return replace(
            wanted,
            migrate_projects=wanted.migrate_projects and not self.projects,
            migrate_memberships=wanted.migrate_memberships and not self.memberships,
            skip_relations=tuple(dict.fromkeys((*wanted.skip_relations, *self.relations))),
        )


def require_one(**options: object) -> None:
    """Raise UsageError unless exactly one of the ways to say what to import was taken."""
    if sum(value is not None for value in options.values()) != 1:
        *others, last = (f"--{name}" for name in options)
        raise UsageError(problem=f"Say what to import: one of {', '.join(others)} and {last}")


def wanted_of(entity: Sequence[str] | None, everything: str | None) -> "list[Wanted] | Everything":
    """The entities that are named, or everything. Raises EntityOptionError."""
    from offline_transfer.importing.request import Everything

    if everything is not None:
        return Everything(everything.strip("/"))
    return [_wanted(item) for item in entity or ()]


def _wanted(given: str) -> "Wanted":
    from offline_transfer.importing.request import Wanted

    source, equals, destination = given.partition("=")
    namespace, colon, slug = destination.partition(":")
    if not source or not equals or (colon and not slug):
        raise EntityOptionError(given=ascii(given)[1:-1])
    return Wanted(source.strip("/"), namespace.strip("/"), slug or None)
