"""Ends an export: when all its relations have ended, it becomes an archive, or it has failed."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.exporting import description, ending, outcomes, places, process, reopening, schedule, settling
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import NothingWrittenError, ObjectsGoneError
from offline_transfer.exporting.lease import lease_of_end, under
from offline_transfer.queue import JobInterruptedError
from offline_transfer.storage.configuration import patience_under_lock
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.places import kept
from offline_transfer.transfers.states import OPEN_RELATION, ExportState, RelationState


def finish(context: ExportContext, offline_export_id: int) -> None:
    """End an export none of whose relations is open; it failed only when every relation did.

    May run again until it has succeeded: it writes the same objects.
    """
    attempt = _begin(context, offline_export_id)
    if attempt is None:
        return
    try:
        _make_archive(context, offline_export_id, attempt)
    except WorkWithdrawnError:
        return
    except JobInterruptedError:
        raise
    except outcomes.KNOWN_FAILURES as error:
        if outcomes.is_lost_connection(error) or queue.is_tried_again(error, context.settings.job_attempts):
            raise
        _fail(context, offline_export_id, attempt, error)


def _begin(context: ExportContext, offline_export_id: int) -> int | None:
    """Begin to end an export, and give the number of the attempt; None when there is nothing to do (any more)."""
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        if export.status is not ExportState.started or schedule.has_open_jobs(session, offline_export_id):
            return None
        if _count(session, offline_export_id, *OPEN_RELATION):
            # Nothing does what is open: its job must have been lost.
            process.add_jobs(session, offline_export_id)
            schedule.release(session, export)
            return None
        if not _count(session, offline_export_id, RelationState.finished):
            ending.fail(
                session, export, _first_failure(session, offline_export_id) or Failure.of(NothingWrittenError())
            )
            return None
        export.attempts += 1
        return export.attempts


def _make_archive(context: ExportContext, offline_export_id: int, attempt: int) -> None:
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id)
        destination = places.destination_of(context, session, export)
    with lease_of_end(context.database, offline_export_id, attempt) as lease:
        leased = replace(destination, place=under(destination.place, lease))
        if foreign := settling.contested(context.database, offline_export_id, leased):
            _write_again(context, offline_export_id, attempt, [found.id for found in foreign])
            return
        with context.database.session() as session:
            settling.settle(session, offline_export_id, leased)
            export = session.get_one(OfflineExport, offline_export_id)
            metadata = description.write_all_but_metadata(context, session, export, leased)
    with context.database.session() as session:
        # The lock keeps a cancellation waiting, though not for long: an archive is whole and the export finished, or neither.
        export = schedule.lock_over_store(session, offline_export_id)
        if export.status is not ExportState.started or export.attempts != attempt:
            raise WorkWithdrawnError
        description.write_metadata(places.destination_of(context, session, export, patience_under_lock), metadata)
        ending.finish(session, export, has_failures=description.has_failures(session, export.id))
        storage = kept(context.vault, places.configuration_of(session, export.id))
    places.remove_proof(context, storage)


def _write_again(context: ExportContext, offline_export_id: int, attempt: int, object_ids: list[int]) -> None:
    """Another attempt has replaced these objects behind the one that counts."""
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        if export.status is ExportState.started and export.attempts == attempt:
            objects = session.scalars(select(ExportObject).where(ExportObject.id.in_(object_ids))).all()
            reopening.reopen_objects(session, export.id, objects)
            process.add_jobs(session, export.id)
            schedule.release(session, export)


def _fail(context: ExportContext, offline_export_id: int, attempt: int, error: Exception) -> None:
    with context.database.session() as session:
        export = schedule.lock(session, offline_export_id)
        if export.attempts != attempt:
            return
        if isinstance(error, ObjectsGoneError):
            # So that trying again writes them again.
            objects = session.scalars(select(ExportObject).where(ExportObject.id.in_(error.object_ids))).all()
            reopening.reopen_objects(session, export.id, objects)
        ending.fail(session, export, Failure.of(error))


def _count(session: Session, offline_export_id: int, *states: RelationState) -> int:
    of_export = RelationExport.offline_export_id == offline_export_id, RelationExport.status.in_(states)
    return session.scalar(select(func.count()).where(*of_export)) or 0


def _first_failure(session: Session, offline_export_id: int) -> Failure | None:
    failed = session.scalars(
        select(RelationExport)
        .where(RelationExport.offline_export_id == offline_export_id, RelationExport.error.is_not(None))
        .order_by(RelationExport.id)
        .limit(1)
    ).one_or_none()
    return None if failed is None else failed.failure
