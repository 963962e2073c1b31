"""The jobs of an import: ids in, one call of a service."""

from offline_transfer import queue
from offline_transfer.importing import abandoned, entity, mails, names, overdue, parts, process
from offline_transfer.importing.context import ImportContext
from offline_transfer.jobs import contexts, subjects
from offline_transfer.queue import QueueName


@queue.register(
    names.IMPORT,
    queue=QueueName.ROWS,
    context=contexts.importing,
    on_dead=abandoned.import_given_up,
    subject=subjects.of_import,
)
def bulk_import(context: ImportContext, *, bulk_import_id: int) -> None:
    """BulkImportWorker: starts the entities of an import."""
    process.start(context, bulk_import_id)


@queue.register(names.ENTITY, context=contexts.importing, on_dead=abandoned.entity_given_up, subject=subjects.of_entity)
def bulk_import_entity(context: ImportContext, *, entity_id: int) -> None:
    """BulkImports::EntityWorker: one entity, stage after stage."""
    entity.import_entity(context, entity_id)


@queue.register(
    names.PIPELINE, context=contexts.importing, on_dead=abandoned.pipeline_given_up, subject=subjects.of_pipeline
)
def bulk_import_pipeline(context: ImportContext, *, tracker_id: int) -> None:
    """BulkImports::PipelineWorker: one pipeline, its objects in order."""
    parts.import_pipeline(context, tracker_id)


@queue.register(
    names.PIPELINE_BATCH,
    queue=QueueName.ROWS,
    context=contexts.importing,
    on_dead=abandoned.batch_given_up,
    subject=subjects.of_pipeline_batch,
)
def bulk_import_pipeline_batch(context: ImportContext, *, batch_id: int) -> None:
    """BulkImports::PipelineBatchWorker: one object of records."""
    parts.import_batch(context, batch_id)


@queue.register(
    names.FILE_PIPELINE_BATCH,
    context=contexts.importing,
    on_dead=abandoned.batch_given_up,
    subject=subjects.of_pipeline_batch,
)
def bulk_import_file_pipeline_batch(context: ImportContext, *, batch_id: int) -> None:
    """BulkImports::PipelineBatchWorker: one object of uploads or LFS objects."""
    parts.import_batch(context, batch_id)


@queue.register(
    names.FINISH_BATCHED_PIPELINE, queue=QueueName.ROWS, context=contexts.importing, subject=subjects.of_pipeline
)
def finish_batched_pipeline(context: ImportContext, *, tracker_id: int) -> None:
    """BulkImports::FinishBatchedPipelineWorker: ends a pipeline whose batches do not move."""
    overdue.finish_batched_pipeline(context.database, tracker_id)


@queue.register(
    names.TRANSFORM_REFERENCES,
    queue=QueueName.ROWS,
    context=contexts.importing,
    on_dead=abandoned.texts_given_up,
    subject=subjects.of_pipeline,
)
def transform_references(context: ImportContext, *, tracker_id: int) -> None:
    """BulkImports::TransformReferencesWorker: the texts of one entity."""
    parts.transform_references(context, tracker_id)


@queue.register(
    names.FINISH,
    queue=QueueName.ROWS,
    context=contexts.importing,
    on_dead=abandoned.import_given_up,
    subject=subjects.of_import,
)
def finish_bulk_import(context: ImportContext, *, bulk_import_id: int) -> None:
    """The end of an import."""
    process.finish(context, bulk_import_id)


@queue.register(names.MAIL, context=contexts.importing, subject=subjects.of_import)
def bulk_import_mail(context: ImportContext, *, bulk_import_id: int) -> None:
    """Tells the user of an import how it has ended."""
    mails.send_mail(context.database, context.settings, bulk_import_id)
