"""Does one object: finds the writer of its relation and writes down what came of it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.exporting import binary, contributions, outcomes, records, schedule
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.lease import lease_of_job, under
from offline_transfer.exporting.places import destination_of
from offline_transfer.exporting.portables import Portable, portable_of
from offline_transfer.exporting.schedule import Claim, Subject
from offline_transfer.exporting.tasks import Task, Writer
from offline_transfer.exporting.writing import Destination, Sent
from offline_transfer.forge.access import Actor, actor_of
from offline_transfer.forge.repositories import Repositories
from offline_transfer.queue import JobInterruptedError
from offline_transfer.transfers import states
from offline_transfer.transfers.lease import Lease, WorkWithdrawnError
from offline_transfer.transfers.models import ExportBatch, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState

WRITERS: Final = MappingProxyType[str, Writer](
    {
        SELF_RELATION: records.write_self,
        MAX_IIDS_RELATION: records.write_max_iids,
        "repository": binary.write_repository,
        "wiki": binary.write_repository,
        "design": binary.write_repository,
        "snippets_repository": binary.write_snippets,
        "uploads": binary.write_uploads,
        "lfs_objects": binary.write_lfs_objects,
        USER_CONTRIBUTIONS_RELATION: contributions.write_users,
    }
)
"""What writes a relation; all others are records of a tree."""

logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scene:
    """A group or project of an export that runs, and the attempt that works on it."""

    claim: Claim
    lease: Lease
    batch_size: int
    actor: Actor
    portable: Portable
    destination: Destination


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a job, and its right to work."""

    claim: Claim
    lease: Lease


@contextmanager
def claimed(context: ExportContext, subject: Subject) -> Iterator[Attempt | None]:
    """An attempt at a job; None when there is nothing to do. An attempt that was taken back ends in silence."""
    with context.database.session() as session:
        claim = schedule.claim(session, subject)
    if claim is None:
        yield None
        return
    try:
        with lease_of_job(context.database, claim.job_id, claim.attempt) as lease:
            yield Attempt(claim, lease)
    except Exception as error:
        _leave(context, claim)
        if not isinstance(error, WorkWithdrawnError):
            raise
        logger.info("export.work_withdrawn")


def scene_of(context: ExportContext, session: Session, attempt: Attempt, row: RelationExport) -> Scene:
    """Where the work on a relation stands. Raises what `destination_of` raises."""
    export = session.get_one(OfflineExport, attempt.claim.offline_export_id)
    destination = destination_of(context, session, export)
    return Scene(
        claim=attempt.claim,
        lease=attempt.lease,
        batch_size=export.batch_size,
        actor=actor_of(session, export.user_id),
        portable=portable_of(session, row),
        destination=replace(destination, place=under(destination.place, attempt.lease)),
    )


def leased(context: ExportContext, lease: Lease) -> ExportContext:
    """The same instance, whose Git is ended when the lease is lost."""
    git = replace(context.repositories.git, interrupt=lease.check)
    return replace(context, repositories=Repositories(context.repositories.root, git))


def tasks_of(session: Session, scene: Scene, export_ids: Sequence[int]) -> list[Task]:
    """The tasks of relations that are one object or one batch, in the given order, without those that were ended meanwhile."""
    found = {task.export_id: task for task in _tasks(session, scene, RelationExport.id.in_(export_ids))}
    return [found[export_id] for export_id in export_ids if export_id in found]


def task_of_batch(session: Session, scene: Scene, batch_id: int) -> Task | None:
    """The task of one batch; None when it was ended meanwhile."""
    return next(iter(_tasks(session, scene, ExportBatch.id == batch_id)), None)


def _tasks(session: Session, scene: Scene, condition: ColumnElement[bool]) -> list[Task]:
    rows = session.execute(
        select(
            RelationExport.id,
            RelationExport.relation,
            RelationExport.batches_count,
            ExportBatch.id,
            ExportBatch.batch_number,
            ExportBatch.record_ids,
        )
        .join(OfflineExport, OfflineExport.id == RelationExport.offline_export_id)
        .outerjoin(ExportBatch, ExportBatch.export_id == RelationExport.id)
        .where(
            condition,
            OfflineExport.status == ExportState.started,
            RelationExport.status.in_(states.OPEN_RELATION),
            ExportBatch.id.is_(None) | ExportBatch.status.in_(states.OPEN_BATCH),
        )
    )
    return [
        Task(
            claim=scene.claim,
            lease=scene.lease,
            export_id=export_id,
            portable=scene.portable,
            relation=relation,
            destination=scene.destination,
            batch_id=batch_id,
            batch_number=batch_number,
            record_ids=record_ids or (),
            is_one_of_many=batches_count > 1,
            is_contested=scene.claim.is_contested,
        )
        for export_id, relation, batches_count, batch_id, batch_number, record_ids in rows
    ]


def carry_out(context: ExportContext, task: Task) -> None:
    """Write the object of a task.

    A failure is written down and goes no further, unless trying the whole job again may help. Raises WorkWithdrawnError.
    """
    writer = WRITERS.get(task.relation, records.write_records)
    task = replace(task, destination=replace(task.destination, sent=Sent()))
    try:
        written = writer(leased(context, task.lease), task)
    except (WorkWithdrawnError, JobInterruptedError):
        raise
    except outcomes.KNOWN_FAILURES as error:
        if outcomes.is_lost_connection(error):
            raise
        if queue.is_tried_again(error, context.settings.job_attempts):
            outcomes.count_sent(context.database, task)
            raise
        outcomes.fail(context.database, task, error)
        return
    outcomes.finish(context.database, task, written)
    count = written.records.get(task.relation, 0)
    context.progress(task.portable.path, task.relation, records=count, size=written.stored.measurement.stored_bytes)


def _leave(context: ExportContext, claim: Claim) -> None:
    try:
        with context.database.session() as session:
            schedule.leave(session, claim)
    except DBAPIError:
        # Then this attempt counts as one that may live: its objects are looked at, and that is all.
        logger.warning("export.attempt_not_ended", extra={"export": claim.offline_export_id})
