"""How far an import is."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Integer, case, cast, func, select
from sqlalchemy.orm import Session

from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, Tracker
from offline_transfer.transfers.states import OPEN_TRACKER, ImportState, TrackerState

ROWS_AT_ONCE: Final = 1000

# What was counted of the records of the first level, whose path is the name of the relation.
_COUNTED: Final = func.coalesce(
    func.sum(cast(BatchTracker.accounting["paths"][Tracker.relation]["source"].astext, BigInteger)), 0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationProgress:
    """How far one relation of one entity is: batches, and records of the first level of those that have ended."""

    entity: str
    relation: str
    status: TrackerState
    batches: int
    batches_done: int
    records: int
    expected: int
    error: str | None
    updated_at: datetime
    bytes: int = 0
    """Not known of an import."""

    @property
    def is_running(self) -> bool:
        """Whether it is worked on."""
        return self.status is TrackerState.started

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status not in OPEN_TRACKER


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How far a whole import is."""

    status: ImportState
    entities: int
    ended_relations: int
    expected_relations: int
    records: int
    updated_at: datetime
    bytes: int = 0
    """Not known of an import."""

    @property
    def etag(self) -> str:
        """Changes when anything of this does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def relations(session: Session, bulk_import_id: int) -> Iterator[RelationProgress]:
    """The relations that were begun, in the order in which they were taken on."""
    has_ended = BatchTracker.status.not_in(OPEN_TRACKER)
    rows = session.execute(
        select(
            Tracker,
            ImportEntity.source_full_path,
            func.count(BatchTracker.id),
            func.coalesce(func.sum(cast(has_ended, Integer)), 0),
            _COUNTED,
            func.coalesce(func.sum(BatchTracker.expected), 0),
        )
        .join(ImportEntity, ImportEntity.id == Tracker.bulk_import_entity_id)
        .join(BatchTracker, BatchTracker.tracker_id == Tracker.id)
        .where(ImportEntity.bulk_import_id == bulk_import_id)
        .group_by(Tracker.id, ImportEntity.source_full_path)
        .order_by(Tracker.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for tracker, path, batches, done, counted, expected in rows:
        yield RelationProgress(
            entity=path,
            relation=tracker.relation,
            status=tracker.status,
            batches=batches,
            batches_done=int(done or 0),
            records=int(counted or 0),
            expected=int(expected or 0),
            error=tracker.error,
            updated_at=tracker.updated_at,
        )


def totals(session: Session, bulk_import_id: int) -> Totals:
    """The sums over all entities that were taken on so far."""
    bulk_import = session.get_one(BulkImport, bulk_import_id, populate_existing=True)
    entities = session.scalar(select(func.count()).where(ImportEntity.bulk_import_id == bulk_import_id)) or 0
    of_import = select(ImportEntity.id).where(ImportEntity.bulk_import_id == bulk_import_id)
    ended, expected, latest = session.execute(
        select(
            func.count(case((Tracker.status.not_in(OPEN_TRACKER), 1))), func.count(), func.max(Tracker.updated_at)
        ).where(Tracker.bulk_import_entity_id.in_(of_import))
    ).one()
    records = session.scalar(
        select(_COUNTED)
        .join(Tracker, Tracker.id == BatchTracker.tracker_id)
        .where(Tracker.bulk_import_entity_id.in_(of_import))
    )
    return Totals(
        status=bulk_import.status,
        entities=entities,
        ended_relations=ended,
        expected_relations=expected,
        records=int(records or 0),
        updated_at=max(bulk_import.updated_at, latest or bulk_import.updated_at),
    )
