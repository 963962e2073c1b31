"""Exports one group or project: all that fits into one batch one after another, and a job for each batch of what is larger."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import psycopg_connection
from offline_transfer.exporting import names, outcomes, plan, work
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import Portable, is_of, portable_of, relations_of
from offline_transfer.transfers.models import ExportBatch, OfflineExport, RelationExport
from offline_transfer.transfers.states import BatchState, ExportState, RelationState, step


def export_portable(context: ExportContext, self_export_id: int) -> None:
    """Export the group or project of this `self` row. May run again: what is done is passed over."""
    with context.database.session() as session:
        own = session.get(RelationExport, self_export_id, with_for_update=True)
        if own is None or session.get_one(OfflineExport, own.offline_export_id).status is not ExportState.started:
            return
        rows = _start(context, session, own)
        _defer_batches(session, rows)
        small = [row.id for row in rows if row.batches_count <= 1]
    for export_id in small:
        _export_at_once(context, export_id)


def export_batch(context: ExportContext, batch_id: int) -> None:
    """Export one batch of a large relation."""
    with context.database.session() as session:
        batch = session.get(ExportBatch, batch_id)
        if batch is None or batch.status not in (BatchState.created, BatchState.started):
            return
        task = work.task_of(context, session, session.get_one(RelationExport, batch.export_id), batch)
    if task is not None:
        work.carry_out(context, task)


def export_contributions(context: ExportContext, export_id: int) -> None:
    """Export the users that the other relations named, all of which have ended."""
    with context.database.session() as session:
        row = session.get(RelationExport, export_id, with_for_update=True)
        if row is None or row.status not in outcomes.OPEN_RELATION:
            return
        row.status = step(row.status, RelationState.started)
    _export_at_once(context, export_id)


def _export_at_once(context: ExportContext, export_id: int) -> None:
    with context.database.session() as session:
        row = session.get_one(RelationExport, export_id)
        batch = session.scalars(select(ExportBatch).where(ExportBatch.export_id == export_id)).one_or_none()
        task = work.task_of(context, session, row, batch)
    if task is not None:
        work.carry_out(context, task)


def _start(context: ExportContext, session: Session, own: RelationExport) -> Sequence[RelationExport]:
    """Start every relation that waits, and give those that have work to do, in the order of export.

    The batches are committed before the first object is written: whoever does the work again writes the same objects.
    """
    portable = portable_of(session, own)
    batch_size = session.get_one(OfflineExport, own.offline_export_id).batch_size
    order = relations_of(portable.kind, context.settings.edition)
    rows = {row.relation: row for row in _rows(session, own, portable)}
    for relation in order:
        row = rows.get(relation)
        if row is not None and row.status is RelationState.pending and relation != USER_CONTRIBUTIONS_RELATION:
            row.status = step(row.status, RelationState.started)
            _fix_batches(context, session, (portable, row), batch_size)
    session.flush()
    return [rows[name] for name in order if name in rows and rows[name].status is RelationState.started]


def _rows(session: Session, own: RelationExport, portable: Portable) -> Sequence[RelationExport]:
    return session.scalars(
        select(RelationExport).where(RelationExport.offline_export_id == own.offline_export_id, is_of(portable))
    ).all()


def _fix_batches(
    context: ExportContext, session: Session, what: tuple[Portable, RelationExport], batch_size: int
) -> None:
    portable, row = what
    query = plan.numbered_ids(portable, row.relation, context.settings.edition)
    if query is None:
        return
    try:
        with session.begin_nested():
            sizes = plan.fix_batches(
                psycopg_connection(session), query, export_id=row.id, portable_id=portable.id, batch_size=batch_size
            )
    except outcomes.KNOWN_FAILURES as error:
        row.error = outcomes.message_of(error)
        outcomes.end_relation(session, portable, row)
        return
    row.batched = bool(sizes)
    row.batches_count = len(sizes)
    row.total_objects_count = sum(sizes)


def _defer_batches(session: Session, rows: Sequence[RelationExport]) -> None:
    large = [row.id for row in rows if row.batches_count > 1]
    open_batches = session.scalars(
        select(ExportBatch.id)
        .where(ExportBatch.export_id.in_(large), ExportBatch.status.in_((BatchState.created, BatchState.started)))
        .order_by(ExportBatch.export_id, ExportBatch.batch_number)
    )
    for batch_id in open_batches:
        queue.defer(session, names.BATCH, batch_id=batch_id)
