"""Accounts for what no pipeline reads, so that nothing is lost in silence: entities that failed, relations without a place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from offline_transfer.archive import ndjson
from offline_transfer.archive.errors import RecordError
from offline_transfer.archive.limits import Limits
from offline_transfer.errors import BadInputError, StorageError
from offline_transfer.importing import trackers
from offline_transfer.importing.plan import NodePlan, count_nested, plans
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.relations.loader import tree
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.transfers.states import TrackerState
from offline_transfer.types import Edition, PortableKind

LOST: Final = "lost"
"""The tracker that accounts for the records of an entity that failed."""

STRANGERS: Final = "strangers"
"""The tracker that accounts for relations of the source that no tree knows."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is counted for a record that can be read, and for what is nested in it: path and number."""

    record: Callable[[str, int], None]
    nested: Callable[[str, int], None]


def account(
    session: Session, entity_id: int, source: EntitySource, *, own: Fail, edition: Edition, limits: Limits
) -> None:
    """Count all records that no pipeline has accounted for; `own` says why the group or project itself failed.

    Does nothing when it was done before.
    """
    ended = trackers.ended_batches(session, entity_id)
    if LOST in ended:
        return
    accounting = Accounting()
    if "self" not in ended:
        accounting.failed("self", own)

    def fail(path: str, count: int) -> None:
        accounting.failed(path, Fail.PARENT_FAILED, count)

    reader = _Reader(source, limits, accounting, _Verdict(fail, fail))
    for relation in _relations(source.kind, edition):
        done = ended.get(relation, frozenset())
        if done is not None:
            reader.count(relation, without=done)
    if STRANGERS not in ended:
        accounting.add(left_out(source, edition=edition, limits=limits))
    trackers.add_ended(session, entity_id, LOST, TrackerState.failed, accounting)


def left_out(source: EntitySource, *, edition: Edition, limits: Limits) -> Accounting:
    """Count the records of the relations that have no place here at all, or none in this edition."""
    accounting = Accounting()
    for relation, number in source.strangers():
        accounting.skipped(relation, Skip.NO_PLACE, number)
    of_edition = _Verdict(
        lambda path, count: accounting.skipped(path, Skip.EDITION, count),
        lambda path, count: accounting.skipped(path, Skip.PARENT_SKIPPED, count),
    )
    reader = _Reader(source, limits, accounting, of_edition)
    here = set(_relations(source.kind, edition))
    for relation in _relations(source.kind, Edition.EE):
        if relation not in here:
            reader.count(relation)
    return accounting


def _relations(kind: PortableKind, edition: Edition) -> list[str]:
    moving = tree(kind, edition)
    return [*(node.name for node in moving.relations), *moving.files]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads relations for nothing but their numbers."""

    source: EntitySource
    limits: Limits
    accounting: Accounting
    verdict: _Verdict

    def count(self, relation: str, *, without: frozenset[int] = frozenset()) -> None:
        """Count the records of a relation and what is nested in them, or its files, but not those of the batches `without`."""
        plan = plans(self.source.kind, Edition.EE).get(relation)
        for found in self.source.objects(relation) or ():
            if found.number in without:
                continue
            before = self.accounting.path(relation).source if relation in self.accounting.paths else 0
            try:
                if plan is None:
                    self._count_members(found, relation)
                else:
                    self._count_records(found, plan)
            except (BadInputError, StorageError):
                after = self.accounting.path(relation).source
                self.accounting.failed(relation, Fail.OBJECT_DAMAGED, max((found.records or 0) - (after - before), 1))

    def _count_members(self, found: SourceObject, relation: str) -> None:
        if found.records is not None:
            # Refs, where it is a repository: one bundle holds many.
            if found.records:
                self.verdict.record(relation, found.records)
            return
        with found.members() as members:
            for _ in members:
                self.verdict.record(relation, 1)

    def _count_records(self, found: SourceObject, plan: NodePlan) -> None:
        with found.lines() as lines:
            for index, line in enumerate(lines):
                if line.strip() and line.strip() != b"null":
                    self._count_record(line, index, found.where, plan)

    def _count_record(self, line: bytes, index: int, where: str, plan: NodePlan) -> None:
        try:
            record = ndjson.parse(line, index=index, limits=self.limits, name=where)
        except RecordError:
            self.accounting.failed(plan.path, Fail.NOT_JSON)
            return
        self.verdict.record(plan.path, 1)
        count_nested(plan, record, self.verdict.nested)
