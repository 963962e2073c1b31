"""Carries an import through: its entities one after another, parents before what lies in them, and the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.forge.routes import Route
from offline_transfer.importing import entity as entity_service
from offline_transfer.importing import lost, references_pipeline
from offline_transfer.importing.archive_source import ArchiveEntity
from offline_transfer.importing.context import ImportContext, OpenSource
from offline_transfer.importing.create import entity_row
from offline_transfer.importing.request import Wanted
from offline_transfer.importing.source import EntitySource
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import EntityState, ImportState, step
from offline_transfer.types import PortableKind
from offline_transfer.verify.reader import Archive

ENTITY_JOB = "bulk_import_entity"
FINISH_JOB = "finish_bulk_import"

PARENT_FAILED = "the group around it could not be imported"

_OPEN = (EntityState.created, EntityState.started)


def start(context: ImportContext, bulk_import_id: int) -> None:
    """Starts an import: a job for each of its entities that is not done, then the one that looks whether all are."""
    with context.database.session() as session:
        bulk_import = session.get_one(BulkImport, bulk_import_id)
        if bulk_import.status not in (ImportState.created, ImportState.started):
            return
        bulk_import.status = step(bulk_import.status, ImportState.started)
        entities = session.scalars(
            select(ImportEntity.id)
            .where(ImportEntity.bulk_import_id == bulk_import_id, ImportEntity.status.in_(_OPEN))
            .order_by(ImportEntity.id)
        )
        for entity_id in entities:
            queue.defer(session, ENTITY_JOB, entity_id=entity_id)
        queue.defer(session, FINISH_JOB, bulk_import_id=bulk_import_id)


def import_entity(context: ImportContext, archive: Archive, entity_id: int) -> None:
    """Imports one entity and takes on what lies directly in it: projects first, then subgroups.

    When it fails, what lies in it fails with it, and all records are accounted for.
    """
    entity_service.run(context, entity_id)
    with context.database.session() as session:
        row = session.get_one(ImportEntity, entity_id)
        if row.status is EntityState.failed:
            _give_up(context, archive, session, row, Fail.INVALID_VALUE)
        if row.namespace_id is None or row.status is not EntityState.finished:
            return
        known = set(session.scalars(select(ImportEntity.source_full_path).where(ImportEntity.parent_id == entity_id)))
        path = session.scalars(select(Route.path).where(Route.namespace_id == row.namespace_id)).one()
        for source_path, prefix in _directly_in(archive, row.source_full_path):
            if source_path in known:
                continue
            child = entity_row(row.bulk_import_id, Wanted(source_path, path), prefix, parent_id=entity_id)
            session.add(child)
            session.flush()
            queue.defer(session, ENTITY_JOB, entity_id=child.id)
        queue.defer(session, FINISH_JOB, bulk_import_id=row.bulk_import_id)


def finish(context: ImportContext, bulk_import_id: int) -> None:
    """Ends an import once none of its entities is open; it failed only when every entity did."""
    with context.database.session() as session:
        bulk_import = session.get_one(BulkImport, bulk_import_id, with_for_update=True)
        entities = session.scalars(select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id)).all()
        if bulk_import.status is not ImportState.started or any(item.status in _OPEN for item in entities):
            return
    _rewrite_references(context, bulk_import_id)
    with context.database.session() as session:
        bulk_import = session.get_one(BulkImport, bulk_import_id, with_for_update=True)
        entities = session.scalars(select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id)).all()
        failed = [item for item in entities if item.status is EntityState.failed]
        bulk_import.has_failures = any(item.has_failures for item in entities)
        all_failed = bool(entities) and len(failed) == len(entities)
        bulk_import.status = step(bulk_import.status, ImportState.failed if all_failed else ImportState.finished)


def _rewrite_references(context: ImportContext, bulk_import_id: int) -> None:
    """Everything has its place now, and the texts can say so."""
    with context.database.session() as session:
        trackers = references_pipeline.take_on(session, bulk_import_id)
    for tracker_id in trackers:
        references_pipeline.rewrite(context, tracker_id)


def archive_sources(archive: Archive) -> OpenSource:
    """How the entities of an archive are opened."""

    @contextmanager
    def open_source(_bulk_import: BulkImport, entity: ImportEntity) -> Iterator[EntitySource]:
        yield ArchiveEntity(archive, EntityPrefix.parse(entity.source_prefix), entity.source_full_path)

    return open_source


def _give_up(context: ImportContext, archive: Archive, session: Session, row: ImportEntity, own: Fail) -> None:
    lost.account(
        session,
        row.id,
        ArchiveEntity(archive, EntityPrefix.parse(row.source_prefix), row.source_full_path),
        own=own,
        edition=context.settings.edition,
        limits=context.limits,
    )
    known = set(session.scalars(select(ImportEntity.source_full_path).where(ImportEntity.parent_id == row.id)))
    place = f"{row.destination_namespace}/{row.destination_name}".lstrip("/")
    for path, prefix in _directly_in(archive, row.source_full_path):
        if path in known:
            continue
        child = entity_row(row.bulk_import_id, Wanted(path, place), prefix, parent_id=row.id)
        child.status = EntityState.failed
        child.has_failures = True
        child.error = PARENT_FAILED
        session.add(child)
        session.flush()
        _give_up(context, archive, session, child, Fail.PARENT_FAILED)


def _directly_in(archive: Archive, group_path: str) -> list[tuple[str, EntityPrefix]]:
    inside = [
        (path, prefix)
        for path, prefix in archive.metadata.entities_mapping.items()
        if path.rpartition("/")[0] == group_path
    ]
    return sorted(inside, key=lambda item: (item[1].kind is PortableKind.GROUP, item[0]))
