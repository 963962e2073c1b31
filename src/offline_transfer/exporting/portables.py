"""Groups and projects as an export sees them, and the relations that each has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import (
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    EntityPrefix,
)
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
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


def as_portable(path: str, group_id: int | None, project_id: int | None) -> Portable:
    """The group or the project whose id is given."""
    if group_id is not None:
        return Portable(PortableKind.GROUP, group_id, path)
    assert project_id is not None
    return Portable(PortableKind.PROJECT, project_id, path)


def portable_of(session: Session, row: RelationExport) -> Portable:
    """The group or project of a row, with the path that it has now, or the last one that is known."""
    if row.group_id is not None:
        path = session.scalar(select(Route.path).where(Route.namespace_id == row.group_id))
    else:
        path = session.scalar(select(Route.path).where(Route.project_id == row.project_id))
    return as_portable(path or row.full_path or "", row.group_id, row.project_id)


def exists_now(session: Session, portable: Portable) -> bool:
    """Whether the group or project is there."""
    table = Namespace if portable.kind is PortableKind.GROUP else Project
    return session.scalar(select(literal(1)).where(table.id == portable.id)) is not None


def add_relations(session: Session, offline_export_id: int, portable: Portable, relations: Sequence[str]) -> None:
    """Write down that these relations are exported; those that are already stay as they are."""
    rows = [
        {
            "offline_export_id": offline_export_id,
            "group_id": portable.group_id,
            "project_id": portable.project_id,
            "relation": relation,
        }
        for relation in relations
    ]
    if rows:
        session.execute(insert(RelationExport).values(rows).on_conflict_do_nothing())


def is_of(portable: Portable) -> ColumnElement[bool]:
    """The condition that a relation export belongs to a portable."""
    if portable.kind is PortableKind.GROUP:
        return and_(RelationExport.group_id == portable.id, RelationExport.project_id.is_(None))
    # Both columns, because the index has both.
    return and_(RelationExport.group_id.is_(None), RelationExport.project_id == portable.id)


def owner_of(row: type[RelationExport]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The group or project of a row as values that can be compared, and joined by their hash."""
    return func.coalesce(row.group_id, 0), func.coalesce(row.project_id, 0)
