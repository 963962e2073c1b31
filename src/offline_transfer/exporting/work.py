"""Does one object: finds the writer of its relation and writes down what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import (
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    ExportPrefix,
)
from offline_transfer.exporting import binary, contributions, outcomes, records
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import Portable, portable_of
from offline_transfer.exporting.tasks import Task, Writer
from offline_transfer.exporting.writing import Destination
from offline_transfer.transfers import states
from offline_transfer.transfers.models import ExportBatch, OfflineConfiguration, OfflineExport, RelationExport
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


@dataclass(frozen=True, slots=True)
class Scene:
    """A group or project of an export that runs."""

    offline_export_id: int
    batch_size: int
    portable: Portable
    destination: Destination


def scene_of(context: ExportContext, session: Session, row: RelationExport) -> Scene | None:
    """Where the work on a relation stands; None when its export does not run."""
    export = session.get_one(OfflineExport, row.offline_export_id)
    if export.status is not ExportState.started:
        return None
    return Scene(
        offline_export_id=export.id,
        batch_size=export.batch_size,
        portable=portable_of(session, row),
        destination=destination_of(context, session, export.id),
    )


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
            offline_export_id=scene.offline_export_id,
            export_id=export_id,
            portable=scene.portable,
            relation=relation,
            destination=scene.destination,
            batch_id=batch_id,
            batch_number=batch_number,
            record_ids=record_ids or (),
            is_one_of_many=batches_count > 1,
        )
        for export_id, relation, batches_count, batch_id, batch_number, record_ids in rows
    ]


def carry_out(context: ExportContext, task: Task) -> bool:
    """Write the object of a task, and give whether its relation has ended with it.

    A failure is written down and goes no further.
    """
    writer = WRITERS.get(task.relation, records.write_records)
    try:
        written = writer(context, task)
    except outcomes.KNOWN_FAILURES as error:
        with context.database.session() as session:
            return outcomes.fail(session, task, error)
    with context.database.session() as session:
        has_ended = outcomes.finish(session, task, written)
    count = written.records.get(task.relation, 0)
    context.progress(task.portable.path, task.relation, records=count, size=written.measurement.stored_bytes)
    return has_ended


def destination_of(context: ExportContext, session: Session, offline_export_id: int) -> Destination:
    """Where the objects of an export go."""
    configuration = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == offline_export_id)
    ).one()
    place = context.open_place(configuration.location, configuration.endpoint)
    return Destination(place, ExportPrefix.parse(configuration.export_prefix))
