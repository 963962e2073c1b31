"""How the rows of a relation tree are found from the rows above them, as parts of SQL statements."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, UniqueConstraint, and_, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from offline_transfer.forge.users import User
from offline_transfer.relations.links import table_of
from offline_transfer.relations.nodes import Link, RelationNode

UserSource: TypeAlias = Callable[[], FromClause]
"""Gives a selectable with the columns `id`, `name`, `username` and `public_email`: what is said about each user.

Who stands in for a user of another instance says what that user said, and where this is kept is not for the relations to know.
"""

Condition: TypeAlias = Callable[[RelationNode, FromClause], ColumnElement[bool]]
"""Which records of the first level a statement is about."""


class Parameter(ColumnElement[Any]):
    """A value that is given when a statement runs; everything else in a statement is a literal."""

    inherit_cache = False

    def __init__(self, name: str, type_name: str) -> None:
        self.name = name
        self.type_name = type_name


@compiles(Parameter)
def _render_parameter(element: Parameter, _compiler: SQLCompiler, **_options: object) -> str:
    return f"%({element.name})s::{element.type_name}"


class OwnPortable(ColumnElement[Any]):
    """The id of the group or project whose records a statement reads; whoever compiles the statement says what that is there."""

    inherit_cache = False


@compiles(OwnPortable)
def _render_own_portable(_element: OwnPortable, _compiler: SQLCompiler, **options: object) -> str:
    return str(options["portable"])


IDS = Parameter("ids", "bigint[]")
PORTABLE_ID = Parameter("portable_id", "bigint")


def local_users() -> FromClause:
    """Users as their own rows describe them."""
    return table_of(User).alias()


def row_of(node: RelationNode, users: UserSource) -> FromClause:
    """A fresh name for the rows of a node."""
    return users() if node.is_user else node.table.alias()


def in_batch(node: RelationNode, row: FromClause) -> ColumnElement[bool]:
    """The condition that a record is one of the `ids`."""
    return key_of(node, row) == func.any(IDS)


def of_portable(node: RelationNode, row: FromClause) -> ColumnElement[bool]:
    """The condition that a record of the first level belongs to the group or project `portable_id`."""
    assert node.join is not None
    return and_(row.c[node.join.column.name] == PORTABLE_ID, *constants(node, row))


def key_name(node: RelationNode) -> str:
    """The first column of the primary key, by which the rows below find their parent."""
    return str(next(iter(node.table.primary_key.columns)).name)


def key_of(node: RelationNode, row: FromClause) -> ColumnElement[Any]:
    """The key in a row."""
    return row.c[key_name(node)]


def order_of(node: RelationNode, row: FromClause) -> list[ColumnElement[Any]]:
    """The relation's own order; whatever that leaves open goes by primary key."""
    keys: list[ColumnElement[Any]] = [row.c[column.name] for column in node.table.primary_key.columns]
    if node.order is None:
        return keys
    column = row.c[node.order.column.name]
    directed = column.desc() if node.order.descending else column.asc()
    return [directed.nulls_first() if node.order.nulls_first else directed.nulls_last(), *keys]


def constants(node: RelationNode, row: FromClause) -> list[ColumnElement[bool]]:
    """What the models and the relation file demand of the rows of a node, whatever they hang on."""
    conditions: list[ColumnElement[bool]] = []
    if node.join is not None and node.join.type_column is not None:
        conditions.append(row.c[node.join.type_column.name].in_(node.join.type_names))
    conditions += [row.c[name] == value for name, value in (node.where or {}).items()]
    if node.own is not None:
        conditions.append(row.c[node.own.name] == OwnPortable())
    return conditions


def belongs(node: RelationNode, row: FromClause, parent_row: FromClause) -> ColumnElement[bool]:
    """The condition that a row is the one to which the parent's row points."""
    assert node.join is not None
    return and_(key_of(node, row) == parent_row.c[node.join.column.name], *constants(node, row))


def below(
    node: RelationNode,
    parent: RelationNode,
    *,
    rows: tuple[FromClause, FromClause],
    source: FromClause,
    values: Sequence[ColumnElement[Any]],
) -> Select[Any]:
    """The values of the rows of a node that hang on one row of its parent.

    `rows` names the row of the node, which is part of `source`, and the row of the parent, which stands in a statement around.
    """
    row, parent_row = rows
    join = node.join
    assert join is not None
    found = select(*values).select_from(source).correlate(parent_row)
    if node.link is Link.BELONGS_TO:
        return found.where(belongs(node, row, parent_row))
    if join.through is not None:
        assert join.far_column is not None
        between = join.through.alias()
        found = found.join(between, between.c[join.far_column.name] == key_of(node, row))
        found = found.where(between.c[join.column.name] == key_of(parent, parent_row))
    else:
        found = found.where(row.c[join.column.name] == key_of(parent, parent_row))
    found = found.where(*constants(node, row))
    if node.link is Link.HAS_ONE and not _is_unique(node):
        key = key_of(node, row)
        found = found.order_by(key.desc() if node.latest_only else key).limit(1)
    return found


def _is_unique(node: RelationNode) -> bool:
    """Whether the database allows no second record at the place of a single one."""
    assert node.join is not None
    name = node.join.column.name
    unique = [node.table.primary_key, *(c for c in node.table.constraints if isinstance(c, UniqueConstraint))]
    return any([column.name for column in constraint.columns] == [name] for constraint in unique)
