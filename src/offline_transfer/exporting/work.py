"""Does one object: finds the writer of its relation and writes down what came of it."""

from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import (
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    ExportPrefix,
)
from offline_transfer.exporting import binary, contributions, outcomes, records
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import portable_of
from offline_transfer.exporting.tasks import Task, Writer
from offline_transfer.exporting.writing import Destination
from offline_transfer.transfers.models import ExportBatch, OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState

WRITERS: Final = MappingProxyType[str, Writer](
    {
        SELF_RELATION: records.write_self,
        MAX_IIDS_RELATION: records.write_max_iids,
        "repository": binary.write_repository,
        "wiki": binary.write_wiki,
        "design": binary.write_design,
        "snippets_repository": binary.write_snippets,
        "uploads": binary.write_uploads,
        "lfs_objects": binary.write_lfs_objects,
        USER_CONTRIBUTIONS_RELATION: contributions.write_users,
    }
)
"""What writes a relation; all others are records of a tree."""


def carry_out(context: ExportContext, task: Task) -> None:
    """Write the object of a task. A failure is written down and goes no further."""
    writer = WRITERS.get(task.relation, records.write_records)
    try:
        written = writer(context, task)
    except outcomes.KNOWN_FAILURES as error:
        with context.database.session() as session:
            outcomes.fail(session, task, error)
        return
    with context.database.session() as session:
        outcomes.finish(session, task, written)
    count = written.records.get(task.relation, 0)
    context.progress(task.portable.path, task.relation, records=count, size=written.measurement.stored_bytes)


def task_of(
    context: ExportContext, session: Session, relation: RelationExport, batch: ExportBatch | None
) -> Task | None:
    """The task of a relation or of one of its batches; None when its export does not run or the relation has ended."""
    export = session.get_one(OfflineExport, relation.offline_export_id)
    if export.status is not ExportState.started or relation.status is not RelationState.started:
        return None
    return Task(
        offline_export_id=export.id,
        export_id=relation.id,
        portable=portable_of(session, relation),
        relation=relation.relation,
        destination=destination_of(context, session, export.id),
        batch_id=batch.id if batch else None,
        batch_number=batch.batch_number if batch else None,
        record_ids=batch.record_ids if batch else (),
    )


def destination_of(context: ExportContext, session: Session, offline_export_id: int) -> Destination:
    """Where the objects of an export go."""
    configuration = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == offline_export_id)
    ).one()
    place = context.open_place(configuration.location, configuration.endpoint)
    return Destination(place, ExportPrefix.parse(configuration.export_prefix))
