"""One entity from its first attribute to its last file: the portable is made, then its pipelines run stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.contributions.lookup import StandIns, internal_user
from offline_transfer.errors import BadInputError, OfflineTransferError, StorageError
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.projects import Project
from offline_transfer.importing import counters, lost, portables
from offline_transfer.importing.batch import BatchImporter
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.errors import DestinationNotFoundError
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.pipelines.files import PIPELINES, FileDestination, FileResult
from offline_transfer.importing.plan import plans
from offline_transfer.importing.records import Destination, RecordBuilder
from offline_transfer.importing.scopes import Scoping
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.importing.stages import Stage, pipelines
from offline_transfer.importing.tally import Failure, tally
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.models import ERROR_CHARACTERS, BatchTracker, BulkImport, ImportEntity, Tracker
from offline_transfer.transfers.states import EntityState, TrackerState, step
from offline_transfer.types import PortableKind

STRANGERS = "strangers"
"""The tracker that accounts for relations of the source that no tree knows."""

GIVEN_UP = (BadInputError, StorageError)
"""What makes a pipeline fail without ending the import: the object is at fault, not we."""


@dataclass(frozen=True, slots=True)
class EntityWork:
    """What the pipelines of one entity share."""

    context: ImportContext
    entity: ImportEntity
    source: EntitySource
    destination: FileDestination
    batches: BatchImporter


def run(context: ImportContext, entity_id: int) -> None:
    """Imports one entity; an entity that was ended before is left alone. Failures are rows, not exceptions."""
    with context.database.session() as session:
        entity = session.get_one(ImportEntity, entity_id)
        if entity.status not in (EntityState.created, EntityState.started):
            return
        entity.status = step(entity.status, EntityState.started)
        bulk_import = session.get_one(BulkImport, entity.bulk_import_id)
        session.flush()
        session.expunge_all()
    try:
        with context.open_source(bulk_import, entity) as source:
            work = _prepare(context, bulk_import, entity, source)
            for stage in pipelines(source.kind, context.settings.edition):
                _run_pipeline(work, stage)
            _account_for_strangers(work)
            counters.set_counters(context.database, source.kind, work.destination.portable_id, _max_iids(source))
    except OfflineTransferError as error:
        _fail(context, entity_id, error)
        return
    _finish(context, entity_id)


def _prepare(context: ImportContext, bulk_import: BulkImport, entity: ImportEntity, source: EntitySource) -> EntityWork:
    """Makes the portable unless an earlier attempt did, and everything that its pipelines need."""
    database = context.database
    ids = SequenceIds(database)
    made = entity.project_id if source.kind is PortableKind.PROJECT else entity.namespace_id
    portable_id = made or ids.next("projects" if source.kind is PortableKind.PROJECT else "namespaces")
    destination = Destination(portable_id, datetime.now(UTC).isoformat(), source.source_id)
    if made is None:
        _make(context, entity, source, destination)
    with database.session() as session:
        chain = _chain(session, source.kind, portable_id)
        importer = bulk_import.user_id or internal_user(
            session, UserType.import_user, username="import_user", name="Import User"
        )
    users = StandIns(
        database,
        namespace_id=chain[-1],
        source_hostname=bulk_import.source_hostname or "",
        import_type=bulk_import.source_type.name,
        source_ghost_user_id=bulk_import.source_ghost_user_id,
        importer_id=importer,
    )
    shared = SharedRecords(database, Scoping(source.kind, portable_id, chain), users)
    builder = RecordBuilder(destination, ids, users, shared)
    batches = BatchImporter(database, builder, users, shared, context.limits, context.settings.flush_bytes)
    branch = source.root().get("default_branch")
    files = FileDestination(
        source.kind,
        portable_id,
        branch if isinstance(branch, str) else None,
        database,
        context.repositories,
        context.files,
    )
    return EntityWork(context, entity, source, files, batches)


def _make(context: ImportContext, entity: ImportEntity, source: EntitySource, destination: Destination) -> None:
    """The portable and the entity's link to it are one transaction: an attempt that died leaves neither."""
    root = source.root()
    with context.database.session() as session:
        parent = portables.namespace_by_path(session, entity.destination_namespace)
        if source.kind is PortableKind.GROUP:
            made = portables.make_group(
                session,
                destination.portable_id,
                parent=parent,
                slug=entity.destination_name,
                attributes=root,
                edition=context.settings.edition,
            )
        elif parent is None:
            raise DestinationNotFoundError(path="")
        else:
            made = portables.make_project(
                session,
                destination.portable_id,
                parent=parent,
                slug=entity.destination_name,
                attributes=root,
                edition=context.settings.edition,
            )
        row = session.get_one(ImportEntity, entity.id)
        if source.kind is PortableKind.GROUP:
            row.namespace_id = entity.namespace_id = made.id
        else:
            row.project_id = entity.project_id = made.id
        row.destination_name = entity.destination_name = made.full_path.rsplit("/", 1)[-1]
        accounting = Accounting()
        made.unit.recognise("self")
        list(tally(made.unit, accounting, 0))
        tracker = Tracker(
            bulk_import_entity_id=entity.id, relation="self", stage=0, status=TrackerState.finished, batched=False
        )
        session.add(tracker)
        session.flush()
        session.add(
            BatchTracker(
                tracker_id=tracker.id, batch_number=1, status=TrackerState.finished, accounting=accounting.to_json()
            )
        )


def _chain(session: Session, kind: PortableKind, portable_id: int) -> tuple[int, ...]:
    if kind is PortableKind.GROUP:
        return portables.group_chain(session, portable_id)
    project = session.get_one(Project, portable_id)
    return portables.group_chain(session, project.namespace_id)


def _run_pipeline(work: EntityWork, stage: Stage) -> None:
    """One relation: each of its objects in order; a damaged object fails its batch, the others go on."""
    tracker = _tracker(work, stage.relation, stage.number)
    if tracker.status not in (TrackerState.created, TrackerState.started):
        return
    objects = work.source.objects(stage.relation)
    if objects is None:
        _end_tracker(work, tracker, TrackerState.skipped, "the archive holds nothing of this relation")
        return
    _run_objects(work, tracker, objects)
    error = _first_error(work, tracker)
    _end_tracker(work, tracker, TrackerState.finished if error is None else TrackerState.failed, error)


def _run_objects(work: EntityWork, tracker: Tracker, objects: Sequence[SourceObject]) -> None:
    first_index = 0
    for source in objects:
        batch = _batch(work, tracker, source, first_index)
        try:
            accounting = _run_object(work, tracker, batch, source, first_index)
        except GIVEN_UP as error:
            accounting = _fail_batch(work, batch, source, error, tracker.relation)
        count = accounting.paths.get(tracker.relation)
        records = source.records or (count.source if count is not None else 0)
        first_index += records
        work.context.report(work.source.full_path, tracker.relation, records)


def _first_error(work: EntityWork, tracker: Tracker) -> str | None:
    """What the first failed batch says, of this attempt or an earlier one."""
    failed = (
        select(BatchTracker.error)
        .where(BatchTracker.tracker_id == tracker.id, BatchTracker.status == TrackerState.failed)
        .order_by(BatchTracker.batch_number)
        .limit(1)
    )
    with work.context.database.session() as session:
        return session.scalar(failed)


def _run_object(
    work: EntityWork, tracker: Tracker, batch: ledger.BatchRef, source: SourceObject, first_index: int
) -> Accounting:
    pipeline = PIPELINES.get(tracker.relation)
    if pipeline is None:
        plan = plans(work.source.kind, work.context.settings.edition)[tracker.relation]
        return work.batches.run(batch, plan, source, first_index)
    with work.context.database.raw_connection() as connection, connection.transaction():
        done = ledger.begin_batch(connection, batch)
        if done is not None:
            return done
        result = FileResult(Accounting(), [])
        pipeline(work.destination, source, result)
        ledger.note_failures(connection, batch, result.failures)
        ledger.finish_batch(connection, batch, result.accounting)
    return result.accounting


def _tracker(work: EntityWork, relation: str, stage: int) -> Tracker:
    with work.context.database.session() as session:
        session.execute(
            insert(Tracker)
            .values(bulk_import_entity_id=work.entity.id, relation=relation, stage=stage)
            .on_conflict_do_nothing()
        )
        tracker = session.scalars(
            select(Tracker).where(Tracker.bulk_import_entity_id == work.entity.id, Tracker.relation == relation)
        ).one()
        if tracker.status is TrackerState.created:
            tracker.status = step(tracker.status, TrackerState.started)
        session.flush()
        session.expunge(tracker)
        return tracker


def _batch(work: EntityWork, tracker: Tracker, source: SourceObject, first_index: int) -> ledger.BatchRef:
    with work.context.database.session() as session:
        session.execute(
            insert(BatchTracker)
            .values(tracker_id=tracker.id, batch_number=source.number, first_index=first_index)
            .on_conflict_do_nothing()
        )
        batch_id = session.scalars(
            select(BatchTracker.id).where(
                BatchTracker.tracker_id == tracker.id, BatchTracker.batch_number == source.number
            )
        ).one()
    return ledger.BatchRef(work.entity.id, tracker.id, batch_id, source.number, tracker.relation)


def _fail_batch(
    work: EntityWork, batch: ledger.BatchRef, source: SourceObject, error: OfflineTransferError, relation: str
) -> Accounting:
    """Nothing of the object was written: all its records failed, as many as its archive announced."""
    accounting = Accounting()
    accounting.failed(relation, Fail.OBJECT_DAMAGED, source.records or 1)
    failure = Failure(relation, None, Fail.OBJECT_DAMAGED, f"{source.where}: {error.message}", None)
    with work.context.database.raw_connection() as connection, connection.transaction():
        ledger.note_failures(connection, batch, [failure])
        ledger.fail_batch(connection, batch, accounting, error.message)
    return accounting


def _end_tracker(work: EntityWork, tracker: Tracker, state: TrackerState, message: str | None) -> None:
    with work.context.database.session() as session:
        row = session.get_one(Tracker, tracker.id)
        row.status = step(row.status, state)
        row.error = message[:ERROR_CHARACTERS] if message else None


def _account_for_strangers(work: EntityWork) -> None:
    """Relations of the source that have no place here, or none in this edition, are named and counted."""
    context = work.context
    accounting = lost.left_out(work.source, edition=context.settings.edition, limits=context.limits)
    if not accounting.paths:
        return
    tracker = _tracker(work, STRANGERS, 0)
    if tracker.status is not TrackerState.started:
        return
    with context.database.session() as session:
        # An attempt that died before the tracker was ended has left the row.
        session.execute(
            insert(BatchTracker)
            .values(
                tracker_id=tracker.id, batch_number=1, status=TrackerState.finished, accounting=accounting.to_json()
            )
            .on_conflict_do_nothing()
        )
    has_damage = any(count.failed for count in accounting.paths.values())
    _end_tracker(work, tracker, TrackerState.failed if has_damage else TrackerState.finished, None)


def _max_iids(source: EntitySource) -> dict[str, int]:
    return {name: value for name, value in source.max_iids().items() if isinstance(value, int) and 0 < value < 2**31}


def _fail(context: ImportContext, entity_id: int, error: OfflineTransferError) -> None:
    with context.database.session() as session:
        entity = session.get_one(ImportEntity, entity_id)
        entity.status = step(entity.status, EntityState.failed)
        entity.has_failures = True
        entity.error = error.message[:ERROR_CHARACTERS]


def _finish(context: ImportContext, entity_id: int) -> None:
    with context.database.session() as session:
        entity = session.get_one(ImportEntity, entity_id)
        trackers = session.scalars(select(Tracker).where(Tracker.bulk_import_entity_id == entity_id))
        entity.has_failures = any(tracker.status is TrackerState.failed for tracker in trackers) or ledger.has_failures(
            session, entity_id
        )
        entity.status = step(entity.status, EntityState.finished)
