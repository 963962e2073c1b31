"""Runs the pipelines of an entity stage after stage: the small ones here, one after another, the large ones as jobs of their own.

A stage begins when the last pipeline of the one before has ended. Who sees that is the job of the entity, which ends while it waits
and is released again by the last of the others.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from offline_transfer import queue
from offline_transfer.db import psycopg_connection
from offline_transfer.importing import names, schedule, trackers
from offline_transfer.importing.errors import PipelineAbortedError
from offline_transfer.importing.pipeline import PipelineWork
from offline_transfer.importing.runner import run_object
from offline_transfer.importing.source import SourceObject, is_without_records
from offline_transfer.importing.stages import Stage
from offline_transfer.importing.trackers import End, TrackedPipeline
from offline_transfer.importing.work import Attempt
from offline_transfer.transfers import ledger
from offline_transfer.transfers.states import OPEN_TRACKER, TrackerState

IN_ORDER: Final = frozenset({"user_contributions"})
"""What others build on in the same stage: never in jobs of their own."""


def run_stages(attempt: Attempt, work: PipelineWork, stages: Sequence[Stage]) -> bool:
    """Runs what is open; gives False when other jobs have to end first, and this one has ended for them.

    Raises PipelineAbortedError when a pipeline failed without which the entity is nothing.
    """
    tracked = trackers.take_on(attempt.context.database, attempt.claim, work.entity.id, stages)
    for pipeline in tracked:
        if pipeline.status is TrackerState.failed and pipeline.stage.pipeline.abort_on_failure:
            raise PipelineAbortedError(relation=pipeline.relation)
    ends = {
        pipeline.tracker_id: end
        for pipeline in tracked
        if pipeline.status is TrackerState.created and (end := _end_of_nothing(work, pipeline.stage)) is not None
    }
    trackers.end_idle(attempt.context.database, attempt.claim, ends)
    todo = [item for item in tracked if item.status in OPEN_TRACKER and item.tracker_id not in ends]
    return all(_run_stage(attempt, work, list(found)) for _, found in groupby(todo, lambda item: item.stage.number))


def run_pipeline(attempt: Attempt, work: PipelineWork, pipeline: TrackedPipeline) -> None:
    """Runs the objects of a pipeline in order, and ends it. A damaged object fails its batch, and the others go on."""
    objects = work.source.objects(pipeline.relation) or ()
    with attempt.context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        batches = trackers.start(session, attempt.claim, pipeline, work.source.kind, objects)
    first_index = 0
    for found in objects:
        try:
            first_index += run_batch(attempt, work, batches[found.number], found, first_index)
        except PipelineAbortedError:
            # The other objects are looked at, too; `_require_sound` says afterwards what has failed.
            continue
        queue.stop_if_asked()
    with attempt.context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        trackers.end(session, pipeline.tracker_id)


def run_batch(
    attempt: Attempt, work: PipelineWork, batch: ledger.BatchRef, found: SourceObject, first_index: int
) -> int:
    """Runs one object, and gives how many records of the relation were in it."""
    attempt.lease.check()
    accounting = run_object(work, batch, found, first_index)
    count = accounting.paths.get(batch.pipeline)
    records = found.records or (count.source if count is not None else 0)
    attempt.context.report(work.source.full_path, batch.pipeline, records)
    return records


def _run_stage(attempt: Attempt, work: PipelineWork, pipelines: Sequence[TrackedPipeline]) -> bool:
    large = [pipeline for pipeline in pipelines if _is_large(work, pipeline)]
    if large:
        _give_out(attempt, work, large)
    for pipeline in pipelines:
        if pipeline not in large:
            run_pipeline(attempt, work, pipeline)
    if large and _waits(attempt, work.entity.id):
        return False
    _require_sound(attempt, work.entity.id, pipelines)
    return True


def _give_out(attempt: Attempt, work: PipelineWork, pipelines: Sequence[TrackedPipeline]) -> None:
    """Have jobs for pipelines, or for their batches; what has ended of them stays as it is."""
    with attempt.context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        for pipeline in pipelines:
            objects = work.source.objects(pipeline.relation) or ()
            trackers.start(session, attempt.claim, pipeline, work.source.kind, objects)
            if len(objects) > 1 and _are_announced(objects):
                is_of_files = pipeline.stage.pipeline.file_extraction_pipeline
                name = names.FILE_PIPELINE_BATCH if is_of_files else names.PIPELINE_BATCH
                schedule.add_batches(session, bulk_import.id, pipeline.tracker_id, name=name)
            else:
                schedule.add_pipelines(session, bulk_import.id, [pipeline.tracker_id], name=names.PIPELINE)
        schedule.release(session, bulk_import)


def _waits(attempt: Attempt, entity_id: int) -> bool:
    """Whether jobs of a stage have not ended: then this one ends, and the last of them has it done again."""
    with attempt.context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        if not schedule.has_open_parts(session, bulk_import.id, entity_id):
            return False
        schedule.end(session, attempt.claim)
        schedule.release(session, bulk_import)
        return True


def _is_large(work: PipelineWork, pipeline: TrackedPipeline) -> bool:
    """Whether a pipeline gets jobs of its own: several objects, or files with contents."""
    if pipeline.relation in IN_ORDER:
        return False
    objects = work.source.objects(pipeline.relation) or ()
    if pipeline.stage.pipeline.file_extraction_pipeline:
        return any(found.records != 0 for found in objects)
    return len(objects) > 1


def _are_announced(objects: Sequence[SourceObject]) -> bool:
    """Whether the source says how many records each object has; if not, the place of a record is known in order only."""
    return all(found.records is not None for found in objects)


def _end_of_nothing(work: PipelineWork, stage: Stage) -> End | None:
    """How a pipeline ends that has nothing to do: skipped for a gap, finished for an empty relation. None where it has to run."""
    objects = work.source.objects(stage.relation)
    if objects is None:
        # A relation that is there although its source is too old or too new for it is imported all the same.
        return End(TrackerState.skipped, stage.objection or trackers.ABSENT)
    # Out of an empty object of files a repository may become.
    may_be_empty = len(objects) == 1 and not stage.pipeline.file_extraction_pipeline
    is_empty = not objects or (may_be_empty and is_without_records(objects[0]))
    return End(TrackerState.finished) if is_empty else None


def _require_sound(attempt: Attempt, entity_id: int, pipelines: Sequence[TrackedPipeline]) -> None:
    """Raise PipelineAbortedError when one of these pipelines has failed without which the entity is nothing."""
    vital = [pipeline.relation for pipeline in pipelines if pipeline.stage.pipeline.abort_on_failure]
    if not vital:
        return
    with attempt.context.database.session() as session:
        failed = trackers.failed_among(session, entity_id, vital)
    if failed is not None:
        raise PipelineAbortedError(relation=failed)
