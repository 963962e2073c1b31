"""What lies in an entity: taken on when the entity is there, and failed with it when it is not."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.db import psycopg_connection
from offline_transfer.forge.routes import Route
from offline_transfer.importing import lost, schedule
from offline_transfer.importing.below import entity_row
from offline_transfer.importing.context import Inside, Source
from offline_transfer.importing.request import Wanted
from offline_transfer.importing.work import Attempt
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.failures import ERROR_CHARACTERS
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import OPEN_ENTITY, EntityState, step
from offline_transfer.types import PortableKind

PARENT_FAILED = "the group around it could not be imported"


def take_on(
    session: Session, bulk_import: BulkImport, parent_id: int, found: Sequence[Inside]
) -> list[tuple[int, Fail]]:
    """Have what lies directly in a group imported into what it has become; gives those that cannot be imported, and why.

    The import is locked. May run again: what is known keeps its row, and is told where the group is.
    """
    parent = session.get_one(ImportEntity, parent_id)
    path = session.scalars(select(Route.path).where(Route.namespace_id == parent.namespace_id)).one()
    rows = _rows(session, parent, found, path)
    add = []
    impossible = []
    for inside, row in rows:
        if row.status in OPEN_ENTITY and row.namespace_id is None and row.project_id is None:
            row.destination_namespace = path
        if inside.error is not None:
            if row.status in OPEN_ENTITY:
                fail(row, inside.error)
            impossible.append((row.id, inside.fail))
        elif row.status in OPEN_ENTITY:
            add.append(row.id)
    session.flush()
    schedule.add_entities(session, bulk_import.id, add)
    return impossible


def give_up(attempt: Attempt, source: Source, entity_id: int, own: Fail) -> None:
    """Account for an entity that has failed, and fail everything that lies in it. May run again: what is done stays."""
    with attempt.context.database.session() as session:
        ledger.hold(psycopg_connection(session), attempt.claim)
        row = session.get_one(ImportEntity, entity_id)
        found = source.inside(row)
        rows = _rows(session, row, found, f"{row.destination_namespace}/{row.destination_name}".lstrip("/"))
        for inside, child in rows:
            if child.status in OPEN_ENTITY:
                fail(child, inside.error or PARENT_FAILED)
        below = [(child.id, inside.fail) for inside, child in rows if child.status is EntityState.failed]
    attempt.lease.check()
    with source.entity(row) as entity:
        lost.account(attempt.context, row, entity, own=own, claim=attempt.claim)
    for child_id, why in below:
        give_up(attempt, source, child_id, why)


def fail(row: ImportEntity, reason: str) -> None:
    """An entity is not imported."""
    row.status = step(row.status, EntityState.failed)
    row.has_failures = True
    row.error = reason[:ERROR_CHARACTERS]


def _rows(
    session: Session, parent: ImportEntity, found: Sequence[Inside], namespace: str
) -> list[tuple[Inside, ImportEntity]]:
    """The rows of what lies in an entity, made where there are none. What nobody wants has none."""
    of_parent = select(ImportEntity).where(ImportEntity.parent_id == parent.id)
    known = {row.source_full_path: row for row in session.scalars(of_parent)}
    rows = []
    for inside in found:
        prefix = EntityPrefix.parse(inside.source_prefix)
        is_unwanted = prefix.kind is PortableKind.PROJECT and not parent.migrate_projects
        if is_unwanted or inside.source_full_path in parent.leave_out:
            continue
        row = known.get(inside.source_full_path)
        if row is None:
            wanted = Wanted(
                inside.source_full_path,
                namespace,
                inside.slug,
                migrate_projects=parent.migrate_projects,
                migrate_memberships=parent.migrate_memberships,
                skip_relations=parent.skip_relations,
            )
            row = entity_row(parent.bulk_import_id, wanted, prefix, parent_id=parent.id)
            row.status = EntityState.created
            session.add(row)
        rows.append((inside, row))
    session.flush()
    return rows
