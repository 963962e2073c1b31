"""A small instance in which every relation has records, and what tells where it has none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, func, select, union
from sqlalchemy.orm import Session

from demo.groups import GroupPlan
from demo.projects import ProjectPlan
from demo.scene import Scale
from demo.source import Filled, Plan, fill
from offline_transfer.db import Database
from offline_transfer.forge.base import Base
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.files import Files
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.repositories import Repositories
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Attribute, Direction, Link, PortableTree, RelationNode
from offline_transfer.types import PortableKind

COMPACT: Final = Plan(
    groups=(
        GroupPlan("fill", "Fill", Visibility.public),
        GroupPlan("fill/inner", "Inner \\ 内", Visibility.public),
    ),
    projects=(
        ProjectPlan("fill/first", "First", Visibility.public),
        ProjectPlan("fill/inner/second", 'Second "2"', Visibility.private, "trunk"),
    ),
    scale=Scale(issues=4, merge_requests=4, pipelines=5, epics=3, commits=2),
)

METHOD_COLUMNS: Final = {
    "project_setting": ("project_settings", None),
    "work_item_type": ("issues", "issue_type"),
    "head_commit_of_diff": ("merge_request_diffs", "head_commit_sha"),
    "protected_branch_name": ("protected_branches", "name"),
}
"""From which table and column (None: the one of the attribute's name) a method takes its value."""

NEVER_SET: Final = {"protected_environments.group_id": "an environment belongs to a project or to a group"}
"""Attributes that travel and have no value in any record, with the reason."""


def fill_every_relation(database: Database, repositories: Repositories, files: Files, *, seed: int = 7) -> Filled:
    """Fills an empty instance so that each path of both trees has two records at least."""
    return fill(database, repositories, files, seed=seed, plan=COMPACT)


def empty_paths(database: Database, *, least: int = 1) -> set[str]:
    """The paths of both trees, `project.issues.notes`, that have fewer records than `least`.

    Paths that are only ever imported are left out: a source has nothing there.
    """
    found = set()
    with database.session() as session:
        for kind in PortableKind:
            places = list(_places(tree(kind)))
            for place in places:
                if (session.scalar(select(func.count()).select_from(place.source)) or 0) < least:
                    found.add(f"{kind}.{place.node.path}")
            if _count_contributors(session, places) < least:
                found.add(f"{kind}.user_contributions")
    return found


def unset_attributes(database: Database) -> set[str]:
    """The attributes, `issues.weight`, that no record of either tree has a value for."""
    seen: set[str] = set()
    set_somewhere: set[str] = set()
    with database.session() as session:
        for kind in PortableKind:
            for place in (_root(tree(kind)), *_places(tree(kind))):
                seen |= {_name(place.node, attribute) for attribute in place.node.attributes}
                set_somewhere |= _set_attributes(session, place)
    return seen - set_somewhere - set(NEVER_SET)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node of a tree with the SQL that gives its records once per occurrence."""

    node: RelationNode
    table: FromClause
    source: FromClause


def _root(portables: PortableTree) -> _Place:
    table = portables.root.table
    rows = select(table)
    if portables.kind is PortableKind.GROUP:
        rows = rows.where(Namespace.type == "Group")
    portable = rows.subquery()
    return _Place(portables.root, portable, portable)


def _places(portables: PortableTree) -> Iterator[_Place]:
    yield from _below(_root(portables))


def _below(parent: _Place) -> Iterator[_Place]:
    for node in parent.node.children:
        if node.direction is Direction.BOTH and not node.is_contributions:
            place = _join(parent, node)
            yield place
            yield from _below(place)


def _join(parent: _Place, node: RelationNode) -> _Place:
    join = node.join
    assert join is not None
    child = node.table.alias()
    source = parent.source
    match node.link:
        case Link.BELONGS_TO:
            condition: ColumnElement[bool] = child.c.id == parent.table.c[join.column.name]
        case Link.THROUGH:
            assert join.through is not None
            assert join.far_column is not None
            between = join.through.alias()
            source = source.join(between, between.c[join.column.name] == parent.table.c.id)
            condition = child.c.id == between.c[join.far_column.name]
        case _:
            condition = child.c[join.column.name] == parent.table.c.id
    if join.type_column is not None:
        condition = and_(condition, child.c[join.type_column.name].in_(join.type_names))
    for name, value in (node.where or {}).items():
        condition = and_(condition, child.c[name] == value)
    return _Place(node, child, source.join(child, condition))


def _count_contributors(session: Session, places: list[_Place]) -> int:
    references = [
        select(place.table.c[attribute.name].label("user_id")).select_from(place.source)
        for place in places
        for attribute in place.node.attributes
        if attribute.user_reference
    ]
    return session.scalar(select(func.count(union(*references).subquery().c.user_id))) or 0


def _set_attributes(session: Session, place: _Place) -> set[str]:
    """The names of the attributes that have a value in one of the records of a place."""
    expressions = [(attribute, _value(place, attribute)) for attribute in place.node.attributes]
    counted = [(attribute, value) for attribute, value in expressions if value is not None]
    if not counted:
        return set()
    counts = session.execute(select(*(func.count(value) for _, value in counted)).select_from(place.source)).one()
    return {_name(place.node, attribute) for (attribute, _), count in zip(counted, counts, strict=True) if count}


def _value(place: _Place, attribute: Attribute) -> ColumnElement[object] | None:
    if attribute.column is not None:
        return place.table.c[attribute.column.name]
    if attribute.method not in METHOD_COLUMNS:
        return None
    table_name, column_name = METHOD_COLUMNS[attribute.method]
    table = Base.metadata.tables[table_name]
    column = table.c[column_name or attribute.name]
    return select(column).where(column.is_not(None)).limit(1).scalar_subquery()


def _name(node: RelationNode, attribute: Attribute) -> str:
    return f"{node.table.name}.{attribute.name}"
