"""How often every place of a relation tree occurs, and which users are named there, as SQL statements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import CTE, CompoundSelect, FromClause, Select, func, literal, select, true, union, union_all

from offline_transfer.relations.nodes import Link, RelationNode
from offline_transfer.relations.rows import Condition, UserSource, below, constants, key_name, row_of

Needed: TypeAlias = Callable[[RelationNode], set[str]]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Walks down from the records of the first level that meet a condition, with as few columns as the walk needs."""

    users: UserSource
    condition: Condition

    def counts(self, node: RelationNode) -> "Select[str, int]":
        """Rows of a path and the number of its records, each once per occurrence; empty paths below the first are left out."""
        top = self._top(node, _keys_of_children)
        every = union_all(_count(node, top), *self._counts_below(node, top)).subquery()
        path, count = every.c
        return select(path, count).where((count > 0) | (path == literal(node.path)))

    def user_ids(self, node: RelationNode) -> "CompoundSelect[int] | None":
        """The ids of the users that the records name, each once; None where no record can name any."""
        if not _names_users(node):
            return None
        return union(*self._users_of(node, self._top(node, _keys_and_users)))

    def _counts_below(self, parent: RelationNode, above: FromClause) -> "list[Select[str, int]]":
        counts = []
        for node in parent.exported():
            found = self._below(node, parent, above, _keys_of_children(node) or {key_name(node)})
            counts += [_count(node, found), *self._counts_below(node, found)]
        return counts

    def _users_of(self, node: RelationNode, found: FromClause) -> "list[Select[int]]":
        ids = [select(found.c[name]).where(found.c[name].is_not(None)) for name in sorted(_user_columns(node))]
        for child in node.exported():
            if _names_users(child):
                ids += self._users_of(child, self._below(child, node, found, _keys_and_users(child)))
        return ids

    def _top(self, node: RelationNode, needed: Needed) -> CTE:
        row = row_of(node, self.users)
        names = sorted(needed(node) | {key_name(node)})
        return select(*(row.c[name] for name in names)).where(self.condition(node, row)).cte()

    def _below(self, node: RelationNode, parent: RelationNode, above: FromClause, needed: Iterable[str]) -> CTE:
        names = sorted(needed)
        row = row_of(node, self.users)
        if node.link is Link.BELONGS_TO and names == [key_name(node)] and not constants(node, row):
            # The foreign key vouches for the row that it points to.
            assert node.join is not None
            pointer = above.c[node.join.column.name]
            return select(pointer.label(names[0])).where(pointer.is_not(None)).cte()
        columns = [row.c[name] for name in names]
        found = below(node, parent, rows=(row, above), source=row, values=columns).lateral()
        return select(*(found.c[name] for name in names)).select_from(above.join(found, true())).cte()


def _count(node: RelationNode, found: FromClause) -> "Select[str, int]":
    return select(literal(node.path).label("path"), func.count().label("count")).select_from(found)


def _keys_of_children(node: RelationNode) -> set[str]:
    """The columns of a node by which its children are found."""
    names = set()
    for child in node.exported():
        assert child.join is not None
        names.add(child.join.column.name if child.link is Link.BELONGS_TO else key_name(node))
    return names


def _user_columns(node: RelationNode) -> set[str]:
    return {a.column.name for a in node.attributes if a.user_reference and a.column is not None}


def _keys_and_users(node: RelationNode) -> set[str]:
    return _keys_of_children(node) | _user_columns(node)


def _names_users(node: RelationNode) -> bool:
    return bool(_user_columns(node)) or any(_names_users(child) for child in node.exported())
