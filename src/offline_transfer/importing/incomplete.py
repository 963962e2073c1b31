"""Which groups and projects of this instance came with an import and are not whole, so that they do not pretend to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from offline_transfer.forge.routes import Route
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import OPEN_IMPORT, EntityState
from offline_transfer.types import JsonObject

BROKEN_OFF: Final = "its import was broken off, or is still at work"
WITH_FAILURES: Final = "some of its records or files could not be imported"


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A group or project of this instance of which something is missing: its full path here, and the import that left it so."""

    path: str
    import_id: int
    problem: str

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"entity": self.path, "import": self.import_id, "problem": self.problem}


def incomplete(session: Session, full_path: str | None = None) -> Iterator[Incomplete]:
    """What is not whole in this instance, or in a group or project and below it, import by import.

    A group or project that could not be made at all is a gap in the one around it, until something else has taken its place.
    """
    top = None if full_path is None else full_path.strip("/").lower()
    own_route = or_(Route.namespace_id == ImportEntity.namespace_id, Route.project_id == ImportEntity.project_id)
    # Until an import ends, more may be on its way into the groups that are done.
    of_open_import = and_(BulkImport.status.in_(OPEN_IMPORT), ImportEntity.parent_id.is_(None))
    suspects = (
        select(ImportEntity, Route)
        .join(BulkImport, BulkImport.id == ImportEntity.bulk_import_id)
        .outerjoin(Route, own_route)
        .where(or_(ImportEntity.status != EntityState.finished, ImportEntity.has_failures, of_open_import))
        .order_by(ImportEntity.id)
    )
    for entity, route in session.execute(suspects):
        found = _missing(session, entity) if route is None else _partial(entity, route.path)
        if found is not None and (top is None or f"{found.path.lower()}/".startswith(f"{top}/")):
            yield found


def _partial(entity: ImportEntity, path: str) -> Incomplete:
    if entity.error is not None:
        problem = entity.error
    else:
        problem = WITH_FAILURES if entity.status is EntityState.finished and entity.has_failures else BROKEN_OFF
    return Incomplete(path, entity.bulk_import_id, problem)


def _missing(session: Session, entity: ImportEntity) -> Incomplete | None:
    """The gap that an entity without a portable leaves; None where there is nothing in which it could be one."""
    if entity.status is EntityState.finished or entity.parent_id is None:
        return None  # deleted since, or asked for by itself
    place = f"{entity.destination_namespace}/{entity.destination_name}".lower()
    if session.scalar(select(Route.id).where(func.lower(Route.path) == place)) is not None:
        return None
    around = session.scalar(select(Route.path).where(func.lower(Route.path) == entity.destination_namespace.lower()))
    if around is None:
        return None
    problem = f"{entity.source_full_path} is not in it: {entity.error or BROKEN_OFF}"
    return Incomplete(around, entity.bulk_import_id, problem)
