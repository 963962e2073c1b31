"""Takes an import back: the groups and projects that it made are removed, the last made first.

What was there before stays, and so does what others share: a group in which there is something else by now, users and stand-ins,
people of commits, LFS contents that other projects use, records of a group around that the import found or made there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.forge import lfs_objects
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.importing.errors import ImportAtWorkError, ImportNotFoundError
from offline_transfer.importing.removal import Holder, remove
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import OPEN_IMPORT
from offline_transfer.types import JsonObject, PortableKind

JOB: Final = "rollback_bulk_import"

NOT_EMPTY: Final = "there is something in it that did not come with this import, or could not be removed"


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
    entity_id: int
    entity: str
    path: str
    kind: PortableKind
    portable_id: int


def request(session: Session, bulk_import_id: int) -> None:
    """Have a worker take an import back. Raises ImportNotFoundError, and ImportAtWorkError while it has not ended."""
    _begin(session, bulk_import_id)
    queue.defer(session, JOB, bulk_import_id=bulk_import_id)


def planned(session: Session, bulk_import_id: int) -> list[str]:
    """The paths of the groups and projects that would go, or stay since there is something else in them; children first.

    Raises ImportNotFoundError, and ImportAtWorkError while it has not ended.
    """
    _require_ended(session.get(BulkImport, bulk_import_id), bulk_import_id)
    return [made.path for made in _made(session, bulk_import_id)]


def rollback(holder: Holder, bulk_import_id: int) -> Iterator[Removed]:
    """Removes what an import made, and gives each group and project when it is done with. One that died may be run again.

    Everything in them goes along, also what people have added since. What stays, and why, is written into the rows of the
    import. At the end the LFS objects go that no project uses any more; while another import brings some, a sweep removes them
    later. Raises ImportNotFoundError, and ImportAtWorkError while the import has not ended.
    """
    with holder.database.session() as session:
        _begin(session, bulk_import_id)
        everything = _made(session, bulk_import_id)
    for made in everything:
        kept = NOT_EMPTY if _holds_others(holder.database, made) else None
        if kept is None:
            remove(holder, made.kind, made.portable_id)
        with holder.database.session() as session:
            session.execute(update(ImportEntity).where(ImportEntity.id == made.entity_id).values(kept=kept))
        yield Removed(made.entity, made.path, kept)
    lfs_objects.remove_unused(holder.database, holder.files)


def _begin(session: Session, bulk_import_id: int) -> None:
    """From now on it is an import that was taken back: nobody goes on with it."""
    bulk_import = session.get(BulkImport, bulk_import_id, with_for_update=True)
    _require_ended(bulk_import, bulk_import_id).rolled_back_at = func.now()


def _require_ended(bulk_import: BulkImport | None, bulk_import_id: int) -> BulkImport:
    if bulk_import is None:
        raise ImportNotFoundError(id=bulk_import_id)
    if bulk_import.status in OPEN_IMPORT:
        raise ImportAtWorkError(id=bulk_import_id)
    return bulk_import


def _made(session: Session, bulk_import_id: int) -> list[_Made]:
    """The groups and projects that an import made and that are still there, children before what they lie in."""
    entities = session.scalars(
        select(ImportEntity)
        .where(
            ImportEntity.bulk_import_id == bulk_import_id,
            func.num_nonnulls(ImportEntity.namespace_id, ImportEntity.project_id) > 0,
        )
        .order_by(ImportEntity.id.desc())
    )
    return [_of_entity(session, entity) for entity in entities]


def _of_entity(session: Session, entity: ImportEntity) -> _Made:
    if entity.project_id is not None:
        kind, portable_id, route = PortableKind.PROJECT, entity.project_id, Route.project_id
    else:
        assert entity.namespace_id is not None
        kind, portable_id, route = PortableKind.GROUP, entity.namespace_id, Route.namespace_id
    path = session.scalars(select(Route.path).where(route == portable_id)).one()
    return _Made(entity.id, entity.source_full_path, path, kind, portable_id)


def _holds_others(database: Database, made: _Made) -> bool:
    if made.kind is PortableKind.PROJECT:
        return False
    inside = (
        exists().where(Namespace.parent_id == made.portable_id),
        exists().where(Project.namespace_id == made.portable_id),
    )
    with database.session() as session:
        return any(session.scalar(select(found)) for found in inside)
