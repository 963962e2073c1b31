"""One entity from its first attribute to its last file: the portable is made, then its pipelines run stage by stage."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate

from sqlalchemy.orm import Session

from offline_transfer.contributions.lookup import StandIns, internal_user
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge.attempts import SPOOL, Attempts
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.projects import Project
from offline_transfer.importing import counters, lost, portables, trackers
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.errors import DestinationNotFoundError
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.pipeline import FileDestination, Pipeline, PipelineWork, RowDestination
from offline_transfer.importing.records import Destination, RecordBuilder
from offline_transfer.importing.runner import run_object
from offline_transfer.importing.scopes import Scoping
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import EntitySource, SourceObject, is_without_records
from offline_transfer.importing.stages import pipelines
from offline_transfer.importing.tally import tally
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.models import ERROR_CHARACTERS, BulkImport, ImportEntity
from offline_transfer.transfers.states import EntityState, TrackerState, step
from offline_transfer.types import PortableKind


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
            _run_pipelines(work)
            _account_for_strangers(work)
            counters.set_counters(context.database, source.kind, work.destination.portable_id, _max_iids(source))
    except OfflineTransferError as error:
        _fail(context, entity_id, error)
        return
    _finish(context, entity_id)


def _prepare(
    context: ImportContext, bulk_import: BulkImport, entity: ImportEntity, source: EntitySource
) -> PipelineWork:
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
    branch = source.root().get("default_branch")
    files = FileDestination(
        source.kind,
        portable_id,
        branch if isinstance(branch, str) else None,
        database,
        context.repositories,
        context.files,
        Attempts(context.settings.data_dir / SPOOL),
    )
    return PipelineWork(context, entity, source, files, RowDestination(builder, users, shared))


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
        trackers.add_ended(session, entity.id, "self", TrackerState.finished, accounting)


def _chain(session: Session, kind: PortableKind, portable_id: int) -> tuple[int, ...]:
    if kind is PortableKind.GROUP:
        return portables.group_chain(session, portable_id)
    project = session.get_one(Project, portable_id)
    return portables.group_chain(session, project.namespace_id)


def _run_pipelines(work: PipelineWork) -> None:
    """Stage after stage. Relations with nothing to do are ended before, all at once."""
    stages = list(pipelines(work.source.kind, work.context.settings.edition))
    ends = {stage.relation: end for stage in stages if (end := _end_of_nothing(work, stage.pipeline)) is not None}
    for pipeline in trackers.take_on(work.context.database, work.entity.id, stages, ends=ends):
        _run_pipeline(work, pipeline)


def _end_of_nothing(work: PipelineWork, pipeline: Pipeline) -> TrackerState | None:
    """How a pipeline ends that has nothing to do: skipped for a gap, finished for an empty relation. None where it has to run."""
    objects = work.source.objects(pipeline.relation)
    if objects is None:
        return TrackerState.skipped
    # Out of an empty object of files a repository may become.
    may_be_empty = len(objects) == 1 and not pipeline.file_extraction_pipeline
    is_empty = not objects or (may_be_empty and is_without_records(objects[0]))
    return TrackerState.finished if is_empty else None


def _run_pipeline(work: PipelineWork, pipeline: trackers.Pipeline) -> None:
    """One relation: each of its objects in order; a damaged object fails its batch, the others go on."""
    objects = work.source.objects(pipeline.relation) or ()
    batches = trackers.start(work.context.database, pipeline, _first_indexes(objects))
    first_index = 0
    for source in objects:
        batch = batches[source.number]
        accounting = run_object(work, batch, source, first_index)
        count = accounting.paths.get(pipeline.relation)
        records = source.records or (count.source if count is not None else 0)
        first_index += records
        work.context.report(work.source.full_path, pipeline.relation, records)
    trackers.end(work.context.database, pipeline)


def _first_indexes(objects: Sequence[SourceObject]) -> dict[int, int]:
    """The number of each object, and how many records come before it as far as the source says."""
    before = accumulate((source.records or 0 for source in objects), initial=0)
    return dict(zip((source.number for source in objects), before, strict=False))


def _account_for_strangers(work: PipelineWork) -> None:
    """Relations of the source that have no place here, or none in this edition, are named and counted."""
    context = work.context
    accounting = lost.left_out(work.source, edition=context.settings.edition, limits=context.limits)
    if not accounting.paths:
        return
    has_damage = any(count.failed for count in accounting.paths.values())
    state = TrackerState.failed if has_damage else TrackerState.finished
    with context.database.session() as session:
        trackers.add_ended(session, work.entity.id, lost.STRANGERS, state, accounting)


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
        entity.has_failures = trackers.has_failed(session, entity_id) or ledger.has_failures(session, entity_id)
        entity.status = step(entity.status, EntityState.finished)
