"""Accounts for what no pipeline reads, so that nothing is lost in silence: entities that failed, relations without a place."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from offline_transfer.archive import ndjson
from offline_transfer.archive.errors import RecordError
from offline_transfer.db import psycopg_connection
from offline_transfer.importing import failing, trackers
from offline_transfer.importing.announced import nested_of
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.plan import NodePlan, count_nested, plans
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.importing.work import goes_up
from offline_transfer.relations.loader import tree
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.transfers.states import TrackerState
from offline_transfer.types import Edition, PortableKind

LOST: Final = "lost"
"""The tracker that accounts for the records of an entity that failed."""

STRANGERS: Final = "strangers"
"""The tracker that accounts for relations of the source that no tree knows."""


_MEMBERSHIPS: Final[Mapping[PortableKind, frozenset[str]]] = MappingProxyType(
    {PortableKind.GROUP: frozenset({"members"}), PortableKind.PROJECT: frozenset({"project_members"})}
)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is counted for a record that can be read, and for what is nested in it: path and number."""

    record: Callable[[str, int], None]
    nested: Callable[[str, int], None]


def account(
    context: ImportContext, entity: ImportEntity, source: EntitySource, *, own: Fail, claim: ledger.Claim | None = None
) -> None:
    """Count all records that no pipeline has accounted for; `own` says why the group or project itself failed.

    Does nothing when it was done before. The trackers that are still open fail with their entity, at which nobody works any more.
    Raises what may pass when an object cannot be read, as long as the job is tried again.
    """
    with context.database.session() as session:
        known = trackers.accounted_for(session, entity.id)
    if LOST in known:
        return
    accounting = Accounting()
    if "self" not in known:
        accounting.failed("self", own)

    def fail(path: str, count: int) -> None:
        accounting.failed(path, Fail.PARENT_FAILED, count)

    edition = context.settings.edition
    on_purpose = left_out_on_purpose(entity, source.kind)
    reader = _Reader(context, source, accounting, _Verdict(fail, fail))
    for relation in _relations(source.kind, edition):
        done = known.get(relation, {})
        if done is not None and relation not in on_purpose:
            reader.count(relation, done)
    if STRANGERS not in known:
        accounting.add(left_out(context, source, on_purpose))
    with context.database.session() as session:
        ledger.hold(psycopg_connection(session), claim)
        trackers.add_ended(session, entity.id, LOST, TrackerState.failed, accounting)
        trackers.fail_open(session, entity.id, entity.error)


def left_out_on_purpose(entity: ImportEntity, kind: PortableKind) -> frozenset[str]:
    """The relations that whoever asked for the import does not want."""
    memberships = frozenset() if entity.migrate_memberships else _MEMBERSHIPS[kind]
    return memberships.union(entity.skip_relations)


def left_out(context: ImportContext, source: EntitySource, on_purpose: Set[str]) -> Accounting:
    """Count the records of the relations that have no place here at all, or none in this edition, or are left out `on_purpose`.

    Raises like `account`.
    """
    accounting = Accounting()
    for relation, number in source.strangers():
        accounting.skipped(relation, Skip.NO_PLACE, number)
    here = set(_relations(source.kind, context.settings.edition))
    for relation in _relations(source.kind, Edition.EE):
        if relation not in here:
            _Reader(context, source, accounting, _skipping(accounting, Skip.EDITION)).count(relation)
        elif relation in on_purpose:
            _Reader(context, source, accounting, _skipping(accounting, Skip.ON_PURPOSE)).count(relation)
    return accounting


def _skipping(accounting: Accounting, why: Skip) -> _Verdict:
    return _Verdict(
        lambda path, count: accounting.skipped(path, why, count),
        lambda path, count: accounting.skipped(path, Skip.PARENT_SKIPPED, count),
    )


def _relations(kind: PortableKind, edition: Edition) -> list[str]:
    moving = tree(kind, edition)
    return [*(node.name for node in moving.relations), *moving.files]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads relations for nothing but their numbers."""

    context: ImportContext
    source: EntitySource
    accounting: Accounting
    verdict: _Verdict

    def count(self, relation: str, done: Mapping[int, frozenset[int]] = MappingProxyType({})) -> None:
        """Count the records of a relation and what is nested in them, or its files; of the batches that are `done`, these lines."""
        plan = plans(self.source.kind, Edition.EE).get(relation)
        for found in self.source.objects(relation) or ():
            lines = done.get(found.number)
            if lines is not None and not lines:
                continue
            expected = self._expected(found, relation, lines)
            before = {path: self._counted(path) for path in expected}
            try:
                if plan is None:
                    self._count_members(found, relation)
                else:
                    self._count_records(found, plan, lines)
            except failing.OF_OBJECT as error:
                if goes_up(self.context, error):
                    raise
                for path, number in expected.items():
                    left = max(number - (self._counted(path) - before[path]), 1 if path == relation else 0)
                    if left:
                        self.accounting.failed(path, failing.reason_of(error), left)

    def _expected(self, found: SourceObject, relation: str, lines: frozenset[int] | None) -> dict[str, int]:
        if lines is not None:
            return {relation: len(lines)}
        return {relation: found.records or 0, **nested_of(self.source.kind, relation, found)}

    def _counted(self, path: str) -> int:
        return self.accounting.paths[path].source if path in self.accounting.paths else 0

    def _count_members(self, found: SourceObject, relation: str) -> None:
        if found.records is not None:
            # Refs, where it is a repository: one bundle holds many.
            if found.records:
                self.verdict.record(relation, found.records)
            return
        with found.members() as members:
            for _ in members:
                self.verdict.record(relation, 1)

    def _count_records(self, found: SourceObject, plan: NodePlan, wanted: frozenset[int] | None) -> None:
        with found.lines() as lines:
            for index, line in enumerate(lines):
                is_wanted = wanted is None or index in wanted
                if is_wanted and line.strip() and line.strip() != b"null":
                    self._count_record(line, index, found.where, plan)

    def _count_record(self, line: bytes, index: int, where: str, plan: NodePlan) -> None:
        try:
            record = ndjson.parse(line, index=index, limits=self.context.limits, name=where)
        except RecordError:
            self.accounting.failed(plan.path, Fail.NOT_JSON)
            return
        self.verdict.record(plan.path, 1)
        count_nested(plan, record, self.verdict.nested)
