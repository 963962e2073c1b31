"""How far an export is."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from offline_transfer.archive.keys import SELF_RELATION
from offline_transfer.exporting.portables import owner_of, relations_of
from offline_transfer.transfers.models import ExportBatch, OfflineExport, RelationExport
from offline_transfer.transfers.states import OPEN_RELATION, BatchState, ExportState, RelationState
from offline_transfer.types import Edition, PortableKind

ROWS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationProgress:
    """How far one relation of one group or project is.

    `records` of the first level, files, or refs lie in the store, in so many `bytes`; `expected` are known when it begins. `lost`
    counts what could not be written although the rest was.
    """

    entity: str
    relation: str
    status: RelationState
    batches: int
    batches_done: int
    records: int
    expected: int
    lost: int
    bytes: int
    retries: int
    error: str | None
    exception_class: str | None
    updated_at: datetime

    @property
    def is_running(self) -> bool:
        """Whether it is worked on."""
        return self.status is RelationState.started

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status not in OPEN_RELATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How far a whole export is; `relations` by state, of which `expected_relations` there will be if nothing hinders them."""

    status: ExportState
    has_failures: bool
    entities: int
    relations: Mapping[RelationState, int]
    expected_relations: int
    records: int
    bytes: int
    updated_at: datetime

    @property
    def ended_relations(self) -> int:
        """How many have finished or failed."""
        return sum(count for state, count in self.relations.items() if state not in OPEN_RELATION)

    @property
    def etag(self) -> str:
        """Changes when anything of this does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def relations(
    session: Session, offline_export_id: int, *, offset: int = 0, limit: int | None = None
) -> Iterator[RelationProgress]:
    """All relations that were begun, and the `self` relations of groups and projects that wait; by path, and as they were begun.

    `offset` of them are passed over, and no more than `limit` are given.
    """
    own = aliased(RelationExport)
    is_same = and_(own.offline_export_id == offline_export_id, own.relation == SELF_RELATION)
    for mine, other in zip(owner_of(own), owner_of(RelationExport), strict=True):
        is_same &= mine == other
    done = (
        select(ExportBatch.export_id, func.count().label("batches"))
        .join(RelationExport, RelationExport.id == ExportBatch.export_id)
        .where(RelationExport.offline_export_id == offline_export_id, ExportBatch.status == BatchState.finished)
        .group_by(ExportBatch.export_id)
        .subquery()
    )
    rows = session.execute(
        select(RelationExport, own.full_path, func.coalesce(done.c.batches, 0))
        .join(own, is_same)
        .outerjoin(done, done.c.export_id == RelationExport.id)
        .where(RelationExport.offline_export_id == offline_export_id)
        .order_by(own.full_path, RelationExport.id)
        .offset(offset)
        .limit(limit)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row, path, batches_done in rows:
        yield _progress(row, path or "", batches_done)


def totals(session: Session, offline_export_id: int, *, edition: Edition = Edition.EE) -> Totals:
    """The sums over all relations."""
    export = session.get_one(OfflineExport, offline_export_id, populate_existing=True)
    of_export = RelationExport.offline_export_id == offline_export_id
    counts: dict[RelationState, int] = {}
    records = size = 0
    updated_at = export.updated_at
    for status, count, exported, stored, latest in session.execute(
        select(
            RelationExport.status,
            func.count(),
            func.sum(RelationExport.exported_count),
            func.sum(RelationExport.bytes),
            func.max(RelationExport.updated_at),
        )
        .where(of_export)
        .group_by(RelationExport.status)
    ):
        counts[status] = count
        records += int(exported)
        size += int(stored)
        updated_at = max(updated_at, latest)
    entities, expected = _expected(session, offline_export_id, edition)
    return Totals(
        status=export.status,
        has_failures=export.has_failures,
        entities=entities,
        relations=counts,
        expected_relations=expected,
        records=records,
        bytes=size,
        updated_at=updated_at,
    )


def _progress(row: RelationExport, path: str, batches_done: int) -> RelationProgress:
    return RelationProgress(
        entity=path,
        relation=row.relation,
        status=row.status,
        batches=row.batches_count,
        batches_done=batches_done,
        records=row.exported_count,
        expected=row.total_objects_count,
        lost=sum(gap["count"] for gap in row.gaps),
        bytes=row.bytes,
        retries=row.retries,
        error=row.error,
        exception_class=row.exception_class,
        updated_at=row.updated_at,
    )


def _expected(session: Session, offline_export_id: int, edition: Edition) -> tuple[int, int]:
    """How many groups and projects there are, and how many relations they have less those that are left out."""
    is_project = RelationExport.project_id.is_not(None)
    kinds = (
        select(is_project, RelationExport.skip_relations, func.count())
        .where(RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION)
        .group_by(is_project, RelationExport.skip_relations)
    )
    entities = expected = 0
    for of_project, skipped, count in session.execute(kinds):
        kind = PortableKind.PROJECT if of_project else PortableKind.GROUP
        entities += count
        expected += count * sum(name not in skipped for name in relations_of(kind, edition))
    return entities, expected
