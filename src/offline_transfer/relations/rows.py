"""How the rows of a relation tree are found, set by set: all rows of a place in the tree at once, from the keys of those above.

Each place becomes one query in the WITH clause of a statement (a CTE). It finds its rows by the array of all keys above, so
PostgreSQL goes through an index once for each place and not once for each record, and reads a record that many others share, such
as a label, once. `compiler.PLANNING` tells the planner so.

What the columns of these queries are called:

    k       the primary key, or the first column of it
    p       the key of the record above, where the foreign key is on this side
    to_*    a foreign key to a record that this one belongs to
    by_*    the id of a user whom the record names
    at_*    a column by which records are ordered
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sqlalchemy import FromClause, UniqueConstraint, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from offline_transfer.forge.users import User
from offline_transfer.relations.links import table_of
from offline_transfer.relations.nodes import AnyColumn, Link, RelationNode
from offline_transfer.relations.sql import constant

UserSource: TypeAlias = Callable[[], FromClause]
"""Gives a selectable with the columns `id`, `name`, `username` and `public_email`: what is said about each user.

Who stands in for a user of another instance says what that user said, and where this is kept is not for the relations to know.
"""

Columns: TypeAlias = Callable[[RelationNode], Sequence[str]]
"""What is read of the rows of a node, beside keys: items of a select list. Rows go by the name of their table."""

OWN: Final = "(SELECT id FROM own)"
"""The id of the group or project whose records a statement reads."""

_OWNED: Final = (Link.HAS_MANY, Link.HAS_ONE)
_DIALECT: Final = PGDialect_psycopg(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def local_users() -> FromClause:
    """Users as their own rows describe them."""
    return table_of(User).alias()


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the tree in a statement.

    `rows` is the name of its CTE. `count` is SQL for how many records there are, each counted once per occurrence. Rows that
    are shared belong to any number of rows above, the others to one. `between` is the CTE with the columns `p` and `k` that
    ties the rows to those above where another table does so.
    """

    node: RelationNode
    rows: str
    count: str
    below: "tuple[Place, ...]"
    is_shared: bool = False
    between: str | None = None


@dataclass(slots=True)
class Walk:
    """Goes down a tree and collects the CTEs of a statement."""

    users: UserSource
    columns: Columns
    ctes: list[str] = field(default_factory=list)
    _number: int = 0

    def top(self, node: RelationNode, condition: str) -> Place:
        """The place of the records of the first level that meet a condition on their rows, with all places below."""
        rows = self._rows(node, condition)
        return Place(node, rows, f"SELECT count(*) FROM {rows}", self._places(node, rows, None))

    def with_clause(self, own: str) -> str:
        """All CTEs; `own` is SQL for the id of the group or project."""
        return f"WITH own AS MATERIALIZED (SELECT ({own}) AS id), {', '.join(self.ctes)}"

    def _places(self, node: RelationNode, rows: str, occurrences: str | None) -> tuple[Place, ...]:
        """The places below a node. `occurrences` is a CTE that says how often (`n`) each of its rows (`k`) occurs, if not once."""
        return tuple(self._place(child, rows, occurrences) for child in node.exported())

    def _place(self, node: RelationNode, above: str, occurrences: str | None) -> Place:
        if node.link is Link.BELONGS_TO:
            return self._shared(node, above, occurrences)
        if node.link is Link.THROUGH:
            return self._through(node, above, occurrences)
        return self._owned(node, above, occurrences)

    def _owned(self, node: RelationNode, above: str, occurrences: str | None) -> Place:
        """Rows that point to the row above; each occurs as often as that one."""
        pointer = _join_column(node)
        rows = self._rows(node, f"{node.table.name}.{pointer.name} = ANY(ARRAY(SELECT k FROM {above}))", above=pointer)
        if occurrences is None:
            return Place(node, rows, f"SELECT count(*) FROM {rows}", self._places(node, rows, None))
        of_each = self._cte(f"SELECT r.k, o.n FROM {rows} AS r JOIN {occurrences} AS o ON o.k = r.p")
        return Place(node, rows, f"SELECT sum(n) FROM {of_each}", self._places(node, rows, of_each), is_shared=True)

    def _shared(self, node: RelationNode, above: str, occurrences: str | None) -> Place:
        """Rows to which the rows above point."""
        pointer = f"to_{_join_column(node).name}"
        there = f"SELECT {pointer} FROM {above} WHERE {pointer} IS NOT NULL"
        rows = self._rows(node, f"{node.table.name}.{key_name(node)} = ANY(ARRAY({there}))")
        if occurrences is None and not constants(node) and not any(node.exported()):
            # The foreign key vouches for the row that it points to.
            return Place(node, rows, f"SELECT count({pointer}) FROM {above}", (), is_shared=True)
        of_each = self._occurrences(rows, f"SELECT k, {pointer} AS far FROM {above}", occurrences)
        return Place(node, rows, f"SELECT sum(n) FROM {of_each}", self._places(node, rows, of_each), is_shared=True)

    def _through(self, node: RelationNode, above: str, occurrences: str | None) -> Place:
        """Rows that a table between ties to the rows above."""
        join = node.join
        assert join is not None
        assert join.through is not None
        assert join.far_column is not None
        near = join.column.name
        between = self._cte(
            f"SELECT tie.{near} AS p, tie.{join.far_column.name} AS k FROM {join.through.name} AS tie"
            f" WHERE tie.{near} = ANY(ARRAY(SELECT k FROM {above}))"
        )
        rows = self._rows(node, f"{node.table.name}.{key_name(node)} = ANY(ARRAY(SELECT k FROM {between}))")
        of_each = self._occurrences(rows, f"SELECT p AS k, k AS far FROM {between}", occurrences)
        below = self._places(node, rows, of_each)
        return Place(node, rows, f"SELECT sum(n) FROM {of_each}", below, is_shared=True, between=between)

    def _occurrences(self, rows: str, ties: str, occurrences: str | None) -> str:
        """A CTE of how often each row occurs; `ties` has the keys of rows above (`k`) and of those to which they lead (`far`)."""
        if occurrences is None:
            return self._cte(
                f"SELECT r.k, count(*) AS n FROM ({ties}) AS t JOIN {rows} AS r ON r.k = t.far GROUP BY r.k"
            )
        return self._cte(
            f"SELECT r.k, sum(o.n)::bigint AS n FROM ({ties}) AS t JOIN {occurrences} AS o ON o.k = t.k"
            f" JOIN {rows} AS r ON r.k = t.far GROUP BY r.k"
        )

    def _rows(self, node: RelationNode, condition: str, *, above: AnyColumn | None = None) -> str:
        """The CTE of the rows of a node; `above` is the column that points to the rows above."""
        row = node.table.name
        columns = [f"{row}.{key_name(node)} AS k", *self.columns(node)]
        columns += [f"{row}.{name} AS to_{name}" for name in _pointers(node)]
        source = f"{self._users()} AS {row}" if node.is_user else row
        found = f"FROM {source} WHERE {' AND '.join([condition, *constants(node)])}"
        if above is None:
            return self._cte(f"SELECT {', '.join(columns)} {found}")
        columns.append(f"{row}.{above.name} AS p")
        if node.link is not Link.HAS_ONE or _is_unique(node):
            return self._cte(f"SELECT {', '.join(columns)} {found}")
        direction = "DESC" if node.latest_only else "ASC"
        return self._cte(f"SELECT DISTINCT ON (p) {', '.join(columns)} {found} ORDER BY p, k {direction}")

    def _users(self) -> str:
        found = select(self.users()).compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
        return f"({found})"

    def _cte(self, query: str) -> str:
        self._number += 1
        name = f"s{self._number}"
        self.ctes.append(f"{name} AS MATERIALIZED ({query})")
        return name


def key_name(node: RelationNode) -> str:
    """The first column of the primary key, by which the rows below find their parent."""
    return str(next(iter(node.table.primary_key.columns)).name)


def order_names(node: RelationNode) -> list[str]:
    """The columns that order the records of a relation: its own, if it has one; whatever that leaves open goes by primary key."""
    keys = [str(column.name) for column in node.table.primary_key.columns]
    return keys if node.order is None else list(dict.fromkeys([node.order.column.name, *keys]))


def order_by(node: RelationNode, prefix: str) -> str:
    """The order of the records of a relation, where `prefix` comes before each column."""
    names = [f"{prefix}{name}" for name in order_names(node)]
    if node.order is not None:
        direction = "DESC" if node.order.descending else "ASC"
        names[0] += f" {direction} NULLS {'FIRST' if node.order.nulls_first else 'LAST'}"
    return ", ".join(names)


def owned(node: RelationNode, condition: str) -> Iterator[tuple[RelationNode, str]]:
    """The places whose rows hang on the rows of `node` that meet a condition, each with the condition that finds its rows.

    Places come before those below them. What records refer to is left out, and so is what others may have below the same record.
    """
    for child in node.children:
        if child.link in _OWNED and child.join is not None and not child.is_user and child.own is None:
            above = f"SELECT {key_name(node)} FROM {node.table.name} WHERE {condition}"
            pointing = f"{child.table.name}.{child.join.column.name} = ANY(ARRAY({above}))"
            found = " AND ".join([pointing, *constants(child)])
            yield child, found
            yield from owned(child, found)


def constants(node: RelationNode) -> list[str]:
    """What the models and the relation file demand of the rows of a node, whatever they hang on, as conditions."""
    row = node.table.name
    conditions = []
    if node.join is not None and node.join.type_column is not None:
        names = ", ".join(constant(name) for name in node.join.type_names)
        conditions.append(f"{row}.{node.join.type_column.name} IN ({names})")
    for name, value in (node.where or {}).items():
        conditions.append(f"{row}.{name} = {constant(value) if isinstance(value, str) else int(value)}")
    if node.own is not None:
        conditions.append(f"{row}.{node.own.name} = {OWN}")
    return conditions


def _join_column(node: RelationNode) -> AnyColumn:
    assert node.join is not None
    return node.join.column


def _pointers(node: RelationNode) -> list[str]:
    """The columns that point to rows to which a row of the node belongs."""
    return sorted({_join_column(child).name for child in node.exported() if child.link is Link.BELONGS_TO})


def _is_unique(node: RelationNode) -> bool:
    """Whether the database allows no second record at the place of a single one."""
    name = _join_column(node).name
    unique = [node.table.primary_key, *(c for c in node.table.constraints if isinstance(c, UniqueConstraint))]
    return any([column.name for column in constraint.columns] == [name] for constraint in unique)
