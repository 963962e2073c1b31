"""The jobs of an import: ids in, one call of a service."""

from offline_transfer import queue
from offline_transfer.importing import process
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.create import BULK_IMPORT_JOB
from offline_transfer.verify.reader import Archive


@queue.register(BULK_IMPORT_JOB)
def bulk_import(context: ImportContext, _archive: Archive, *, bulk_import_id: int) -> None:
    """BulkImportWorker: starts the entities."""
    process.start(context, bulk_import_id)


@queue.register(process.ENTITY_JOB)
def bulk_import_entity(context: ImportContext, archive: Archive, *, entity_id: int) -> None:
    """EntityWorker: one entity, all stages."""
    process.import_entity(context, archive, entity_id)


@queue.register(process.FINISH_JOB)
def finish_bulk_import(context: ImportContext, _archive: Archive, *, bulk_import_id: int) -> None:
    """The end of an import."""
    process.finish(context, bulk_import_id)
