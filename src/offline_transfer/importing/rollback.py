"""Takes an import back: the groups and projects that it made are removed, the last made first.

What was there before stays, and so does what others share: a group in which there is something else by now, users and stand-ins,
people of commits, records of a group around that the import found or made there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from offline_transfer.db import Database
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.importing.errors import ImportAtWorkError
from offline_transfer.importing.removal import Holder, remove
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import ImportState
from offline_transfer.types import JsonObject, PortableKind

NOT_EMPTY: Final = "there is something in it that did not come with this import, or could not be removed"

_OPEN: Final = (ImportState.created, ImportState.started)


@dataclass(frozen=True, slots=True)
class Removed:
    """One group or project of an import: its path at the source and here, and why it stays (None: it is removed)."""

    entity: str
    path: str
    kept: str | None = None

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"entity": self.entity, "path": self.path, "kept": self.kept}


@dataclass(frozen=True, slots=True)
class _Made:
    entity: str
    path: str
    kind: PortableKind
    portable_id: int


def rollback(holder: Holder, bulk_import_id: int) -> Iterator[Removed]:
    """Removes what an import made, and gives each group and project when it is done with. One that died may be run again.

    Everything in them goes along, also what people have added since. Raises ImportAtWorkError while the import has not ended.
    """
    for made in _made(holder.database, bulk_import_id):
        if made.kind is PortableKind.GROUP and _holds_others(holder.database, made.portable_id):
            yield Removed(made.entity, made.path, NOT_EMPTY)
        else:
            remove(holder, made.kind, made.portable_id)
            yield Removed(made.entity, made.path)


def _made(database: Database, bulk_import_id: int) -> list[_Made]:
    """The groups and projects that an import made and that are still there, children before what they lie in."""
    with database.session() as session:
        if session.get_one(BulkImport, bulk_import_id).status in _OPEN:
            raise ImportAtWorkError(id=bulk_import_id)
        entities = session.scalars(
            select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id).order_by(ImportEntity.id.desc())
        )
        return [made for entity in entities if (made := _of_entity(session, entity)) is not None]


def _of_entity(session: Session, entity: ImportEntity) -> _Made | None:
    if entity.project_id is not None:
        kind, portable_id, route = PortableKind.PROJECT, entity.project_id, Route.project_id
    elif entity.namespace_id is not None:
        kind, portable_id, route = PortableKind.GROUP, entity.namespace_id, Route.namespace_id
    else:
        return None
    path = session.scalars(select(Route.path).where(route == portable_id)).one()
    return _Made(entity.source_full_path, path, kind, portable_id)


def _holds_others(database: Database, group_id: int) -> bool:
    inside = exists().where(Namespace.parent_id == group_id), exists().where(Project.namespace_id == group_id)
    with database.session() as session:
        return any(session.scalar(select(found)) for found in inside)
