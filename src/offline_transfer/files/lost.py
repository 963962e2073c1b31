"""Accounts for an entity that could not be imported: everything in it counts as failed, so that nothing is lost in silence."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive import ndjson
from offline_transfer.archive.errors import RecordError
from offline_transfer.archive.limits import Limits
from offline_transfer.errors import BadInputError
from offline_transfer.importing.plan import NodePlan, count_nested, plans
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.relations.loader import tree
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.transfers.models import BatchTracker, Tracker
from offline_transfer.transfers.states import TrackerState
from offline_transfer.types import Edition

LOST: Final = "lost"
"""The tracker that accounts for the records of an entity that failed."""


def account(
    session: Session, entity_id: int, source: EntitySource, *, own: Fail, edition: Edition, limits: Limits
) -> None:
    """Count all records that no pipeline has accounted for; `own` says why the group or project itself failed."""
    counted = set(session.scalars(select(Tracker.relation).where(Tracker.bulk_import_entity_id == entity_id)))
    accounting = Accounting()
    if "self" not in counted:
        accounting.failed("self", own)
    moving = tree(source.kind, edition)
    known = plans(source.kind, edition)
    for relation in [node.name for node in moving.relations if node.name not in counted]:
        for found in source.objects(relation) or ():
            _count_records(accounting, found, relation, known.get(relation), limits)
    for relation in [name for name in moving.files if name not in counted]:
        for found in source.objects(relation) or ():
            with found.members() as members:
                if count := sum(1 for _ in members):
                    accounting.failed(relation, Fail.PARENT_FAILED, count)
    for relation, count in source.strangers():
        accounting.skipped(relation, Skip.NO_PLACE, count)
    tracker = Tracker(bulk_import_entity_id=entity_id, relation=LOST, stage=0, status=TrackerState.failed)
    session.add(tracker)
    session.flush()
    session.add(
        BatchTracker(tracker_id=tracker.id, batch_number=1, status=TrackerState.failed, accounting=accounting.to_json())
    )


def _count_records(
    accounting: Accounting, found: SourceObject, relation: str, plan: NodePlan | None, limits: Limits
) -> None:
    before = accounting.path(relation).source
    try:
        with found.lines() as lines:
            for index, line in enumerate(lines):
                if line.strip():
                    _count_record(accounting, (line, index, found.where), relation, plan, limits)
    except BadInputError:
        missing = (found.records or 0) - (accounting.path(relation).source - before)
        accounting.failed(relation, Fail.OBJECT_DAMAGED, max(missing, 1))


def _count_record(
    accounting: Accounting, place: tuple[bytes, int, str], relation: str, plan: NodePlan | None, limits: Limits
) -> None:
    line, index, where = place
    try:
        record = ndjson.parse(line, index=index, limits=limits, name=where)
    except RecordError:
        accounting.failed(relation, Fail.NOT_JSON)
        return
    accounting.failed(relation, Fail.PARENT_FAILED)
    if plan is not None:
        count_nested(plan, record, lambda path, count: accounting.failed(path, Fail.PARENT_FAILED, count))
