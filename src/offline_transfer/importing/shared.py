"""Records that several batches may name: found by their natural key, or made, in a short transaction before the batch.

Labels, milestones, epics, people of commits, pull requests of other forges and so on. Inside the batch they would deadlock, and two
batches would make them twice. What hangs on a shared record comes with the first occurrence that names it, unless it is there.
Source: the object builders of GitLab's import/export.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from offline_transfer.contributions.lookup import UserLookup
from offline_transfer.db import Database
from offline_transfer.importing import writer
from offline_transfer.importing.plan import NodePlan, count_nested, creates, has_children, records_of
from offline_transfer.importing.records import RecordBuilder
from offline_transfer.importing.references import key_of
from offline_transfer.importing.scopes import Family, Key, Scoping, family_of
from offline_transfer.importing.units import Row, SharedRef, Unit
from offline_transfer.relations.nodes import Existing, Link
from offline_transfer.transfers.accounting import Fail, Skip

CACHED_KEYS = 100_000
"""How many keys of one family are remembered; a family that outgrows this starts anew."""


class SharedRecords:
    """Finds and makes the shared records of one portable."""

    def __init__(self, database: Database, scoping: Scoping, users: UserLookup) -> None:
        self._database = database
        self._scoping = scoping
        self._users = users
        self._known: dict[Family, dict[Key, int]] = {}
        self._whole: set[tuple[Family, Key]] = set()

    def is_whole(self, plan: NodePlan, key: Key) -> bool:
        """Whether what hangs on a shared record has come already."""
        return (family_of(plan), key) in self._whole

    def get(self, plan: NodePlan, key: Key) -> int | None:
        """The id of a shared record that was found or made before."""
        return self._known.get(family_of(plan), {}).get(key)

    def resolve(self, refs: Sequence[SharedRef], builder: RecordBuilder) -> None:
        """Sets the ids that the references want, and counts what became of their records."""
        for family in [family for family, known in self._known.items() if len(known) > CACHED_KEYS]:
            del self._known[family]
            self._whole = {mark for mark in self._whole if mark[0] != family}
        self._resolve(refs, builder)

    def _resolve(self, refs: Sequence[SharedRef], builder: RecordBuilder) -> None:
        by_family: dict[Family, list[SharedRef]] = {}
        for ref in refs:
            by_family.setdefault(family_of(ref.plan), []).append(ref)
        for family in sorted(by_family, key=lambda family: family.rank):
            self._resolve_family(family, by_family[family], builder)

    def _resolve_family(self, family: Family, refs: list[SharedRef], builder: RecordBuilder) -> None:
        nested = [inner for ref in refs for inner in self._nested(ref)]
        if nested:
            self._resolve(nested, builder)
        known = self._known.setdefault(family, {})
        wanted = {ref.key for ref in refs if ref.key not in known}
        if wanted:
            with self._database.raw_connection() as connection:
                known.update(self._scoping.find(connection, family, wanted))
                connection.rollback()
        made, failed = self._make(family, [ref for ref in refs if ref.key not in known], builder)
        refused = self._adopt([ref for ref in refs if _is_adopted(ref)], builder, made)
        new = {id(ref) for ref in made.values()} | self._complete(family, refs, made, builder)
        for ref in refs:
            if id(ref) in refused:
                _count_absent(ref, *refused[id(ref)])
            else:
                self._settle(ref, known.get(ref.key), failed, is_new=id(ref) in new)

    def _nested(self, ref: SharedRef) -> Iterable[SharedRef]:
        """The shared records that a shared record itself refers to; they are looked up first, uncounted."""
        for child, record in _links(ref):
            key, problem = key_of(child, record)
            if problem is None and self.get(child, key) is None:
                yield SharedRef(child, key, record, ref.unit, None, 0, counted=False)

    def _make(
        self, family: Family, refs: list[SharedRef], builder: RecordBuilder
    ) -> tuple[dict[Key, SharedRef], dict[Key, tuple[Fail | Skip, str]]]:
        """Makes what does not exist; gives which reference made which record, and which keys could not be made."""
        first: dict[Key, tuple[SharedRef, Row, Unit]] = {}
        failed: dict[Key, tuple[Fail | Skip, str]] = {}
        for ref in refs:
            if ref.key in first:
                continue
            place = self._scoping.place(ref.plan)
            if not creates(ref.plan) or place is None:
                failed[ref.key] = (Skip.NOT_FOUND if creates(ref.plan) is False else Skip.GROUP_OUTSIDE, "")
                continue
            row, unit = self._build(ref, builder, place)
            if row.is_out:
                failed[ref.key] = (row.failure or row.skip or Fail.MISSING_VALUE, row.message)
            else:
                first[ref.key] = (ref, row, unit)
                failed.pop(ref.key, None)
        if not first:
            return {}, failed
        self._users.resolve({source_id for _, _, unit in first.values() for _, _, source_id in unit.users})
        for _, _, unit in first.values():
            for row, index, source_id in unit.users:
                row.values[index] = self._users.get(source_id)
        return self._insert(family, first, failed), failed

    def _build(self, ref: SharedRef, builder: RecordBuilder, place: dict[str, Any]) -> tuple[Row, Unit]:
        unit = Unit(ref.unit.index, ref.plan)
        row = builder.shared_row(ref.plan, ref.record, unit)
        columns = ref.plan.columns
        for name, value in place.items():
            row.values[columns.index(name)] = value
        for name, value in zip(ref.plan.node.identity.by if ref.plan.node.identity else (), ref.key, strict=True):
            row.values[ref.plan.setters[name].place] = value
        for child, record in _links(ref):
            key, problem = key_of(child, record)
            row.values[child.parent_index or 0] = None if problem else self.get(child, key)
        if not row.is_out:
            builder.require(ref.plan, row)
        if not row.is_out and not _is_adopted(ref):
            builder.below(ref.plan, ref.record, unit, row)
        return row, unit

    def _insert(
        self,
        family: Family,
        first: dict[Key, tuple[SharedRef, Row, Unit]],
        failed: dict[Key, tuple[Fail | Skip, str]],
    ) -> dict[Key, SharedRef]:
        known = self._known[family]
        made: dict[Key, SharedRef] = {}
        with self._database.raw_connection() as connection, connection.transaction():
            self._scoping.lock(connection, family)
            # Somebody may have made some of them since they were looked up; the lock keeps it so from here.
            known.update(self._scoping.find(connection, family, set(first)))
            fresh = sorted((key for key in first if key not in known), key=repr)
            # An iid depends on the rows written before it; where there are none, all rows are written at once.
            for keys in [[key] for key in fresh] if self._scoping.is_numbered(family) else [fresh]:
                for key in keys:
                    ref, row, unit = first[key]
                    self._scoping.number(connection, ref.plan, row, ref.record)
                    unit.rows.insert(0, row)
                writer.write(connection, [first[key][2] for key in keys])
            for key in fresh:
                ref, row, unit = first[key]
                if row.written:
                    known[key] = row.id
                    made[key] = ref
                    _take_over(unit, ref.unit)
                else:
                    failed[key] = (row.failure or Fail.CONSTRAINT, row.message)
        return made

    def _adopt(
        self, refs: list[SharedRef], builder: RecordBuilder, made: dict[Key, SharedRef]
    ) -> dict[int, tuple[Fail | Skip, str]]:
        """Fills stubs with the attributes of their own line; everything below is added to the batch.

        Gives the references whose lines cannot be used, with the reason.
        """
        refused: dict[int, tuple[Fail | Skip, str]] = {}
        named: list[SharedRef] = []
        for ref in refs:
            row_id = self.get(ref.plan, ref.key)
            if row_id is None:
                continue
            row, unit = self._build(ref, builder, self._scoping.place(ref.plan) or {})
            if row.is_out:
                refused[id(ref)] = (row.failure or row.skip or Fail.MISSING_VALUE, row.message)
                continue
            row.values[ref.plan.id_index or 0] = row_id
            if made.get(ref.key) is not ref:
                self._update(ref.plan, row)
                _take_over(unit, ref.unit)
            row.written = True
            before = len(ref.unit.shared)
            builder.below(ref.plan, ref.record, ref.unit, row)
            named.extend(ref.unit.shared[before:])
        self._resolve(named, builder)
        return refused

    def _update(self, plan: NodePlan, row: Row) -> None:
        links = {child.parent_index for child in plan.children.values() if child.parent_index is not None}
        columns = [(index, name) for index, name in enumerate(plan.columns) if index in links and row.values[index]]
        if not columns:
            return
        assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for _, name in columns)
        statement = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(sql.Identifier(plan.table.name), assignments)
        with self._database.raw_connection() as connection, connection.transaction():
            connection.execute(statement, [*(row.values[index] for index, _ in columns), row.id])

    def _complete(
        self, family: Family, refs: list[SharedRef], made: dict[Key, SharedRef], builder: RecordBuilder
    ) -> set[int]:
        """Adds what hangs on records that were there before and was not; gives the references that brought it."""
        completed = set()
        for ref in refs:
            mark = (family, ref.key)
            if mark in self._whole or ref.key not in self._known[family] or _is_adopted(ref):
                continue
            if not has_children(ref.plan, ref.record):
                continue
            self._whole.add(mark)
            if made.get(ref.key) is not ref:
                self._add_children(ref, builder)
                completed.add(id(ref))
        return completed

    def _add_children(self, ref: SharedRef, builder: RecordBuilder) -> None:
        unit = Unit(ref.unit.index, ref.plan)
        row = Row(ref.plan, builder.template(ref.plan), None, counted=False, written=True)
        row.values[ref.plan.id_index or 0] = self.get(ref.plan, ref.key)
        builder.below(ref.plan, ref.record, unit, row)
        self._users.resolve({source_id for _, _, source_id in unit.users})
        for child, index, source_id in unit.users:
            child.values[index] = self._users.get(source_id)
        with self._database.raw_connection() as connection, connection.transaction():
            self._scoping.lock_record(connection, ref.plan.table.name, row.id)
            _belong_like(connection, row, unit.rows)
            there = {id(child) for child in unit.rows if child.parent is row and _exists(connection, child)}
            for child in unit.rows:
                if child.parent is not None and id(child.parent) in there:
                    there.add(id(child))
            for child in unit.rows:
                if id(child) in there:
                    unit.recognise(child.plan.path)
            unit.rows = [child for child in unit.rows if id(child) not in there]
            writer.write(connection, [unit])
        _take_over(unit, ref.unit)

    def _settle(
        self, ref: SharedRef, found: int | None, failed: dict[Key, tuple[Fail | Skip, str]], *, is_new: bool
    ) -> None:
        if found is not None:
            if ref.row is not None:
                ref.row.values[ref.index] = found
            if ref.counted:
                ref.unit.recognise(ref.plan.path)
                if is_new or _is_adopted(ref):
                    _recognise_links(ref)
                else:
                    count_nested(ref.plan, ref.record, ref.unit.recognise)
            return
        reason, message = failed.get(ref.key, (Skip.NOT_FOUND, ""))
        _count_absent(ref, reason, message)
        if ref.row is not None and (ref.plan.parent_required or not ref.row.counted):
            ref.row.skip = Skip.NOT_FOUND if isinstance(reason, Skip) else None
            ref.row.failure = None if isinstance(reason, Skip) else Fail.PARENT_FAILED


def _belong_like(connection: psycopg.Connection, row: Row, below: Sequence[Row]) -> None:
    """What hangs on a group's record is the group's as well, whichever project brings it."""
    if not {"project_id", "group_id"} <= set(row.plan.columns):
        return
    statement = sql.SQL("SELECT project_id, group_id FROM {} WHERE id = %s").format(sql.Identifier(row.plan.table.name))
    owner = connection.execute(statement, [row.id]).fetchone()
    assert owner is not None
    for child in below:
        columns = child.plan.columns
        if "project_id" in columns and "group_id" in columns:
            child.values[columns.index("project_id")], child.values[columns.index("group_id")] = owner


def _exists(connection: psycopg.Connection, row: Row) -> bool:
    """Whether the record above has one like this already, by the columns that the relation file calls `same`."""
    plan = row.plan
    columns = [plan.columns.index(name) for name in plan.node.same]
    if plan.link_index is not None:
        columns.append(plan.link_index)
    condition = sql.SQL(" AND ").join(
        sql.SQL("{} IS NOT DISTINCT FROM %s").format(sql.Identifier(plan.columns[index])) for index in columns
    )
    statement = sql.SQL("SELECT FROM {} WHERE {} LIMIT 1").format(sql.Identifier(plan.table.name), condition)
    return connection.execute(statement, [row.values[index] for index in columns]).fetchone() is not None


def _is_adopted(ref: SharedRef) -> bool:
    identity = ref.plan.node.identity
    return identity is not None and identity.existing is Existing.ADOPT and ref.row is None and ref.counted


def _take_over(made: Unit, unit: Unit) -> None:
    """The counts of a record that was made for a unit belong to that unit."""
    unit.rows.extend(made.rows)
    unit.shared.extend(ref for ref in made.shared if ref.unit is unit)
    for path, count in made.recognised.items():
        unit.recognise(path, count)
    for (path, skip), count in made.skipped.items():
        unit.skip(path, skip, count)
    for key, count in made.failed.items():
        unit.failed[key] = unit.failed.get(key, 0) + count
    unit.failures.extend(made.failures)
    for dropped, count in made.dropped.items():
        unit.dropped[dropped] = unit.dropped.get(dropped, 0) + count


def _links(ref: SharedRef) -> Iterator[tuple[NodePlan, dict[str, Any]]]:
    """The shared records that a shared record refers to."""
    for name, child in ref.plan.children.items():
        if child.node.link is Link.BELONGS_TO and child.is_shared:
            for record in records_of(ref.record.get(name)):
                yield child, record


def _recognise_links(ref: SharedRef) -> None:
    """Shared records inside one that was just made are counted where they occur."""
    for child, record in _links(ref):
        ref.unit.recognise(child.path)
        count_nested(child, record, ref.unit.recognise)


def _count_absent(ref: SharedRef, reason: Fail | Skip, message: str) -> None:
    if not ref.counted:
        return
    unit = ref.unit
    if isinstance(reason, Skip):
        unit.skip(ref.plan.path, reason)
        count_nested(ref.plan, ref.record, lambda path, count: unit.skip(path, Skip.PARENT_SKIPPED, count))
    else:
        unit.fail(ref.plan.path, reason, message)
        count_nested(ref.plan, ref.record, unit.fail_below)
