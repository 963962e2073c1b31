"""Takes an export on: what cannot be exported is refused here, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION, ExportPrefix
from offline_transfer.db import Database
from offline_transfer.exporting import names
from offline_transfer.exporting.errors import NothingToExportError, PortablesNotFoundError
from offline_transfer.exporting.portables import Portable
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.settings import Settings
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.types import PortableKind

GROUP_TYPE = "Group"


@dataclass(frozen=True, slots=True)
class CreatedExport:
    """An export that was taken on: its id, and the directory that it will write."""

    id: int
    prefix: ExportPrefix


def create_export(
    database: Database,
    settings: Settings,
    *,
    paths: Sequence[str],
    location: str,
    endpoint: str | None = None,
    user_id: int | None = None,
) -> CreatedExport:
    """Write the rows of an export of the groups and projects with these full paths to a location, and defer its job.

    Raises NothingToExportError, PortablesNotFoundError.
    """
    if not paths:
        raise NothingToExportError
    prefix = ExportPrefix.generate(datetime.now(UTC))
    with database.session() as session:
        portables = find_portables(session, paths)
        export = OfflineExport(user_id=user_id, batch_size=settings.batch_size)
        session.add(export)
        session.flush()
        session.add(
            OfflineConfiguration(
                offline_export_id=export.id,
                location=location,
                endpoint=endpoint,
                export_prefix=str(prefix),
                source_hostname=settings.instance_url,
            )
        )
        add_portables(session, export.id, portables)
        queue.defer(session, names.EXPORT, offline_export_id=export.id)
        return CreatedExport(export.id, prefix)


def find_portables(session: Session, paths: Sequence[str]) -> list[Portable]:
    """The groups and projects with these full paths, whatever their case. Raises PortablesNotFoundError naming all unknown ones."""
    wanted = {path.strip("/").lower(): path for path in paths}
    rows = session.execute(
        select(Route.path, Route.namespace_id, Route.project_id)
        .outerjoin(Namespace, Namespace.id == Route.namespace_id)
        .where(func.lower(Route.path).in_(wanted))
        .where(Route.project_id.is_not(None) | (Namespace.type == GROUP_TYPE))
        .order_by(Route.path)
    )
    found = [as_portable(*row) for row in rows]
    if unknown := wanted.keys() - {portable.path.lower() for portable in found}:
        named = ", ".join(f"`{ascii(wanted[path][:200])[1:-1]}`" for path in sorted(unknown))
        raise PortablesNotFoundError(paths=named)
    return found


def add_portables(session: Session, offline_export_id: int, portables: Sequence[Portable]) -> None:
    """Write down that these are exported; those that are already stay as they are."""
    add_relations(session, offline_export_id, [(portable, SELF_RELATION) for portable in portables])


def add_relations(session: Session, offline_export_id: int, relations: Sequence[tuple[Portable, str]]) -> None:
    """Write down that these relations are exported; those that are already stay as they are."""
    if not relations:
        return
    session.execute(
        insert(RelationExport).on_conflict_do_nothing(),
        [
            {
                "offline_export_id": offline_export_id,
                "group_id": portable.group_id,
                "project_id": portable.project_id,
                "relation": relation,
            }
            for portable, relation in relations
        ],
    )


def as_portable(path: str, namespace_id: int | None, project_id: int | None) -> Portable:
    """The group or the project whose id is given."""
    if namespace_id is not None:
        return Portable(PortableKind.GROUP, namespace_id, path)
    assert project_id is not None
    return Portable(PortableKind.PROJECT, project_id, path)
