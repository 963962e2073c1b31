"""Makes the group or project of an entity, and all that its pipelines share."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from offline_transfer.contributions.lookup import StandIns, import_user
from offline_transfer.db import psycopg_connection
from offline_transfer.forge import application_settings, membership
from offline_transfer.forge.access import Actor, actor_of, level_cap
from offline_transfer.forge.attempts import SPOOL, Attempts
from offline_transfer.forge.projects import Project
from offline_transfer.importing import destinations, portables, trackers
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.pipeline import FileDestination, PipelineWork, RowDestination
from offline_transfer.importing.records import Destination, RecordBuilder
from offline_transfer.importing.scopes import Scoping
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import EntitySource
from offline_transfer.importing.tally import tally
from offline_transfer.importing.work import Attempt
from offline_transfer.relations.rules import grants
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import TrackerState
from offline_transfer.types import Edition, JsonObject, PortableKind


def make_portable(attempt: Attempt, entity: ImportEntity, source: EntitySource) -> ImportEntity:
    """The entity with its group or project, which is made unless an earlier attempt did.

    The portable and the entity's link to it are one transaction: an attempt that died leaves neither.
    """
    if portable_of(entity, source.kind) is not None:
        return entity
    context = attempt.context
    root = source.root()
    portable_id = SequenceIds(context.database).next(
        "projects" if source.kind is PortableKind.PROJECT else "namespaces"
    )
    with context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        row = session.get_one(ImportEntity, entity.id, with_for_update=True)
        actor = _importer(session, row)
        made = _make(session, actor, row, source.kind, portable_id, root, context.settings.edition)
        if source.kind is PortableKind.GROUP:
            row.namespace_id = made.id
        else:
            row.project_id = made.id
        row.destination_name = made.full_path.rsplit("/", 1)[-1]
        accounting = Accounting()
        made.unit.recognise("self")
        list(tally(made.unit, accounting, 0))
        trackers.add_ended(session, entity.id, "self", TrackerState.finished, accounting)
        return row


def work_on(attempt: Attempt, entity: ImportEntity, source: EntitySource) -> PipelineWork:
    """What the pipelines of an entity share whose portable is there."""
    context = attempt.context
    database = context.database
    portable_id = portable_of(entity, source.kind)
    assert portable_id is not None
    with database.session() as session:
        bulk_import = session.get_one(BulkImport, entity.bulk_import_id)
        chain = _chain(session, source.kind, portable_id)
        actor = actor_of(session, bulk_import.user_id)
        cap = level_cap(session, actor, chain[0])
        may_grant = grants(level_cap(session, actor, chain[-1]))
        importer = bulk_import.user_id or import_user(session)
        limit = application_settings.read(session, context.settings).import_placeholder_user_limit
    ids = SequenceIds(database)
    users = StandIns(
        database,
        namespace_id=chain[-1],
        source_hostname=bulk_import.source_hostname or "",
        import_type=bulk_import.source_type.name,
        source_ghost_user_id=bulk_import.source_ghost_user_id,
        importer_id=importer,
        placeholder_limit=limit,
    )
    shared = SharedRecords(database, Scoping(source.kind, portable_id, chain), users)
    destination = Destination(portable_id, datetime.now(UTC).isoformat(), source.source_id, cap, may_grant)
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
    rows = RowDestination(RecordBuilder(destination, ids, users, shared), users, shared)
    return PipelineWork(context, entity, source, files, rows, attempt.lease)


def portable_of(entity: ImportEntity, kind: PortableKind) -> int | None:
    """The id of the group or project that an entity has become; None before."""
    return entity.project_id if kind is PortableKind.PROJECT else entity.namespace_id


def _importer(session: Session, entity: ImportEntity) -> Actor:
    """Who imports an entity, with the rights of this moment."""
    return actor_of(session, session.get_one(BulkImport, entity.bulk_import_id).user_id)


def _make(
    session: Session,
    actor: Actor,
    entity: ImportEntity,
    kind: PortableKind,
    portable_id: int,
    root: JsonObject,
    edition: Edition,
) -> portables.Made:
    parent = destinations.require(session, actor, entity, kind)
    slug = entity.destination_name
    if kind is PortableKind.GROUP:
        made = portables.make_group(session, portable_id, parent=parent, slug=slug, attributes=root, edition=edition)
        if parent is None and actor.id is not None:
            # As everywhere, whoever creates a group at the root owns it; otherwise nothing could be imported into it.
            membership.add_owner(session, portable_id, actor.id)
        return made
    assert parent is not None
    return portables.make_project(session, portable_id, parent=parent, slug=slug, attributes=root, edition=edition)


def _chain(session: Session, kind: PortableKind, portable_id: int) -> tuple[int, ...]:
    if kind is PortableKind.GROUP:
        return portables.group_chain(session, portable_id)
    project = session.get_one(Project, portable_id)
    return portables.group_chain(session, project.namespace_id)
