"""Finds the exports of who asks. Those of others are not there, not even for administrators."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from offline_transfer.api.documents import Done, Export, Relation
from offline_transfer.api.errors import HiddenError
from offline_transfer.api.paging import Page
from offline_transfer.exporting import progress
from offline_transfer.exporting.progress import RelationProgress
from offline_transfer.forge.access import Actor
from offline_transfer.forge.source_hostname import seen_as
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState

LARGEST_ID: Final = 2**63 - 1


def require_own(session: Session, actor: Actor, export_id: int) -> None:
    """Raise HiddenError unless this is the number of an export of who asks."""
    if 1 <= export_id <= LARGEST_ID:
        own = select(OfflineExport.id).where(OfflineExport.id == export_id, OfflineExport.user_id == actor.id)
        if session.scalar(own) is not None:
            return
    raise HiddenError


def export(session: Session, actor: Actor, export_id: int) -> Export:
    """An export of who asks. Raises HiddenError."""
    require_own(session, actor, export_id)
    (found,) = _documents(session, [export_id])
    return found


def exports(
    session: Session, actor: Actor, page: Page, *, state: ExportState | None, order: Sequence[ColumnElement[Any]]
) -> tuple[list[Export], int]:
    """A page of the exports of who asks, in this state or in any, and how many there are in all."""
    wanted = [OfflineExport.user_id == actor.id]
    if state is not None:
        wanted.append(OfflineExport.status == state)
    total = session.scalar(select(func.count()).select_from(OfflineExport).where(*wanted)) or 0
    if page.offset >= total:
        return [], total
    ids = select(OfflineExport.id).where(*wanted).order_by(*order).offset(page.offset).limit(page.size)
    return _documents(session, session.scalars(ids).all()), total


def relations(session: Session, export_id: int, page: Page) -> tuple[list[Relation], int]:
    """A page of the relations of an export, by path of the group or project and as they were begun, and how many there are."""
    of_export = RelationExport.offline_export_id == export_id
    total = session.scalar(select(func.count()).select_from(RelationExport).where(of_export)) or 0
    if page.offset >= total:
        return [], total
    rows = progress.relations(session, export_id, offset=page.offset, limit=page.size)
    return [_relation(row) for row in rows], total


def _documents(session: Session, ids: Iterable[int]) -> list[Export]:
    """The exports with these numbers, in their order."""
    wanted = list(ids)
    rows = session.execute(
        select(OfflineExport, OfflineConfiguration)
        .join(OfflineConfiguration, OfflineConfiguration.offline_export_id == OfflineExport.id)
        .where(OfflineExport.id.in_(wanted))
    )
    found = {row.id: (row, place) for row, place in rows}
    done = _done(session, wanted)
    return [_export(*found[export_id], done.get(export_id, Done())) for export_id in wanted]


def _done(session: Session, ids: Sequence[int]) -> dict[int, Done]:
    """How far these exports are, by one statement for all."""
    of_export, status = RelationExport.offline_export_id, RelationExport.status
    exported, size = func.sum(RelationExport.exported_count), func.sum(RelationExport.bytes)
    rows = session.execute(
        select(of_export, status, func.count(), exported, size).where(of_export.in_(ids)).group_by(of_export, status)
    )
    found: dict[int, Done] = {}
    for export_id, state, count, objects_count, stored in rows:
        done = found.get(export_id, Done())
        found[export_id] = Done(
            relations=done.relations.model_copy(update={state.name: count}),
            objects_count=done.objects_count + int(objects_count),
            bytes=done.bytes + int(stored),
        )
    return found


def _export(row: OfflineExport, place: OfflineConfiguration, done: Done) -> Export:
    return Export(
        id=row.id,
        status=row.status.name,
        source_hostname=place.source_hostname,
        notice=None if place.source_hostname is None else seen_as(place.source_hostname),
        created_at=row.created_at,
        updated_at=row.updated_at,
        has_failures=row.has_failures,
        bucket=place.bucket,
        export_prefix=place.export_prefix,
        entities=[entity["full_path"] for entity in row.entities],
        encrypted=row.encryption is not None,
        batch_size=row.batch_size,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=row.error,
        done=done,
    )


def _relation(row: RelationProgress) -> Relation:
    return Relation(
        entity=row.entity,
        relation=row.relation,
        status=row.status.name,
        batches_count=row.batches,
        batches_finished_count=row.batches_done,
        total_objects_count=row.expected,
        exported_objects_count=row.records,
        failed_objects_count=row.lost,
        bytes=row.bytes,
        retries_count=row.retries,
        error=row.error,
        exception_class=row.exception_class,
        updated_at=row.updated_at,
    )
