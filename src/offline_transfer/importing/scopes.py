"""Within what a natural key names one record, and where a record is put that nothing has."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.dialects import postgresql

from offline_transfer.db import lock_briefly
from offline_transfer.importing.plan import NodePlan
from offline_transfer.importing.units import Row
from offline_transfer.relations.nodes import Scope
from offline_transfer.types import PortableKind

Key = tuple[Any, ...]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_LAST_IID = 2**63 - 1
_NUMBERED = {"milestones": ("project_id", "group_id"), "epics": ("group_id",)}
"""Tables whose shared records carry an iid, and the columns of its scope."""


@dataclass(frozen=True, slots=True)
class Family:
    """All places in a tree that name records of one table in the same way; they share what is found."""

    table: str
    by: tuple[str, ...]
    within: Scope
    plan: NodePlan = field(compare=False, repr=False)

    @property
    def rank(self) -> int:
        """Families that others refer to come first."""
        return self.plan.node.depth * -1


@cache
def family_of(plan: NodePlan) -> Family:
    """The family of a shared place."""
    identity = plan.node.identity
    assert identity is not None
    return Family(plan.table.name, identity.by, identity.within, plan)


@dataclass(frozen=True, slots=True)
class Scoping:
    """The portable that is filled, and the groups around it, the nearest first (its own first for a group)."""

    kind: PortableKind
    portable_id: int
    group_ids: tuple[int, ...]

    def condition(self, family: Family) -> tuple[sql.Composable, Sequence[Any], sql.Composable]:
        """Which rows of the family's table count, with parameters, and in which order they are preferred."""
        groups = list(self.group_ids)
        match family.within:
            case Scope.INSTANCE:
                return sql.SQL("true"), [], sql.SQL("k.n, t.id")
            case Scope.PROJECT:
                return sql.SQL("t.project_id = %s"), [self.portable_id], sql.SQL("k.n, t.id")
            case Scope.TARGET_PROJECT:
                return sql.SQL("t.target_project_id = %s"), [self.portable_id], sql.SQL("k.n, t.id")
            case Scope.GROUP:
                return sql.SQL("t.group_id = %s"), [groups[0]], sql.SQL("k.n, t.id")
            case Scope.HIERARCHY if self.kind is PortableKind.PROJECT:
                return (
                    sql.SQL("(t.project_id = %s OR t.group_id = ANY(%s))"),
                    [self.portable_id, groups, groups],
                    sql.SQL("k.n, t.project_id IS NULL, array_position(%s::bigint[], t.group_id), t.id"),
                )
            case _:
                return (
                    sql.SQL("t.group_id = ANY(%s)"),
                    [groups, groups],
                    sql.SQL("k.n, array_position(%s::bigint[], t.group_id), t.id"),
                )

    def find(self, connection: psycopg.Connection, family: Family, keys: set[Key]) -> dict[Key, int]:
        """The ids of the records that exist, by their keys."""
        columns = [family.plan.setters[name].name if name in family.plan.setters else name for name in family.by]
        table = sql.Identifier(family.table)
        arrays = sql.SQL(", ").join(
            sql.SQL("%s::{}[]").format(sql.SQL(_type_of(family.plan, column))) for column in columns
        )
        names = sql.SQL(", ").join(sql.Identifier(f"k{number}") for number in range(len(columns)))
        matches = sql.SQL(" AND ").join(
            sql.SQL("t.{} = k.{}").format(sql.Identifier(column), sql.Identifier(f"k{number}"))
            for number, column in enumerate(columns)
        )
        condition, parameters, order = self.condition(family)
        statement = sql.SQL(
            "SELECT k.n, t.id FROM unnest({arrays}) WITH ORDINALITY AS k({names}, n) "
            "JOIN {table} t ON {matches} WHERE {condition} ORDER BY {order}"
        ).format(arrays=arrays, names=names, table=table, matches=matches, condition=condition, order=order)
        wanted = list(keys)
        values = [[key[number] for key in wanted] for number in range(len(columns))]
        found: dict[Key, int] = {}
        for number, row_id in connection.execute(statement, [*values, *parameters]):
            found.setdefault(wanted[number - 1], row_id)
        return found

    def place(self, plan: NodePlan) -> dict[str, Any] | None:
        """The columns that put a new record where it belongs; None when there is no such place (no group around)."""
        identity = plan.node.identity
        assert identity is not None
        columns = plan.columns
        place: dict[str, Any] = {}
        if identity.within in (Scope.GROUP, Scope.GROUP_HIERARCHY):
            if not self.group_ids:
                return None
            place["group_id"] = self.group_ids[0]
        elif identity.within is Scope.HIERARCHY:
            of_project = self.kind is PortableKind.PROJECT
            if "project_id" in columns:
                place["project_id"] = self.portable_id if of_project else None
            place["group_id"] = None if of_project else self.group_ids[0]
            if plan.table.name == "labels":
                place["type"] = "ProjectLabel" if of_project else "GroupLabel"
        elif identity.within is Scope.PROJECT:
            place["project_id"] = self.portable_id
        elif identity.within is Scope.TARGET_PROJECT:
            place["target_project_id"] = self.portable_id
        return place

    def lock(self, connection: psycopg.Connection, family: Family) -> None:
        """Only one makes records where this family's are put at a time, until the transaction ends.

        That may be a place which many portables fill at once: their common group, or the instance. A transaction takes one such
        lock and nothing else that others wait for, so whoever waits here waits for somebody who goes on.
        """
        match family.within:
            case Scope.INSTANCE:
                owner = "instance"
            case Scope.GROUP | Scope.GROUP_HIERARCHY:
                owner = f"group {self.group_ids[0]}"
            case _:
                owner = f"{self.kind} {self.portable_id}"
        _lock(connection, f"{family.table} of {owner}")

    def lock_record(self, connection: psycopg.Connection, table: str, row_id: int) -> None:
        """Only one adds to what hangs on this record at a time, whichever portable names it, until the transaction ends."""
        _lock(connection, f"{table} {row_id}")

    def is_numbered(self, family: Family) -> bool:
        """Whether new records of a family get an iid that depends on the rows that exist."""
        return family.table in _NUMBERED

    def number(self, connection: psycopg.Connection, plan: NodePlan, row: Row, record: dict[str, Any]) -> None:
        """Gives a new milestone or epic its iid.

        A milestone that was the project's own keeps its iid, whoever has it moves on; one that was a group's takes the next.
        """
        scope = _NUMBERED.get(plan.table.name)
        if scope is None:
            return
        column = next(name for name in scope if row.values[plan.columns.index(name)] is not None)
        owner = row.values[plan.columns.index(column)]
        index = plan.columns.index("iid")
        wanted = row.values[index]
        foreign = column == "project_id" and record.get("group_id") is not None
        table = sql.Identifier(plan.table.name)
        by = sql.Identifier(column)
        holder = connection.execute(
            sql.SQL("SELECT id FROM {} WHERE {} = %s AND iid = %s").format(table, by), [owner, wanted]
        ).fetchone()
        if wanted is not None and not foreign and holder is None:
            return
        following = connection.execute(
            sql.SQL("SELECT coalesce(max(iid), 0) + 1 FROM {} WHERE {} = %s AND iid < %s").format(table, by),
            [owner, _LAST_IID],
        ).fetchone()
        assert following is not None
        if wanted is None or foreign or plan.table.name == "epics" or not _is_free(connection, table, holder):
            row.values[index] = following[0]
        elif holder is not None:
            connection.execute(sql.SQL("UPDATE {} SET iid = %s WHERE id = %s").format(table), [following[0], holder[0]])


def _lock(connection: psycopg.Connection, name: str) -> None:
    lock_briefly(connection)
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"shared {name}"])


def _is_free(connection: psycopg.Connection, table: sql.Identifier, holder: tuple[Any, ...] | None) -> bool:
    """Whether the holder of an iid can move. One that a batch refers to which is not committed cannot: waiting for it would
    never end when the batch is the one that we work for."""
    if holder is None:
        return True
    statement = sql.SQL("SELECT FROM {} WHERE id = %s FOR UPDATE SKIP LOCKED").format(table)
    return connection.execute(statement, holder).fetchone() is not None


def _type_of(plan: NodePlan, column: str) -> str:
    return plan.table.c[column].type.compile(dialect=_DIALECT)
