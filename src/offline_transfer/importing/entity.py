"""One entity from its first attribute to its last file, and then what lies in it."""

from sqlalchemy.orm import Session

from offline_transfer.db import psycopg_connection
from offline_transfer.errors import OfflineTransferError
from offline_transfer.importing import advance, children, counters, lost, making, schedule, trackers, work
from offline_transfer.importing.context import ImportContext, Source
from offline_transfer.importing.schedule import Subject
from offline_transfer.importing.source import EntitySource
from offline_transfer.importing.stages import Stage, pipelines
from offline_transfer.importing.work import Attempt
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import EntityState, SourceType, TrackerState, step
from offline_transfer.types import PortableKind


def import_entity(context: ImportContext, entity_id: int) -> None:
    """Import one entity as far as it goes: to its end, or to where other jobs have to end first.

    May run again: what is done stays as it is. When it fails, what lies in it fails with it, and all records are accounted for;
    failures are rows, not exceptions, unless trying again may help.
    """
    with work.claimed(context, Subject(entity_id=entity_id)) as attempt:
        if attempt is None:
            return
        try:
            with context.open_source(context, attempt.bulk_import_id) as source:
                _import(attempt, source, entity_id)
        except OfflineTransferError as error:
            if work.goes_up(context, error):
                raise
            # Nobody can say what was in it.
            _fail(attempt, entity_id, error.message)
            _end(attempt)


def _import(attempt: Attempt, source: Source, entity_id: int) -> None:
    row, bulk_import = _begin(attempt, entity_id)
    if row.status is not EntityState.failed:
        try:
            with source.entity(row) as found:
                if not _run(attempt, bulk_import, row, found):
                    return
            _finish(attempt, source, row)
            return
        except OfflineTransferError as error:
            if work.goes_up(attempt.context, error):
                raise
            _fail(attempt, entity_id, error.message)
    children.give_up(attempt, source, entity_id, Fail.INVALID_VALUE)
    _end(attempt)


def _begin(attempt: Attempt, entity_id: int) -> tuple[ImportEntity, BulkImport]:
    with attempt.context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        row = session.get_one(ImportEntity, entity_id)
        if row.status is not EntityState.failed:
            row.status = step(row.status, EntityState.started)
        return row, session.get_one(BulkImport, row.bulk_import_id)


def _run(attempt: Attempt, bulk_import: BulkImport, row: ImportEntity, source: EntitySource) -> bool:
    """Whether the entity is whole; if not, other jobs are at it, and this one has ended."""
    context = attempt.context
    row = making.make_portable(attempt, row, source)
    shared = making.work_on(attempt, row, source)
    if not advance.run_stages(attempt, shared, _stages(context, bulk_import, row, source.kind)):
        return False
    _account_for_strangers(attempt, row, source)
    counters.set_counters(context.database, source.kind, shared.destination.portable_id, _max_iids(source))
    return True


def _stages(context: ImportContext, bulk_import: BulkImport, row: ImportEntity, kind: PortableKind) -> list[Stage]:
    """The pipelines of an entity, without those of relations that nobody wants."""
    is_gitlabs_own = bulk_import.source_type is SourceType.file_export
    version = None if is_gitlabs_own else bulk_import.source_version
    unwanted = lost.left_out_on_purpose(row, kind)
    return [stage for stage in pipelines(kind, context.settings.edition, version) if stage.relation not in unwanted]


def _account_for_strangers(attempt: Attempt, row: ImportEntity, source: EntitySource) -> None:
    """Relations of the source that have no place here, or none in this edition, or that nobody wants, are named and counted."""
    context = attempt.context
    on_purpose = lost.left_out_on_purpose(row, source.kind)
    accounting = lost.left_out(context, source, on_purpose)
    if not accounting.paths:
        return
    has_damage = any(count.failed for count in accounting.paths.values())
    state = TrackerState.failed if has_damage else TrackerState.finished
    with context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        trackers.add_ended(session, row.id, lost.STRANGERS, state, accounting)


def _max_iids(source: EntitySource) -> dict[str, int]:
    return {name: value for name, value in source.max_iids().items() if isinstance(value, int) and 0 < value < 2**31}


def _fail(attempt: Attempt, entity_id: int, reason: str) -> None:
    """The entity has failed, and nobody goes on with its pipelines."""
    with attempt.context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        row = session.get_one(ImportEntity, entity_id)
        if row.status is not EntityState.failed:
            children.fail(row, reason)
        schedule.withdraw_parts(session, bulk_import.id, entity_id)


def _finish(attempt: Attempt, source: Source, row: ImportEntity) -> None:
    """The entity is whole: what lies in it comes next."""
    context = attempt.context
    found = source.inside(row)
    with context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        impossible = children.take_on(session, bulk_import, row.id, found) if found else []
        if not impossible:
            _finish_row(session, attempt, bulk_import, row.id)
            return
    for child_id, why in impossible:
        children.give_up(attempt, source, child_id, why)
    with context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        _finish_row(session, attempt, bulk_import, row.id)


def _finish_row(session: Session, attempt: Attempt, bulk_import: BulkImport, entity_id: int) -> None:
    row = session.get_one(ImportEntity, entity_id)
    row.has_failures = trackers.has_failed(session, entity_id) or ledger.has_failures(session, entity_id)
    row.status = step(row.status, EntityState.finished)
    _end_job(session, attempt, bulk_import)


def _end(attempt: Attempt) -> None:
    with attempt.context.database.session() as session:
        bulk_import = schedule.lock(session, attempt.bulk_import_id)
        ledger.hold(psycopg_connection(session), attempt.claim)
        _end_job(session, attempt, bulk_import)


def _end_job(session: Session, attempt: Attempt, bulk_import: BulkImport) -> None:
    session.flush()
    schedule.end(session, attempt.claim)
    schedule.release(session, bulk_import)
