"""The jobs of an export: ids in, one call of a service."""

from offline_transfer import queue
from offline_transfer.exporting import abandoned, ending, finish, mails, names, portable, process
from offline_transfer.exporting.context import ExportContext
from offline_transfer.jobs import contexts, subjects
from offline_transfer.queue import QueueName


@queue.register(
    names.EXPORT,
    queue=QueueName.ROWS,
    context=contexts.export,
    on_dead=abandoned.export_given_up,
    subject=subjects.of_export,
)
def offline_export(context: ExportContext, *, offline_export_id: int) -> None:
    """Import::Offline::ExportWorker: starts the groups and projects of an export."""
    process.start(context, offline_export_id)


@queue.register(
    names.PORTABLE, context=contexts.export, on_dead=abandoned.relation_given_up, subject=subjects.of_relation
)
def portable_export(context: ExportContext, *, export_id: int) -> None:
    """BulkImports::RelationExportWorker: one group or project, all relations that fit one batch."""
    portable.export_portable(context, export_id)


@queue.register(
    names.BATCH,
    queue=QueueName.ROWS,
    context=contexts.export,
    on_dead=abandoned.batch_given_up,
    subject=subjects.of_batch,
)
def relation_batch_export(context: ExportContext, *, batch_id: int) -> None:
    """BulkImports::RelationBatchExportWorker: one batch of the records of a large relation."""
    portable.export_batch(context, batch_id)


@queue.register(names.FILE_BATCH, context=contexts.export, on_dead=abandoned.batch_given_up, subject=subjects.of_batch)
def relation_file_batch_export(context: ExportContext, *, batch_id: int) -> None:
    """BulkImports::RelationBatchExportWorker: one batch of uploads or LFS objects."""
    portable.export_batch(context, batch_id)


@queue.register(
    names.USER_CONTRIBUTIONS,
    queue=QueueName.ROWS,
    context=contexts.export,
    on_dead=abandoned.relation_given_up,
    subject=subjects.of_relation,
)
def user_contributions_export(context: ExportContext, *, export_id: int) -> None:
    """BulkImports::UserContributionsExportWorker: the users whom a group or project names."""
    portable.export_contributions(context, export_id)


@queue.register(
    names.FINISH,
    queue=QueueName.ROWS,
    context=contexts.export,
    on_dead=abandoned.export_given_up,
    subject=subjects.of_export,
)
def finish_offline_export(context: ExportContext, *, offline_export_id: int) -> None:
    """The end of an export."""
    finish.finish(context, offline_export_id)


@queue.register(names.WITHDRAW, queue=QueueName.ROWS, context=contexts.export, subject=subjects.of_export)
def withdraw_offline_export(context: ExportContext, *, offline_export_id: int) -> None:
    """Sees to it that what an export without an end has written is no archive."""
    ending.withdraw(context, offline_export_id)


@queue.register(names.MAIL, context=contexts.export, subject=subjects.of_export)
def offline_export_mail(context: ExportContext, *, offline_export_id: int) -> None:
    """Tells the user of an export how it has ended."""
    mails.send_mail(context.database, context.settings, offline_export_id)
