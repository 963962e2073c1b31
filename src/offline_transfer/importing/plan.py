"""A relation tree compiled for import: for each place in it, what a record's keys become in a row of which table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any

from sqlalchemy import Table

from offline_transfer.importing.columns import Setter, keys_of, required_of, template_of
from offline_transfer.importing.transformers import shims
from offline_transfer.relations.attributes import DropReason, drop_reason
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import (
    Identity,
    ImportRule,
    Join,
    Link,
    LinkBy,
    Missing,
    RelationNode,
    Scope,
)
from offline_transfer.types import Edition, PortableKind


class Treatment(Enum):
    """What is done with the records below one key."""

    USER = auto()
    ANCESTOR = auto()
    THROUGH = auto()
    SHARED = auto()
    OWN = auto()


@dataclass(slots=True, eq=False)
class NodePlan:
    """One place in the tree. Built once per process; `eq=False` so that it can key dictionaries by identity."""

    node: RelationNode
    path: str
    table: Table
    columns: tuple[str, ...]
    template: list[Any]
    id_index: int | None
    link_index: int | None
    type_index: int | None
    parent_index: int | None
    parent_required: bool
    setters: dict[str, Setter]
    users: dict[str, tuple[int, bool, ImportRule | None]]
    ignored: frozenset[str]
    excluded: frozenset[str]
    fills: tuple[tuple[int, int], ...]
    required: tuple[tuple[int, str, bool], ...]
    unique: tuple[int, ...]
    treatment: Treatment
    cleared: tuple[tuple[str, int], ...]
    """Keys whose null says something: their columns have a default."""
    known: frozenset[str]
    """All keys that mean something here."""
    type_key: str | None
    shims: tuple[Callable[[dict[str, Any]], None], ...]
    silent: tuple[tuple[str, Setter], ...]
    """Keys whose rules hold although the record says nothing, and users of such keys."""
    silent_users: tuple[tuple[str, int, ImportRule | None], ...]
    parent: "NodePlan | None"
    children: "dict[str, NodePlan]" = field(default_factory=dict)
    linked: "list[tuple[str, NodePlan]]" = field(default_factory=list)
    between: "NodePlan | None" = None
    left_out: "dict[str, NodePlan]" = field(default_factory=dict)
    owned: "tuple[NodePlan, ...]" = ()
    """The children that others than this portable have below the same record."""

    @property
    def is_shared(self) -> bool:
        """Whether other batches may name the same record: it is found or created before the batch."""
        return self.node.identity is not None

    @property
    def is_local(self) -> bool:
        """Whether only the records around it can name it, so that nobody needs to look it up."""
        return self.node.identity is not None and self.node.identity.within is Scope.ISSUE

    def drop(self, key: str) -> DropReason:
        """Why a key that means nothing here is dropped."""
        return drop_reason(key, self.excluded)


@cache
def plans(kind: PortableKind, edition: Edition) -> Mapping[str, NodePlan]:
    """The plans of the relations of the first level, by name."""
    found = {node.name: _compile(node, None) for node in tree(kind, edition).relations}
    if edition is Edition.CE:
        for node in tree(kind, Edition.EE).relations:
            if node.name in found:
                _note_left_out(found[node.name], node)
    return found


@cache
def root_plan(kind: PortableKind, edition: Edition) -> NodePlan:
    """The plan of the portable itself."""
    return _compile(tree(kind, edition).root, None, with_children=_no_children)


def count_nested(plan: NodePlan, record: Mapping[str, Any], count: Callable[[str, int], None]) -> None:
    """Calls `count` with the path of every record below this one, as often as it occurs."""
    for key, child in plan.children.items():
        for below in records_of(record.get(key)):
            count(child.path, 1)
            count_nested(child, below, count)


def records_of(value: Any) -> list[dict[str, Any]]:
    """The records under one key: a list's objects, a single object, or none."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return []


def has_children(plan: NodePlan, record: Mapping[str, Any]) -> bool:
    """Whether anything hangs on this record (what it refers to does not count)."""
    return any(record.get(name) and child.node.link is not Link.BELONGS_TO for name, child in plan.children.items())


def _note_left_out(plan: NodePlan, node: RelationNode) -> None:
    """What the other edition has below a record: it is counted, and left out."""
    for child in node.children:
        if child.name in plan.children:
            _note_left_out(plan.children[child.name], child)
        else:
            plan.left_out[child.name] = _compile(child, plan)


def _all_children(node: RelationNode, plan: NodePlan) -> None:
    for child in node.children:
        plan.children[child.name] = _compile(child, plan)


def _no_children(_node: RelationNode, _plan: NodePlan) -> None:
    return


def _compile(
    node: RelationNode,
    parent: NodePlan | None,
    with_children: Callable[[RelationNode, NodePlan], None] = _all_children,
) -> NodePlan:
    columns = tuple(column.name for column in node.table.c)
    setters, users, ignored = keys_of(node, columns)
    join = node.join
    on_child = node.link in (Link.HAS_MANY, Link.HAS_ONE) and join is not None
    parent_column = join.column if join is not None and node.link is Link.BELONGS_TO else None
    template = template_of(node, columns)
    plan = NodePlan(
        node=node,
        path=node.path,
        table=node.table,
        columns=columns,
        template=template,
        id_index=columns.index("id") if "id" in columns else None,
        link_index=columns.index(join.column.name) if on_child and join is not None else None,
        type_index=columns.index(join.type_column.name)
        if on_child and join is not None and join.type_column is not None
        else None,
        parent_index=parent.columns.index(parent_column.name) if parent and parent_column is not None else None,
        parent_required=parent_column is not None and not parent_column.nullable,
        setters=setters,
        users=users,
        ignored=ignored,
        excluded=frozenset(node.excluded),
        fills=tuple((columns.index(fill.column.name), fill.depth) for fill in node.fills),
        required=required_of(node, columns),
        unique=tuple(columns.index(name) for name in node.unique),
        treatment=_treatment(node),
        cleared=tuple(
            (name, setter.place)
            for name, setter in setters.items()
            if setter.nullable and template[setter.place] is not None
        ),
        known=ignored.union(setters, users),
        type_key=join.type_column.name if on_child and join is not None and join.type_column is not None else None,
        shims=shims.BY_RELATION.get(node.name, ()),
        silent=tuple(item for item in setters.items() if item[1].rule in (ImportRule.RENUMBERED, ImportRule.INACTIVE)),
        silent_users=tuple(
            (name, index, rule)
            for name, (index, _, rule) in users.items()
            if rule in (ImportRule.GHOST, ImportRule.IMPORTER)
        ),
        parent=parent,
    )
    if join is not None and join.through is not None:
        plan.between = _compile(_between_node(node, join.through), parent)
    with_children(node, plan)
    plan.known |= plan.children.keys()
    plan.owned = tuple(child for child in plan.children.values() if child.node.own is not None)
    plan.linked = [(link.attribute, _compile(_linked_node(node, link), plan)) for link in node.link_by]
    return plan


def _treatment(node: RelationNode) -> Treatment:
    if node.is_user:
        return Treatment.USER
    if node.is_ancestor:
        return Treatment.ANCESTOR
    if node.link is Link.THROUGH:
        return Treatment.THROUGH
    return Treatment.OWN if node.identity is None else Treatment.SHARED


def _between_node(node: RelationNode, table: Table) -> RelationNode:
    """The table between two records, which has no records of its own."""
    return RelationNode(
        name=node.name,
        path=node.path,
        depth=node.depth,
        table=table,
        link=Link.ROOT,
        edition=node.edition,
        direction=node.direction,
        attributes=(),
        excluded={},
        children=(),
    )


def _linked_node(node: RelationNode, link: LinkBy) -> RelationNode:
    """A link by an attribute, as if the far record were nested: it is only looked up, never made."""
    return RelationNode(
        name=link.attribute,
        path=f"{node.path}.{link.attribute}",
        depth=node.depth + 1,
        table=link.table,
        link=Link.BELONGS_TO,
        edition=node.edition,
        direction=node.direction,
        attributes=(),
        excluded={},
        children=(),
        join=Join(column=link.column),
        identity=Identity(by=(link.far_column,), within=Scope.PROJECT, missing=Missing.SKIP),
    )


def creates(plan: NodePlan) -> bool:
    """Whether a shared record that does not exist is made."""
    return plan.node.identity is not None and plan.node.identity.missing is Missing.CREATE
