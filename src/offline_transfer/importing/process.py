"""Starts an import, and ends it when nothing of it is open."""

import logging
from dataclasses import replace
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from offline_transfer import queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.importing import ending, names, places, references_pipeline, schedule, work
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.lease import lease_of_start
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.transfers.states import OPEN_ENTITY, OPEN_IMPORT, EntityState, ImportState, step

logger: Final = logging.getLogger(__name__)


def start(context: ImportContext, bulk_import_id: int) -> None:
    """Look into what an import reads, and release its first jobs.

    May run again, also to go on after everything was killed. Does nothing when the import has ended, and ends soon when it ends
    meanwhile.
    """
    attempt = _begin(context, bulk_import_id)
    if attempt is None:
        return
    context = replace(context, limits=places.limits_kept(context, bulk_import_id))
    try:
        with (
            lease_of_start(context.database, bulk_import_id, attempt) as lease,
            context.open_source(context, bulk_import_id) as source,
        ):
            source.check(context, bulk_import_id, lease.check)
    except WorkWithdrawnError:
        logger.info("import.work_withdrawn")
        return
    except OfflineTransferError as error:
        if work.goes_up(context, error):
            raise
        with context.database.session() as session:
            bulk_import = schedule.lock(session, bulk_import_id)
            if bulk_import.attempts == attempt:
                ending.fail(session, bulk_import, error.message)
        return
    with context.database.session() as session:
        bulk_import = schedule.lock(session, bulk_import_id)
        if bulk_import.status is ImportState.started and bulk_import.attempts == attempt:
            schedule.wait_again(session, bulk_import_id)
            _add_jobs(session, bulk_import_id)
            schedule.release(session, bulk_import)


def _begin(context: ImportContext, bulk_import_id: int) -> int | None:
    """Begin an attempt at the start, and give its number; None when the import has ended."""
    current = queue.current()
    with context.database.session() as session:
        bulk_import = schedule.lock(session, bulk_import_id)
        if bulk_import.status not in OPEN_IMPORT:
            return None
        bulk_import.status = step(bulk_import.status, ImportState.started)
        bulk_import.started_at = bulk_import.started_at or func.now()
        bulk_import.attempts += 1
        bulk_import.jid = None if current is None else str(current.id)
        return bulk_import.attempts


def finish(context: ImportContext, bulk_import_id: int) -> None:
    """End an import none of whose entities is open, once the texts of all say where things are now."""
    with context.database.session() as session:
        bulk_import = schedule.lock(session, bulk_import_id)
        if bulk_import.status is not ImportState.started or schedule.has_open_jobs(session, bulk_import_id):
            return
        # What is open without a job: its job must have been lost.
        if not _add_jobs(session, bulk_import_id):
            texts = references_pipeline.take_on(session, bulk_import_id)
            if not texts:
                ending.finish(session, bulk_import)
                return
            schedule.add_pipelines(session, bulk_import_id, texts, name=names.TRANSFORM_REFERENCES)
        schedule.release(session, bulk_import)


def _add_jobs(session: Session, bulk_import_id: int) -> bool:
    """Have a job for every entity that has not ended and whose group is there; gives whether there is any."""
    around = aliased(ImportEntity)
    is_there = or_(ImportEntity.parent_id.is_(None), around.status == EntityState.finished)
    open_entities = session.scalars(
        select(ImportEntity.id)
        .outerjoin(around, around.id == ImportEntity.parent_id)
        .where(ImportEntity.bulk_import_id == bulk_import_id, ImportEntity.status.in_(OPEN_ENTITY), is_there)
        .order_by(ImportEntity.id)
    ).all()
    waiting = [
        entity_id for entity_id in open_entities if not schedule.has_open_parts(session, bulk_import_id, entity_id)
    ]
    schedule.add_entities(session, bulk_import_id, waiting)
    return bool(open_entities)
