"""From a relation tree to SQL: what the records of a batch say, how many they are, and which users they name.

One statement gives all three, so they cannot disagree about what belongs to a record. It is put together as text, in milliseconds:
constants come from our own relation files and models, and ids are all that is given from outside. `rows` finds the rows of each
place in the tree, `texts` makes JSON of them, `occurrences` counts them, and `nesting` puts what comes out together.

The JSON of a record is one line, with the keys in the order of the relation file and then the relations below it in the order of
the tree.
"""

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Final

from offline_transfer.relations import occurrences, texts
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nesting import GAP, SUMMARY, Nest
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.relations.rows import Place, UserSource, Walk, constants, key_name, local_users, order_by
from offline_transfer.relations.sql import joined
from offline_transfer.types import Edition, PortableKind

SELF: Final = "self"
"""The relation of the group or project itself, without what belongs to it."""

PLANNING: Final = (
    b"SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_nestloop = off;"
    b" SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = on; SET LOCAL join_collapse_limit = 1;"
    b" SET LOCAL from_collapse_limit = 1; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
)
"""Settings for a transaction that runs these statements.

The planner knows nothing of what a CTE will hold. Left alone it compares each row with each, or reads a large table for a few rows,
or spends longer on planning than the statement takes.
"""

_IDS: Final = "%(ids)s::bigint[]"
_PORTABLE_ID: Final = "%(portable_id)s::bigint"


@dataclass(frozen=True, slots=True)
class RecordStatement:
    """The SQL that reads the records with the given `ids`: rows for `nesting`, the records in the order of the ids.

    One more row, the last, says what there was. Its text is a JSON list of two: the paths with the number of records on them, where
    the relation's own path is always named, and the ids of all users who are named, ascending; null for none. It comes last because
    counting needs all rows, while the others can leave as soon as their place has been read.
    """

    sql: bytes
    nests: tuple[Nest, ...]


class Statements:
    """The SQL that reads one relation of the first level; each statement is put together when it is first asked for.

    All but `records` take a `portable_id` and are for relations whose records hang on their group or project. They count on the
    settings `PLANNING`.
    """

    def __init__(self, node: RelationNode, users: UserSource = local_users) -> None:
        self.node: Final = node
        self._users: Final = users

    @cached_property
    def records(self) -> RecordStatement:
        """The records with the given ids."""
        walk = Walk(self._users, texts.columns)
        top = walk.top(self.node, f"{self.node.table.name}.{key_name(self.node)} = ANY({_IDS})")
        blocks = _Blocks()
        blocks.add_top(top)
        selects = " UNION ALL ".join([*blocks.selects, _summary(top)])
        return RecordStatement(f"{walk.with_clause(self._portable_of_batch)} {selects}".encode(), tuple(blocks.nests))

    @cached_property
    def numbered_ids(self) -> bytes:
        """Rows of `id` and `position`, which counts from 1 in the order in which the records leave."""
        row = self.node.table.name
        order = order_by(self.node, f"{row}.")
        conditions = " AND ".join([self._of_portable, *constants(self.node)])
        return (
            f"SELECT {row}.{key_name(self.node)} AS id, row_number() OVER (ORDER BY {order}) AS position"
            f" FROM {row} WHERE {conditions}"
        ).encode()

    @cached_property
    def portable_counts(self) -> bytes:
        """Rows of a path and the number of records on it, for all records of a group or project."""
        walk = Walk(self._users, lambda _node: ())
        top = walk.top(self.node, self._of_portable)
        return f"{walk.with_clause(_PORTABLE_ID)} {occurrences.counts(top)}".encode()

    @property
    def _of_portable(self) -> str:
        """The condition that a record hangs on the group or project."""
        assert self.node.join is not None
        return f"{self.node.table.name}.{self.node.join.column.name} = {_PORTABLE_ID}"

    @property
    def _portable_of_batch(self) -> str:
        """The group or project to which the records of a batch belong."""
        if self.node.join is None:
            return f"({_IDS})[1]"
        # Some of them may have been deleted since the batch was fixed.
        column, key = self.node.join.column.name, key_name(self.node)
        return f"SELECT {column} FROM {self.node.table.name} WHERE {key} = ANY({_IDS}) LIMIT 1"


@cache
def statements(
    kind: PortableKind, relation: str, *, edition: Edition = Edition.EE, users: UserSource = local_users
) -> Statements:
    """The statements of a relation of the first level, or of `self`. Raises KeyError for any other name."""
    portable = tree(kind, edition)
    node = replace(portable.root, path=SELF, children=()) if relation == SELF else portable.relation(relation)
    return Statements(node, users)


@dataclass(slots=True)
class _Blocks:
    """The rows of all places whose records are not shared, place after place, those below before those above."""

    selects: list[str] = field(default_factory=list)
    nests: list[Nest] = field(default_factory=list)

    def add_top(self, place: Place) -> None:
        """The records of the first level, in the order of the given ids."""
        source = f"unnest({_IDS}) WITH ORDINALITY AS wanted(id, position) JOIN {place.rows} AS r ON r.k = wanted.id"
        self._add(place, "NULL", source, "wanted.position")

    def _add_below(self, place: Place) -> int:
        return self._add(place, "r.p", f"{place.rows} AS r", order_by(place.node, "r.at_"))

    def _add(self, place: Place, above: str, source: str, order: str) -> int:
        """Gives the number of the place."""
        below = tuple(self._add_below(child) for child in place.below if not child.is_shared)
        after = texts.tail(place, "r")
        number = len(self.nests)
        own_key = "r.k" if below else "NULL"
        last = "NULL" if after.is_constant else joined(after.pieces)
        # The types are those of the first block in the statement.
        columns = f"{number}, {above}::bigint, {own_key}::bigint, r.own, {last}::text"
        self.selects.append(f"(SELECT {columns} FROM {source} {after.joins} ORDER BY {order})")
        self.nests.append(Nest(place.node.is_single, below, _cut(after) if after.is_constant else None))
        return number


def _cut(tail: texts.Tail) -> tuple[bytes, ...]:
    return tuple("".join(text for text, _ in tail.pieces).encode().split(GAP.encode()))


def _summary(top: Place) -> str:
    counts = f"SELECT json_object_agg(path, records) FROM ({occurrences.counts(top)}) AS counts"
    users = f"SELECT json_agg(id ORDER BY id) FROM ({occurrences.user_ids(top)}) AS users"
    return f"SELECT {SUMMARY}, NULL, NULL, json_build_array(({counts}), ({users}))::text, NULL"
