"""Groups and projects as an export sees them, and the relations that each has."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import (
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    EntityPrefix,
)
from offline_transfer.forge.routes import Route
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Direction
from offline_transfer.transfers.models import RelationExport
from offline_transfer.types import Edition, PortableKind


@dataclass(frozen=True, slots=True)
class Portable:
    """One group or project: what it is, its id, and its full path."""

    kind: PortableKind
    id: int
    path: str

    @property
    def prefix(self) -> EntityPrefix:
        """Its directory in the archive."""
        return EntityPrefix(self.kind, self.id)

    @property
    def group_id(self) -> int | None:
        """Its id in columns that point to groups."""
        return self.id if self.kind is PortableKind.GROUP else None

    @property
    def project_id(self) -> int | None:
        """Its id in columns that point to projects."""
        return self.id if self.kind is PortableKind.PROJECT else None


@cache
def relations_of(kind: PortableKind, edition: Edition) -> tuple[str, ...]:
    """The relations of a kind of portable in the order in which they are exported."""
    portables = tree(kind, edition)
    moving = [
        node.name for node in portables.relations if node.direction is Direction.BOTH and not node.is_contributions
    ]
    # The users come last: they are those whom the others name.
    return (SELF_RELATION, MAX_IIDS_RELATION, *moving, *portables.files, USER_CONTRIBUTIONS_RELATION)


def portable_of(session: Session, row: RelationExport) -> Portable:
    """The group or project of a row."""
    if row.group_id is not None:
        path = session.scalar(select(Route.path).where(Route.namespace_id == row.group_id))
        return Portable(PortableKind.GROUP, row.group_id, path or "")
    assert row.project_id is not None
    path = session.scalar(select(Route.path).where(Route.project_id == row.project_id))
    return Portable(PortableKind.PROJECT, row.project_id, path or "")


def is_of(portable: Portable) -> ColumnElement[bool]:
    """The condition that a relation export belongs to a portable."""
    if portable.kind is PortableKind.GROUP:
        return RelationExport.group_id == portable.id
    return RelationExport.project_id == portable.id
