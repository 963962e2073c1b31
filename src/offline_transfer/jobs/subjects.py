"""What a job of an export or import is about: the fields by which `logs --export`, `logs --import` and people find its lines."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import SELF_RELATION, EntityPrefix
from offline_transfer.transfers.models import BatchTracker, ExportBatch, ImportEntity, RelationExport, Tracker
from offline_transfer.types import PortableKind


def of_export(session: Session, *, offline_export_id: int) -> Mapping[str, object]:
    """A job of a whole export."""
    del session
    return {"export": offline_export_id}


def of_relation(session: Session, *, export_id: int) -> Mapping[str, object]:
    """A job of a relation, or of a whole group or project, which has the id of its `self` relation."""
    found = session.execute(
        select(
            RelationExport.offline_export_id,
            RelationExport.group_id,
            RelationExport.project_id,
            RelationExport.relation,
        ).where(RelationExport.id == export_id)
    ).one_or_none()
    if found is None:
        return {}
    kind = PortableKind.PROJECT if found.group_id is None else PortableKind.GROUP
    entity = EntityPrefix(kind, found.project_id if found.group_id is None else found.group_id)
    about: dict[str, object] = {"export": found.offline_export_id, "entity": str(entity)}
    return about if found.relation == SELF_RELATION else {**about, "relation": found.relation}


def of_batch(session: Session, *, batch_id: int) -> Mapping[str, object]:
    """A job of one batch of a relation."""
    batch = session.get(ExportBatch, batch_id)
    if batch is None:
        return {}
    return {**of_relation(session, export_id=batch.export_id), "batch": batch.batch_number}


def of_import(session: Session, *, bulk_import_id: int) -> Mapping[str, object]:
    """A job of a whole import."""
    del session
    return {"import": bulk_import_id}


def of_entity(session: Session, *, entity_id: int) -> Mapping[str, object]:
    """A job of one entity of an import."""
    entity = session.get(ImportEntity, entity_id)
    return {} if entity is None else {"import": entity.bulk_import_id, "entity": entity.source_prefix}


def of_pipeline(session: Session, *, tracker_id: int) -> Mapping[str, object]:
    """A job of one pipeline of an entity."""
    tracker = session.get(Tracker, tracker_id)
    if tracker is None:
        return {}
    return {**of_entity(session, entity_id=tracker.bulk_import_entity_id), "relation": tracker.relation}


def of_pipeline_batch(session: Session, *, batch_id: int) -> Mapping[str, object]:
    """A job of one batch of a pipeline."""
    batch = session.get(BatchTracker, batch_id)
    if batch is None:
        return {}
    return {**of_pipeline(session, tracker_id=batch.tracker_id), "batch": batch.batch_number}
