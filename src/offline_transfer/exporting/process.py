"""Starts an export: everything that lies in the given groups comes along, and each group and project gets a job."""

import base64
import logging
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from offline_transfer.archive.keys import IDENTITY_KEY, METADATA_KEY, SELF_RELATION
from offline_transfer.errors import OfflineTransferError
from offline_transfer.exporting import ending, names, places, schedule
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.entities import add_all
from offline_transfer.exporting.lease import lease_of_end, under
from offline_transfer.exporting.portables import owner_of
from offline_transfer.exporting.writing import Destination
from offline_transfer.storage.errors import StorageAccessDeniedError
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.lease import Lease, WorkWithdrawnError
from offline_transfer.transfers.models import OfflineExport, RelationExport
from offline_transfer.transfers.states import (
    OPEN_EXPORT,
    OPEN_RELATION,
    ExportState,
    RelationState,
    step,
)

FILE_RELATIONS: Final = frozenset({"uploads", "lfs_objects"})
"""Relations of which a batch is made of files."""

logger: Final = logging.getLogger(__name__)


def start(context: ExportContext, offline_export_id: int) -> None:
    """Complete the rows of an export and release its first jobs.

    May run again, also to go on after everything was killed. Does nothing when the export has ended.
    """
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        if export.status not in OPEN_EXPORT:
            return
        export.status = step(export.status, ExportState.started)
        export.started_at = export.started_at or func.now()
        export.attempts += 1
        attempt = export.attempts
        is_first = attempt == 1
    try:
        with lease_of_end(context.database, offline_export_id, attempt) as lease:
            _prepare_place(context, offline_export_id, lease, is_first=is_first)
    except WorkWithdrawnError:
        return
    except OfflineTransferError as error:
        if error.retryable:
            raise
        with context.database.session() as session:
            ending.fail(session, schedule.lock(session, offline_export_id), Failure.of(error))
        return
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        if export.status is ExportState.started and export.attempts == attempt:
            add_all(session, export)
            schedule.wait_again(session, offline_export_id)
            add_jobs(session, offline_export_id)
            schedule.release(session, export)


def add_jobs(session: Session, offline_export_id: int) -> None:
    """Have a job for everything that has not ended: groups first, by id."""
    schedule.add_relations(session, offline_export_id, _has_small_work(offline_export_id), name=names.PORTABLE)
    with_open_batches = session.execute(
        select(RelationExport.id, RelationExport.relation)
        .where(
            RelationExport.offline_export_id == offline_export_id,
            RelationExport.status == RelationState.started,
            RelationExport.batches_count > 1,
        )
        .order_by(RelationExport.id)
    )
    for export_id, relation in with_open_batches.all():
        schedule.add_batches(session, offline_export_id, export_id, name=batch_job(relation))


def batch_job(relation: str) -> str:
    """The job that does batches of a relation: workers that see no files may take those of records."""
    return names.FILE_BATCH if relation in FILE_RELATIONS else names.BATCH


def _prepare_place(context: ExportContext, offline_export_id: int, lease: Lease, *, is_first: bool) -> None:
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id)
        place = places.destination_of(context, session, export)
        identity = (export.encryption or {}).get("identity")
    destination = Destination(under(place.place, lease), place.prefix, place.envelope)
    if not is_first:
        _remove_metadata(destination)
    if identity is not None:
        destination.put_plain(IDENTITY_KEY, [base64.b64decode(identity)])


def _remove_metadata(destination: Destination) -> None:
    """Work on an archive makes it none, as long as we may delete. If not, its old parts stay as they were announced."""
    try:
        destination.place.store.delete(destination.key(METADATA_KEY))
    except StorageAccessDeniedError:
        logger.warning("export.metadata_kept", extra={"prefix": str(destination.prefix)})


def _has_small_work(offline_export_id: int) -> ColumnElement[bool]:
    """The `self` relations of groups and projects in which something is open that is not one of many batches."""
    other = aliased(RelationExport)
    open_elsewhere = select(*owner_of(other)).where(
        other.offline_export_id == offline_export_id, other.status.in_(OPEN_RELATION), other.batches_count <= 1
    )
    return and_(RelationExport.relation == SELF_RELATION, tuple_(*owner_of(RelationExport)).in_(open_elsewhere))
