"""Finds the imports of who asks. Those of others are not there, not even for administrators."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from offline_transfer.api.errors import HiddenError
from offline_transfer.api.import_documents import BulkImport, Entities, Failure, ImportedEntity, Stats, Unchecked
from offline_transfer.api.paging import Page
from offline_transfer.forge.access import Actor
from offline_transfer.transfers import models
from offline_transfer.transfers.accounting import fetched
from offline_transfer.transfers.models import ImportEntity, ImportFailure, OfflineConfiguration, Tracker
from offline_transfer.transfers.states import EntityState, ImportState

LARGEST_ID: Final = 2**63 - 1
FAILURES_SHOWN: Final = 20

_STATS: Final = text("""
SELECT tracker.bulk_import_entity_id, path.key, sum((path.value->>'source')::bigint), sum((path.value->>'imported')::bigint),
    sum((path.value->>'skipped')::bigint), sum((path.value->>'failed')::bigint)
FROM bulk_import_batch_trackers batch
JOIN bulk_import_trackers tracker ON tracker.id = batch.tracker_id
CROSS JOIN jsonb_each(batch.accounting->'paths') path
WHERE tracker.bulk_import_entity_id = ANY(:ids)
GROUP BY 1, 2 ORDER BY 1, min(tracker.stage), min(tracker.id), 2
""")
_REASONS: Final = text("""
SELECT tracker.bulk_import_entity_id, path.key, reason.key, sum(reason.value::bigint)
FROM bulk_import_batch_trackers batch
JOIN bulk_import_trackers tracker ON tracker.id = batch.tracker_id
CROSS JOIN jsonb_each(batch.accounting->'paths') path
CROSS JOIN jsonb_each_text(path.value->'reasons') reason
WHERE tracker.bulk_import_entity_id = ANY(:ids)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")


def require_own(session: Session, actor: Actor, import_id: int) -> None:
    """Raise HiddenError unless this is the number of an import of who asks."""
    if 1 <= import_id <= LARGEST_ID:
        own = select(models.BulkImport.id).where(
            models.BulkImport.id == import_id, models.BulkImport.user_id == actor.id
        )
        if session.scalar(own) is not None:
            return
    raise HiddenError


def bulk_import(session: Session, actor: Actor, import_id: int) -> BulkImport:
    """An import of who asks. Raises HiddenError."""
    require_own(session, actor, import_id)
    (found,) = _imports(session, [import_id])
    return found


def bulk_imports(
    session: Session, actor: Actor, page: Page, *, state: ImportState | None, order: Sequence[ColumnElement[Any]]
) -> tuple[list[BulkImport], int]:
    """A page of the imports of who asks, in this state or in any, and how many there are in all."""
    wanted = [models.BulkImport.user_id == actor.id]
    if state is not None:
        wanted.append(models.BulkImport.status == state)
    total = session.scalar(select(func.count()).select_from(models.BulkImport).where(*wanted)) or 0
    if page.offset >= total:
        return [], total
    ids = select(models.BulkImport.id).where(*wanted).order_by(*order).offset(page.offset).limit(page.size)
    return _imports(session, session.scalars(ids).all()), total


def entities(
    session: Session, actor: Actor, page: Page, *, import_id: int | None, state: EntityState | None, is_ascending: bool
) -> tuple[list[ImportedEntity], int]:
    """A page of the groups and projects of one import of who asks, or of all, and how many there are in all."""
    wanted = [models.BulkImport.user_id == actor.id]
    if import_id is not None:
        wanted.append(models.BulkImport.id == import_id)
    if state is not None:
        wanted.append(ImportEntity.status == state)
    own = select(ImportEntity.id).join(models.BulkImport, models.BulkImport.id == ImportEntity.bulk_import_id)
    total = session.scalar(select(func.count()).select_from(own.where(*wanted).subquery())) or 0
    if page.offset >= total:
        return [], total
    order = ImportEntity.id.asc() if is_ascending else ImportEntity.id.desc()
    ids = own.where(*wanted).order_by(order).offset(page.offset).limit(page.size)
    return _entities(session, session.scalars(ids).all()), total


def entity(session: Session, actor: Actor, import_id: int, entity_id: int) -> ImportedEntity:
    """One of them. Raises HiddenError."""
    require_entity(session, actor, import_id, entity_id)
    (found,) = _entities(session, [entity_id])
    return found


def require_entity(session: Session, actor: Actor, import_id: int, entity_id: int) -> None:
    """Raise HiddenError unless this is the number of an entity of this import of who asks."""
    require_own(session, actor, import_id)
    if 1 <= entity_id <= LARGEST_ID:
        own = select(ImportEntity.id).where(ImportEntity.id == entity_id, ImportEntity.bulk_import_id == import_id)
        if session.scalar(own) is not None:
            return
    raise HiddenError


def failures(session: Session, entity_id: int, page: Page) -> tuple[list[Failure], int]:
    """A page of what failed of an entity, as it happened, and how much there is in all."""
    of_entity = ImportFailure.bulk_import_entity_id == entity_id
    total = session.scalar(select(func.count()).select_from(ImportFailure).where(of_entity)) or 0
    if page.offset >= total:
        return [], total
    rows = session.execute(
        select(ImportFailure, Tracker.relation)
        .outerjoin(Tracker, Tracker.id == ImportFailure.tracker_id)
        .where(of_entity)
        .order_by(ImportFailure.id)
        .offset(page.offset)
        .limit(page.size)
    )
    return [_failure(row, relation) for row, relation in rows], total


def _imports(session: Session, ids: Iterable[int]) -> list[BulkImport]:
    """The imports with these numbers, in their order."""
    wanted = list(ids)
    rows = session.execute(
        select(models.BulkImport, OfflineConfiguration)
        .outerjoin(OfflineConfiguration, OfflineConfiguration.bulk_import_id == models.BulkImport.id)
        .where(models.BulkImport.id.in_(wanted))
    )
    found = {row.id: (row, place) for row, place in rows}
    counts: dict[int, dict[str, int]] = {}
    of_import, status = ImportEntity.bulk_import_id, ImportEntity.status
    counted = select(of_import, status, func.count()).where(of_import.in_(wanted)).group_by(of_import, status)
    for import_id, state, count in session.execute(counted):
        counts.setdefault(import_id, {})[state.name] = count
    return [_import(*found[import_id], Entities(**counts.get(import_id, {}))) for import_id in wanted]


def _entities(session: Session, ids: Sequence[int]) -> list[ImportedEntity]:
    """The entities with these numbers, in their order."""
    found = {row.id: row for row in session.scalars(select(ImportEntity).where(ImportEntity.id.in_(ids)))}
    stats, failed = _stats(session, ids), _first_failures(session, ids)
    return [_entity(found[entity_id], stats.get(entity_id, {}), failed.get(entity_id, [])) for entity_id in ids]


def _stats(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Stats]]:
    """What became of the records of these entities, by relation path."""
    given = {"ids": list(ids)}
    reasons: dict[tuple[int, str], dict[str, int]] = {}
    for entity_id, path, reason, count in session.execute(_REASONS, given):
        reasons.setdefault((entity_id, path), {})[reason] = int(count)
    found: dict[int, dict[str, Stats]] = {}
    for entity_id, path, source, imported, skipped, failed in session.execute(_STATS, given):
        counted = reasons.get((entity_id, path), {})
        found.setdefault(entity_id, {})[path] = Stats(
            source=int(source),
            fetched=fetched(int(source), counted),
            imported=int(imported),
            skipped=int(skipped),
            failed=int(failed),
            reasons=counted,
        )
    return found


def _first_failures(session: Session, ids: Sequence[int]) -> dict[int, list[Failure]]:
    """The first failures of each of these entities."""
    of_entity = ImportFailure.bulk_import_entity_id
    place = func.row_number().over(partition_by=of_entity, order_by=ImportFailure.id).label("place")
    numbered = select(ImportFailure.id, place).where(of_entity.in_(ids)).subquery()
    rows = session.execute(
        select(ImportFailure, Tracker.relation)
        .join(numbered, numbered.c.id == ImportFailure.id)
        .outerjoin(Tracker, Tracker.id == ImportFailure.tracker_id)
        .where(numbered.c.place <= FAILURES_SHOWN)
        .order_by(ImportFailure.id)
    )
    found: dict[int, list[Failure]] = {}
    for row, relation in rows:
        found.setdefault(row.bulk_import_entity_id, []).append(_failure(row, relation))
    return found


def _import(row: models.BulkImport, place: OfflineConfiguration | None, counts: Entities) -> BulkImport:
    return BulkImport(
        id=row.id,
        status=row.status.name,
        source_type=row.source_type.name,
        source_url=row.source_hostname,
        created_at=row.created_at,
        updated_at=row.updated_at,
        has_failures=row.has_failures,
        source_version=row.source_version,
        bucket=None if place is None else place.bucket,
        export_prefix=None if place is None else place.export_prefix,
        encrypted=place is not None and place.decryption is not None,
        origin=row.origin,
        signed_by=row.signed_by,
        unchecked=[Unchecked(where=item.get("where"), reason=item["reason"]) for item in row.unchecked],
        started_at=row.started_at,
        ended_at=row.ended_at,
        rolled_back_at=row.rolled_back_at,
        error=row.error,
        entities=counts,
    )


def _entity(row: ImportEntity, stats: dict[str, Stats], failed: list[Failure]) -> ImportedEntity:
    return ImportedEntity(
        id=row.id,
        bulk_import_id=row.bulk_import_id,
        status=row.status.name,
        entity_type="project" if row.source_type else "group",
        source_full_path=row.source_full_path,
        destination_full_path=f"{row.destination_namespace}/{row.destination_name}".lstrip("/"),
        destination_name=row.destination_name,
        destination_slug=row.destination_name,
        destination_namespace=row.destination_namespace,
        parent_id=row.parent_id,
        namespace_id=row.namespace_id,
        project_id=row.project_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        failures=failed,
        migrate_projects=row.migrate_projects,
        migrate_memberships=row.migrate_memberships,
        has_failures=row.has_failures,
        stats=stats,
        skip_relations=row.skip_relations,
        error=row.error,
        kept=row.kept,
    )


def _failure(row: ImportFailure, relation: str | None) -> Failure:
    return Failure(
        relation=relation,
        exception_message=row.exception_message,
        exception_class=row.exception_class,
        correlation_id_value=None,
        source_url=None,
        source_title=row.source_title,
        pipeline_class=row.pipeline_class,
        pipeline_step=row.pipeline_step,
        created_at=row.created_at,
        subrelation=row.subrelation,
        batch_number=row.batch_number,
        line=None if row.line_index is None else row.line_index + 1,
    )
