"""Runs the objects of pipelines, each exactly once."""

from dataclasses import dataclass

from offline_transfer.errors import BadInputError, OfflineTransferError, StorageError
from offline_transfer.importing.batch import BatchImporter
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.pipelines.files import PIPELINES, FileDestination, FileResult
from offline_transfer.importing.plan import plans
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.importing.tally import Failure
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.models import ImportEntity

GIVEN_UP = (BadInputError, StorageError)
"""What makes an object fail without ending the import: the object is at fault, not we."""


@dataclass(frozen=True, slots=True)
class PipelineWork:
    """What the pipelines of one entity share."""

    context: ImportContext
    entity: ImportEntity
    source: EntitySource
    destination: FileDestination
    batches: BatchImporter


def run_object(work: PipelineWork, batch: ledger.BatchRef, source: SourceObject, first_index: int) -> Accounting:
    """Imports one object of a pipeline in one transaction, and gives what became of its records.

    An object that was imported before is left as it is. A damaged one fails as a whole, with nothing of it written.
    """
    try:
        return _run(work, batch, source, first_index)
    except GIVEN_UP as error:
        return _fail_batch(work, batch, source, error)


def _run(work: PipelineWork, batch: ledger.BatchRef, source: SourceObject, first_index: int) -> Accounting:
    pipeline = PIPELINES.get(batch.pipeline)
    if pipeline is None:
        plan = plans(work.source.kind, work.context.settings.edition)[batch.pipeline]
        return work.batches.run(batch, plan, source, first_index)
    with work.context.database.raw_connection() as connection, connection.transaction():
        done = ledger.begin_batch(connection, batch)
        if done is not None:
            return done
        result = FileResult(Accounting(), [])
        pipeline(work.destination, source, result)
        ledger.note_failures(connection, batch, result.failures)
        ledger.finish_batch(connection, batch, result.accounting)
    return result.accounting


def _fail_batch(
    work: PipelineWork, batch: ledger.BatchRef, source: SourceObject, error: OfflineTransferError
) -> Accounting:
    """Nothing of the object was written: all its records failed, as many as its archive announced."""
    accounting = Accounting()
    accounting.failed(batch.pipeline, Fail.OBJECT_DAMAGED, source.records or 1)
    failure = Failure(batch.pipeline, None, Fail.OBJECT_DAMAGED, f"{source.where}: {error.message}", None)
    with work.context.database.raw_connection() as connection, connection.transaction():
        ledger.note_failures(connection, batch, [failure])
        ledger.fail_batch(connection, batch, accounting, error.message)
    return accounting
