"""Exports one group or project: all that fits into one batch one after another, and a job for each batch of what is larger."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.db import lock_briefly, psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting import outcomes, plan, schedule, work
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import PortableForbiddenError, PortableGoneError
from offline_transfer.exporting.portables import Portable, add_relations, exists_now, is_of, relations_of
from offline_transfer.exporting.process import batch_job
from offline_transfer.exporting.schedule import Subject
from offline_transfer.forge.access import Ability, can
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import ExportBatch, RelationExport
from offline_transfer.transfers.states import OPEN_RELATION, BatchState, RelationState, step

TASKS_AT_ONCE: Final = 8


def export_portable(context: ExportContext, self_export_id: int) -> None:
    """Export the group or project of this `self` row. May run again: what is done is passed over."""
    with work.claimed(context, Subject(export_id=self_export_id)) as attempt:
        if attempt is None:
            return
        with context.database.session() as session:
            own = session.get_one(RelationExport, self_export_id)
            # Before anything is locked: the place may be a directory of a network that does not answer.
            scene = work.scene_of(context, session, attempt, own)
            lock_briefly(session)
            small = _begin(context, session, scene, own)
        with context.database.session() as session:
            schedule.release(session, schedule.lock(session, attempt.claim.offline_export_id))
        _export_small(context, scene, small)
        _end(context, scene)


def export_batch(context: ExportContext, batch_id: int) -> None:
    """Export one batch of a large relation."""
    with work.claimed(context, Subject(batch_id=batch_id)) as attempt:
        if attempt is None:
            return
        with context.database.session() as session:
            own = select(RelationExport).join(ExportBatch, ExportBatch.export_id == RelationExport.id)
            row = session.scalars(own.where(ExportBatch.id == batch_id)).one()
            scene = work.scene_of(context, session, attempt, row)
            lock_briefly(session)
            waiting = update(ExportBatch).where(ExportBatch.id == batch_id, ExportBatch.status == BatchState.created)
            session.execute(waiting.values(status=step(BatchState.created, BatchState.started)))
            task = work.task_of_batch(session, scene, batch_id)
        if task is not None:
            work.carry_out(context, task)
        _end(context, scene)


def export_contributions(context: ExportContext, export_id: int) -> None:
    """Export the users that the other relations named, all of which have ended."""
    with work.claimed(context, Subject(export_id=export_id)) as attempt:
        if attempt is None:
            return
        with context.database.session() as session:
            row = session.get_one(RelationExport, export_id)
            scene = work.scene_of(context, session, attempt, row)
            lock_briefly(session)
            waiting = update(RelationExport).where(
                RelationExport.id == export_id, RelationExport.status == RelationState.pending
            )
            session.execute(waiting.values(status=step(RelationState.pending, RelationState.started)))
        _export_small(context, scene, [export_id])
        _end(context, scene)


def _end(context: ExportContext, scene: work.Scene) -> None:
    with context.database.session() as session:
        schedule.end(session, scene.claim, is_of(scene.portable))


def _export_small(context: ExportContext, scene: work.Scene, export_ids: Sequence[int]) -> None:
    """Export relations one after another, looking every few whether they are still to be done."""
    is_first = True
    for start in range(0, len(export_ids), TASKS_AT_ONCE):
        with context.database.session() as session:
            tasks = work.tasks_of(session, scene, export_ids[start : start + TASKS_AT_ONCE])
        for task in tasks:
            if not is_first:
                queue.stop_if_asked()
            scene.lease.check()
            work.carry_out(context, task)
            is_first = False


def _begin(context: ExportContext, session: Session, scene: work.Scene, own: RelationExport) -> Sequence[int]:
    """Start the relations of a group or project, and give those that this job writes, in the order of export.

    What cannot be exported has a failed `self` relation with the reason, and no others.
    """
    obstacle = _obstacle(session, scene)
    if obstacle is not None:
        _refuse(session, scene, obstacle)
        return ()
    relations = [name for name in relations_of(scene.portable.kind, context.settings.edition) if name != SELF_RELATION]
    wanted = [name for name in relations if name not in own.skip_relations]
    add_relations(session, scene.claim.offline_export_id, scene.portable, wanted)
    return _start(context, session, scene, [SELF_RELATION, *wanted])


def _obstacle(session: Session, scene: work.Scene) -> OfflineTransferError | None:
    portable = scene.portable
    named = f"{portable.kind} {portable.path}"
    if not exists_now(session, portable):
        return PortableGoneError(portable=named)
    # Who could export the group when asking may have lost that since, or may never have had it for this project in it.
    if not can(session, scene.actor, Ability.to_admin(portable.kind), portable.id):
        return PortableForbiddenError(portable=named)
    return None


def _refuse(session: Session, scene: work.Scene, obstacle: OfflineTransferError) -> None:
    for row in _open_relations(session, scene.claim.offline_export_id, scene.portable).values():
        row.status = step(row.status, RelationState.failed)
        row.failure = Failure.of(obstacle)


def _start(context: ExportContext, session: Session, scene: work.Scene, order: Sequence[str]) -> Sequence[int]:
    """Start every relation that waits.

    The batches are committed before the first object is written: whoever does the work again writes the same objects.
    """
    rows = _open_relations(session, scene.claim.offline_export_id, scene.portable)
    waiting = [
        rows[relation]
        for relation in order
        if relation in rows
        and relation != USER_CONTRIBUTIONS_RELATION
        and rows[relation].status is RelationState.pending
    ]
    for row in waiting:
        row.status = step(row.status, RelationState.started)
    _fix_batches(context, session, scene, waiting)
    for row in waiting:
        if row.batches_count > 1:
            session.flush()
            schedule.add_batches(session, scene.claim.offline_export_id, row.id, name=batch_job(row.relation))
    started = [rows[name] for name in order if name in rows and rows[name].status is RelationState.started]
    small = [row.id for row in started if row.batches_count <= 1 and row.relation != USER_CONTRIBUTIONS_RELATION]
    users = rows.get(USER_CONTRIBUTIONS_RELATION)
    has_large = any(row.batches_count > 1 for row in started)
    if users is None or has_large or schedule.has_open_job(session, Subject(export_id=users.id)):
        return small
    # Nothing else is left to end: no other job has to be waited for.
    users.status = step(users.status, RelationState.started)
    return [*small, users.id]


def _open_relations(session: Session, offline_export_id: int, portable: Portable) -> dict[str, RelationExport]:
    rows = session.scalars(
        select(RelationExport).where(
            RelationExport.offline_export_id == offline_export_id,
            is_of(portable),
            RelationExport.status.in_(OPEN_RELATION),
        )
    )
    return {row.relation: row for row in rows}


def _fix_batches(context: ExportContext, session: Session, scene: work.Scene, rows: Sequence[RelationExport]) -> None:
    """Fix the batches of relations: of all at once, and where that fails, of each alone."""
    edition = context.settings.edition
    queries = {row.id: query for row in rows if (query := plan.numbered_ids(scene.portable, row.relation, edition))}
    if not queries:
        return
    try:
        with session.begin_nested():
            sizes = plan.fix_batches(
                psycopg_connection(session), queries, portable_id=scene.portable.id, batch_size=scene.batch_size
            )
    except outcomes.KNOWN_FAILURES as error:
        if outcomes.is_lost_connection(error):
            raise
        if len(rows) > 1:
            for row in rows:
                _fix_batches(context, session, scene, [row])
            return
        rows[0].failure = Failure.of(error)
        rows[0].status = step(rows[0].status, RelationState.failed)
        return
    for row in rows:
        if row.id in sizes:
            row.batched = bool(sizes[row.id])
            row.batches_count = len(sizes[row.id])
            row.total_objects_count = sum(sizes[row.id])
