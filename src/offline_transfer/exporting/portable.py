"""Exports one group or project: all that fits into one batch one after another, and a job for each batch of what is larger."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import psycopg_connection
from offline_transfer.exporting import names, outcomes, plan, work
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import is_of, relations_of
from offline_transfer.transfers import states
from offline_transfer.transfers.models import ExportBatch, RelationExport
from offline_transfer.transfers.states import BatchState, RelationState, step

TASKS_AT_ONCE: Final = 8


def export_portable(context: ExportContext, self_export_id: int) -> None:
    """Export the group or project of this `self` row. May run again: what is done is passed over."""
    with context.database.session() as session:
        own = session.get(RelationExport, self_export_id, with_for_update=True)
        scene = None if own is None else work.scene_of(context, session, own)
        if scene is None:
            return
        started = _start(context, session, scene)
        _defer_batches(session, [row.id for row in started if row.batches_count > 1])
        small = [row.id for row in started if row.batches_count <= 1]
    _export_small(context, scene, small)
    with context.database.session() as session:
        outcomes.go_on(session, scene.portable, scene.offline_export_id)


def export_batch(context: ExportContext, batch_id: int) -> None:
    """Export one batch of a large relation."""
    with context.database.session() as session:
        batch = session.get(ExportBatch, batch_id, with_for_update=True)
        if batch is None or batch.status not in states.OPEN_BATCH:
            return
        batch.status = step(batch.status, BatchState.started)
        scene = work.scene_of(context, session, session.get_one(RelationExport, batch.export_id))
        session.flush()
        task = None if scene is None else work.task_of_batch(session, scene, batch_id)
    if scene is not None and task is not None and work.carry_out(context, task):
        with context.database.session() as session:
            outcomes.go_on(session, scene.portable, scene.offline_export_id)


def export_contributions(context: ExportContext, export_id: int) -> None:
    """Export the users that the other relations named, all of which have ended."""
    with context.database.session() as session:
        row = session.get(RelationExport, export_id, with_for_update=True)
        scene = None if row is None else work.scene_of(context, session, row)
        if row is None or scene is None or row.status not in states.OPEN_RELATION:
            return
        row.status = step(row.status, RelationState.started)
    _export_small(context, scene, [export_id])
    with context.database.session() as session:
        outcomes.go_on(session, scene.portable, scene.offline_export_id)


def _export_small(context: ExportContext, scene: work.Scene, export_ids: Sequence[int]) -> None:
    """Export relations one after another, looking every few whether the export still runs."""
    for start in range(0, len(export_ids), TASKS_AT_ONCE):
        with context.database.session() as session:
            tasks = work.tasks_of(session, scene, export_ids[start : start + TASKS_AT_ONCE])
        for task in tasks:
            work.carry_out(context, task)


def _start(context: ExportContext, session: Session, scene: work.Scene) -> Sequence[RelationExport]:
    """Start every relation that waits, and give those that have work to do, in the order of export.

    The batches are committed before the first object is written: whoever does the work again writes the same objects.
    """
    order = relations_of(scene.portable.kind, context.settings.edition)
    rows = {
        row.relation: row
        for row in session.scalars(
            select(RelationExport).where(
                RelationExport.offline_export_id == scene.offline_export_id, is_of(scene.portable)
            )
        )
    }
    for relation in order:
        row = rows.get(relation)
        if row is not None and row.status is RelationState.pending and relation != USER_CONTRIBUTIONS_RELATION:
            row.status = step(row.status, RelationState.started)
            _fix_batches(context, session, scene, row)
    session.flush()
    return [rows[name] for name in order if name in rows and rows[name].status is RelationState.started]


def _fix_batches(context: ExportContext, session: Session, scene: work.Scene, row: RelationExport) -> None:
    query = plan.numbered_ids(scene.portable, row.relation, context.settings.edition)
    if query is None:
        return
    try:
        with session.begin_nested():
            sizes = plan.fix_batches(
                psycopg_connection(session),
                query,
                export_id=row.id,
                portable_id=scene.portable.id,
                batch_size=scene.batch_size,
            )
    except outcomes.KNOWN_FAILURES as error:
        row.error = outcomes.message_of(error)
        row.status = step(row.status, RelationState.failed)
        return
    row.batched = bool(sizes)
    row.batches_count = len(sizes)
    row.total_objects_count = sum(sizes)


def _defer_batches(session: Session, export_ids: Sequence[int]) -> None:
    open_batches = session.scalars(
        select(ExportBatch.id)
        .where(ExportBatch.export_id.in_(export_ids), ExportBatch.status.in_(states.OPEN_BATCH))
        .order_by(ExportBatch.export_id, ExportBatch.batch_number)
    )
    for batch_id in open_batches:
        queue.defer(session, names.BATCH, batch_id=batch_id)
