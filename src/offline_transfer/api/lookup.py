"""Finds the exports of who asks. Those of others are not there, not even for administrators."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from offline_transfer.api.documents import Export, Relation, Relations
from offline_transfer.api.errors import HiddenError
from offline_transfer.api.paging import Page
from offline_transfer.archive.keys import SELF_RELATION
from offline_transfer.forge.access import Actor
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
    own = aliased(RelationExport)
    is_same = and_(
        own.offline_export_id == export_id,
        own.relation == SELF_RELATION,
        own.group_id.is_not_distinct_from(RelationExport.group_id),
        own.project_id.is_not_distinct_from(RelationExport.project_id),
    )
    rows = session.execute(
        select(RelationExport, own.full_path)
        .join(own, is_same)
        .where(of_export)
        .order_by(own.full_path, own.id, RelationExport.id)
        .offset(page.offset)
        .limit(page.size)
    )
    return [_relation(row, path) for row, path in rows], total


def _documents(session: Session, ids: Iterable[int]) -> list[Export]:
    """The exports with these numbers, in their order."""
    wanted = list(ids)
    rows = session.execute(
        select(OfflineExport, OfflineConfiguration)
        .join(OfflineConfiguration, OfflineConfiguration.offline_export_id == OfflineExport.id)
        .where(OfflineExport.id.in_(wanted))
    )
    found = {row.id: (row, place) for row, place in rows}
    counts = _counts(session, wanted)
    return [_export(*found[export_id], counts.get(export_id, Relations())) for export_id in wanted]


def _counts(session: Session, ids: Sequence[int]) -> dict[int, Relations]:
    of_export, status = RelationExport.offline_export_id, RelationExport.status
    rows = session.execute(
        select(of_export, status, func.count()).where(of_export.in_(ids)).group_by(of_export, status)
    )
    counts: dict[int, dict[str, int]] = {}
    for export_id, state, count in rows:
        counts.setdefault(export_id, {})[state.name] = count
    return {export_id: Relations(**by_state) for export_id, by_state in counts.items()}


def _export(row: OfflineExport, place: OfflineConfiguration, counts: Relations) -> Export:
    return Export(
        id=row.id,
        status=row.status.name,
        source_hostname=place.source_hostname,
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
        relations=counts,
    )


def _relation(row: RelationExport, path: str | None) -> Relation:
    return Relation(
        entity=path or "",
        relation=row.relation,
        status=row.status.name,
        batched=row.batched,
        batches_count=row.batches_count,
        total_objects_count=row.total_objects_count,
        exported_objects_count=row.exported_count,
        bytes=row.bytes,
        error=row.error,
        updated_at=row.updated_at,
    )
