"""Carries an import through in the process that wants it, one job after another."""

from dataclasses import replace
from typing import Final

from offline_transfer import queue
from offline_transfer.importing import entity, mails, names, parts, process
from offline_transfer.importing.context import ImportContext
from offline_transfer.queue import InlineQueue, Registry

JOBS: Final = Registry()
"""The jobs that an import without workers consists of."""


@JOBS.register(names.IMPORT)
def _start(context: ImportContext, *, bulk_import_id: int) -> None:
    process.start(context, bulk_import_id)


@JOBS.register(names.ENTITY)
def _entity(context: ImportContext, *, entity_id: int) -> None:
    entity.import_entity(context, entity_id)


@JOBS.register(names.PIPELINE)
def _pipeline(context: ImportContext, *, tracker_id: int) -> None:
    parts.import_pipeline(context, tracker_id)


@JOBS.register(names.PIPELINE_BATCH)
@JOBS.register(names.FILE_PIPELINE_BATCH)
def _batch(context: ImportContext, *, batch_id: int) -> None:
    parts.import_batch(context, batch_id)


@JOBS.register(names.TRANSFORM_REFERENCES)
def _texts(context: ImportContext, *, tracker_id: int) -> None:
    parts.transform_references(context, tracker_id)


@JOBS.register(names.FINISH)
def _finish(context: ImportContext, *, bulk_import_id: int) -> None:
    process.finish(context, bulk_import_id)


@JOBS.register(names.MAIL)
def _mail(context: ImportContext, *, bulk_import_id: int) -> None:
    mails.send_mail(context.database, context.settings, bulk_import_id)


def carry_out(context: ImportContext, bulk_import_id: int) -> None:
    """Do all jobs of an import, also of one that was broken off. What raises ends it, and it can be carried out again."""
    jobs = InlineQueue(JOBS)
    database = queue.inline(context.database, jobs)
    with database.session() as session:
        queue.defer(session, names.IMPORT, bulk_import_id=bulk_import_id)
    jobs.run_until_empty(replace(context, database=database))
