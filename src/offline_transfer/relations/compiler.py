"""From a relation tree to SQL: what the records of a batch say, how many they are, and which users they name.

Three statements are compiled from one node, so they cannot disagree about what belongs to a record:

- lines: one JSON text for each record of the first level, with the keys in the order of the relation file and then the relations
  below it in the order of the tree. It is made with `json`: `jsonb` would sort the keys. Nested lists are aggregated from values of
  type json, which are joined without the line feeds that PostgreSQL puts between rows, so that a record is one line.
- counts: how many records there are on every path, each counted once per occurrence.
- users: the ids of all users that the records name.

All constants in the statements come from our own relation files and models; ids are all that is given from outside. The statements
go from a record to what hangs on it, by the index on every foreign key: `READING_BY_INDEX` says so to the planner, which otherwise
scans a small table again for each record.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    JSON,
    ClauseElement,
    FromClause,
    Select,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from offline_transfer.relations.loader import tree
from offline_transfer.relations.methods import METHODS, Value, exported
from offline_transfer.relations.nodes import Attribute, Link, RelationNode
from offline_transfer.relations.occurrences import Occurrences
from offline_transfer.relations.rows import (
    IDS,
    PORTABLE_ID,
    UserSource,
    belongs,
    below,
    in_batch,
    key_name,
    key_of,
    local_users,
    of_portable,
    order_of,
    row_of,
)
from offline_transfer.types import Edition, PortableKind

SELF: Final = "self"
"""The relation of the group or project itself, without what belongs to it."""

READING_BY_INDEX: Final = (
    b"SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;"
    b" SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"
)
"""Planner settings for a transaction that runs these statements."""

Present: TypeAlias = frozenset[str]
"""The paths on which a batch has records; the others need not be looked at."""

# The text format of COPY would double every backslash. JSON holds neither of these two characters, so here nothing is quoted.
_COPY: Final = rb"COPY (%s) TO STDOUT WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8')"
_DIALECT: Final = PGDialect_psycopg(paramstyle="pyformat")  # type: ignore[no-untyped-call]
_EMPTY_LIST: Final = cast(literal_column("'[]'"), JSON)
_KEPT_STATEMENTS: Final = 64
_GIVEN_PORTABLE: Final = str(PORTABLE_ID.compile(dialect=_DIALECT))
_GIVEN_IDS: Final = str(IDS.compile(dialect=_DIALECT))
# Compiling a statement takes as long as looking in vain at some ten thousand records.
_IDLE_PATHS: Final = 4


class Statements:
    """The SQL that reads one relation of the first level; each statement is compiled when it is first asked for.

    `lines`, `counts` and `users` take the array `ids` of the records. The others take `portable_id` and are for relations whose
    records hang on their group or project. `lines` and `record_ids` are for `psycopg.Cursor.copy`.
    """

    def __init__(self, node: RelationNode, users: UserSource = local_users) -> None:
        self.node: Final = node
        self._users: Final = users
        self._lines: Final[dict[Present, bytes]] = {}

    def lines(self, present: Iterable[str]) -> bytes:
        """JSON texts of the records, in the order of the ids.

        `present` are the paths that `counts` found for the same ids in the same transaction. Most relations of most batches are
        empty, and looking for nothing at each record would take most of the time.
        """
        paths = frozenset(present)
        if paths in self._lines:
            return self._lines[paths]
        for known, statement in self._lines.items():
            if paths < known and len(known) <= len(paths) + _IDLE_PATHS:
                return statement
        if len(self._lines) >= _KEPT_STATEMENTS:
            self._lines.clear()
        lines = _Lines(self._users, paths).statement(self.node)
        self._lines[paths] = statement = _copy(lines, self._portable_of_batch)
        return statement

    @cached_property
    def counts(self) -> bytes:
        """Rows of a path and the number of records on it; the relation's own path is always there."""
        return _sql(Occurrences(self._users, in_batch).counts(self.node), self._portable_of_batch)

    @cached_property
    def users(self) -> bytes | None:
        """Rows of a user id, each once; None where no record can name a user."""
        found = Occurrences(self._users, in_batch).user_ids(self.node)
        return None if found is None else _sql(found, self._portable_of_batch)

    @cached_property
    def record_ids(self) -> bytes:
        """The ids of all records of a group or project, in the order in which they leave."""
        row = row_of(self.node, self._users)
        ids = select(key_of(self.node, row)).where(of_portable(self.node, row)).order_by(*order_of(self.node, row))
        return _copy(ids)

    @cached_property
    def numbered_ids(self) -> bytes:
        """The same ids as rows of `id` and `position`, which counts from 1 in the order in which the records leave."""
        row = row_of(self.node, self._users)
        position = func.row_number().over(order_by=order_of(self.node, row)).label("position")
        ids = select(key_of(self.node, row).label("id"), position).where(of_portable(self.node, row))
        return _sql(ids)

    @cached_property
    def portable_counts(self) -> bytes:
        """As `counts`, for all records of a group or project."""
        return _sql(Occurrences(self._users, of_portable).counts(self.node))

    @property
    def _portable_of_batch(self) -> str:
        """The group or project to which the records of a batch belong, as SQL that is evaluated once."""
        if self.node.join is None:
            return f"({_GIVEN_IDS})[1]"
        name, table = self.node.join.column.name, self.node.table.name
        # Some of them may have been deleted since the batch was fixed.
        return f"(SELECT {name} FROM {table} WHERE {key_name(self.node)} = any({_GIVEN_IDS}) LIMIT 1)"  # noqa: S608 - our names


@cache
def statements(
    kind: PortableKind, relation: str, *, edition: Edition = Edition.EE, users: UserSource = local_users
) -> Statements:
    """The statements of a relation of the first level, or of `self`. Raises KeyError for any other name."""
    portable = tree(kind, edition)
    node = replace(portable.root, path=SELF, children=()) if relation == SELF else portable.relation(relation)
    return Statements(node, users)


@dataclass(frozen=True, slots=True)
class _Record:
    """What a record consists of: its values, where they come from, and the rows in there that its values name."""

    values: list[Value]
    source: FromClause
    rows: list[FromClause]

    def as_object(self) -> Value:
        """The values as one JSON object, where `source` is part of the FROM clause around."""
        found = select(*self.values).correlate(*self.rows).subquery()
        return select(func.row_to_json(found.table_valued())).select_from(found).scalar_subquery()


@dataclass(frozen=True, slots=True)
class _Lines:
    """Builds the statement of lines."""

    users: UserSource
    present: Present

    def statement(self, node: RelationNode) -> Select[Any]:
        # Rows of a function are known to be sorted by their ordinality, so nothing is collected for a sort: each line is made
        # when it is fetched.
        wanted = func.unnest(IDS).table_valued("id", with_ordinality="position").render_derived()
        row = row_of(node, self.users)
        record = self._record(node, row, row)
        found = select(*record.values).select_from(record.source).where(key_of(node, row) == wanted.c.id)
        lateral = found.correlate(wanted).lateral()
        line = func.row_to_json(lateral.table_valued())
        return select(line).select_from(wanted.join(lateral, true())).order_by(wanted.c.position)

    def _record(self, node: RelationNode, row: FromClause, source: FromClause) -> _Record:
        """A record whose row is part of `source`: what it belongs to is joined to that, and what it has is nested."""
        values: list[Value] = [_value(attribute, row).label(attribute.name) for attribute in node.attributes]
        rows = [row]
        for child in node.exported():
            if child.path not in self.present:
                value: Value = null() if child.is_single else _EMPTY_LIST
            elif child.link is Link.BELONGS_TO:
                child_row = row_of(child, self.users)
                # An index search in a join costs a third of one in a subquery.
                joined = source.outerjoin(child_row, belongs(child, child_row, row))
                record = self._record(child, child_row, joined)
                source = record.source
                rows += record.rows
                value = case((key_of(child, child_row).is_not(None), record.as_object()))
            else:
                value = self._nested(child, node, row)
            values.append(value.label(child.name))
        return _Record(values, source, rows)

    def _nested(self, node: RelationNode, parent: RelationNode, parent_row: FromClause) -> Value:
        row = row_of(node, self.users)
        record = self._record(node, row, row)
        records = below(node, parent, rows=(row, parent_row), source=record.source, values=record.values)
        if node.is_single:
            found = records.subquery()
            return select(func.row_to_json(found.table_valued())).select_from(found).scalar_subquery()
        found = records.order_by(*order_of(node, row)).subquery()
        collected = func.json_agg(func.row_to_json(found.table_valued()))
        return select(func.coalesce(collected, _EMPTY_LIST)).select_from(found).scalar_subquery()


def _value(attribute: Attribute, row: FromClause) -> Value:
    if attribute.method is not None:
        return METHODS[attribute.method](attribute.name, row)
    assert attribute.column is not None
    return exported(row.c[attribute.column.name])


def _sql(statement: ClauseElement, portable: str = _GIVEN_PORTABLE) -> bytes:
    options = {"literal_binds": True, "portable": portable}
    return str(statement.compile(dialect=_DIALECT, compile_kwargs=options)).encode()


def _copy(statement: ClauseElement, portable: str = _GIVEN_PORTABLE) -> bytes:
    return _COPY % _sql(statement, portable)
