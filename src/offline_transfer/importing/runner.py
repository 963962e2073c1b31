"""Runs the objects of pipelines, each exactly once."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from offline_transfer.archive.errors import about
from offline_transfer.errors import OfflineTransferError
from offline_transfer.importing import failing, stages
from offline_transfer.importing.announced import compare_nested, nested_of
from offline_transfer.importing.batch import rare_collections
from offline_transfer.importing.errors import PipelineAbortedError
from offline_transfer.importing.pipeline import Outcome, Pipeline, PipelineContext, PipelineWork, Stream
from offline_transfer.importing.source import SourceObject
from offline_transfer.importing.tally import Failure
from offline_transfer.importing.work import goes_up
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.ledger import PipelineStep

_NOTHING_OF_IT: Final = (Fail.OBJECT_DAMAGED, Fail.GIVEN_UP)


def run_object(work: PipelineWork, batch: ledger.BatchRef, source: SourceObject, first_index: int) -> Accounting:
    """Imports one object of a pipeline in one transaction, and gives what became of its records.

    An object that was imported before is left as it is. A damaged one fails as a whole, and so does one that could not be read or
    written for a reason that does not pass: of records nothing is written, of files those stay, and count as imported, that were
    written before. What may pass is raised as long as the job is tried again. Raises PipelineAbortedError when the group or project
    is nothing without it.
    """
    pipeline = stages.pipeline(work.source.kind, batch.pipeline)
    outcome = Outcome()
    try:
        accounting = _run(work, pipeline, (batch, source, first_index), outcome)
    except failing.OF_OBJECT as error:
        if goes_up(work.context, error):
            raise
        accounting = _fail_batch(work, batch, source, error, outcome)
    count = accounting.paths.get(pipeline.relation)
    is_lost = count is not None and any(count.reasons[reason] for reason in _NOTHING_OF_IT)
    if pipeline.abort_on_failure and batch.retried_lines is None and is_lost:
        raise PipelineAbortedError(relation=pipeline.relation)
    return accounting


def _run(
    work: PipelineWork, pipeline: Pipeline, what: tuple[ledger.BatchRef, SourceObject, int], outcome: Outcome
) -> Accounting:
    batch, source, first_index = what
    with work.context.database.raw_connection() as connection, connection.transaction():
        done = ledger.begin_batch(connection, batch)
        if done is not None:
            return done
        context = PipelineContext(work, pipeline, batch, source, first_index, connection, outcome)
        with rare_collections():
            extract_transform_load(context)
        compare_nested(context)
        context.write_failures()
        work.lease.check()
        ledger.finish_batch(connection, batch, outcome.accounting)
    return outcome.accounting


def extract_transform_load(context: PipelineContext) -> None:
    """Draws the pieces of an object through its pipeline; the loader asks for them, one after another."""
    pipeline = context.pipeline
    stream = _pieces(context, partial(pipeline.extractor, context))
    for transformer in pipeline.transformers:
        at_transformer = context.at(PipelineStep.TRANSFORMER)
        stream = _pieces(at_transformer, partial(transformer, at_transformer, stream))
    at_loader = context.at(PipelineStep.LOADER)
    try:
        with closing(stream):
            pipeline.loader(at_loader, stream)
    except Exception:
        at_loader.blame()
        raise


def _pieces(context: PipelineContext, begin: Callable[[], Stream]) -> Stream:
    """What a step gives, piece after piece, as long as the lease holds; whatever breaks in it is the step's."""
    try:
        with closing(begin()) as stream:
            for piece in stream:
                context.work.lease.check()
                yield piece
                # It may be large, and the next one is made before the name gets it.
                del piece
    except Exception:
        context.blame()
        raise


def _fail_batch(
    work: PipelineWork, batch: ledger.BatchRef, source: SourceObject, error: OfflineTransferError, outcome: Outcome
) -> Accounting:
    """All of the object failed that was not written before it broke, as much as its archive announced."""
    written = _written(work, batch, outcome)
    records = max(source.records or written + 1, written)
    expected = failing.Expected(records, nested_of(work.source.kind, batch.pipeline, source))
    step = outcome.broken_step or PipelineStep.EXTRACTOR
    message = about(source.where, error.message)
    failure = Failure(batch.pipeline, None, failing.reason_of(error), message, None, step)
    with work.context.database.raw_connection() as connection, connection.transaction():
        return failing.fail_batch(connection, batch, failure, expected=expected, error=error.message, written=written)


def _written(work: PipelineWork, batch: ledger.BatchRef, outcome: Outcome) -> int:
    """How much of an object that broke is there all the same: files are written beside the transaction, one by one."""
    count = outcome.accounting.paths.get(batch.pipeline)
    is_of_files = stages.pipeline(work.source.kind, batch.pipeline).file_extraction_pipeline
    return count.imported if is_of_files and count is not None else 0
