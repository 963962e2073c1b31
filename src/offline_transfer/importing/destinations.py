"""Into which groups somebody may import: asked when an import is taken on, and again for each entity before it is made."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import shown
from offline_transfer.forge.access import OPERATOR, Ability, Actor, allowed, can
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.importing import portables
from offline_transfer.importing.errors import (
    DestinationForbiddenError,
    DestinationNotFoundError,
    DestinationTakenError,
    NotRemovableError,
    ProjectAtRootError,
)
from offline_transfer.importing.request import Everything, Wanted
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.types import PortableKind

MOST_NAMED: Final = 20


def require_all(session: Session, actor: Actor, namespaces: Iterable[str]) -> None:
    """Raise DestinationForbiddenError, for the operator DestinationNotFoundError, naming every group that is not for this user."""
    refused = [path for path in dict.fromkeys(namespaces) if not _may(session, actor, path)]
    if not refused:
        return
    if actor is OPERATOR:
        raise DestinationNotFoundError(path="`, `".join(shown(path) for path in refused[:MOST_NAMED]))
    named = ", ".join(f"`{shown(path)}`" for path in refused[:MOST_NAMED])
    raise DestinationForbiddenError(paths=named)


def named_in(wanted: Sequence[Wanted] | Everything) -> list[str]:
    """The groups into which somebody wants something imported."""
    if isinstance(wanted, Everything):
        return [wanted.destination_namespace]
    return [item.destination_namespace for item in wanted]


def require(session: Session, actor: Actor, entity: ImportEntity, kind: PortableKind) -> Namespace | None:
    """The group into which an entity goes, None for the root, as the importing user may use it now.

    Raises DestinationForbiddenError, for the operator DestinationNotFoundError, and ProjectAtRootError.
    """
    require_all(session, actor, [entity.destination_namespace])
    namespace = portables.namespace_by_path(session, entity.destination_namespace)
    if namespace is None and kind is PortableKind.PROJECT:
        raise ProjectAtRootError(paths=f"`{shown(entity.source_full_path)}`")
    return namespace


def require_removable(session: Session, actor: Actor, bulk_import_id: int) -> None:
    """Raise NotRemovableError unless somebody owns all that an import has made, now."""
    entities = session.scalars(
        select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id, ImportEntity.parent_id.is_(None))
    ).all()
    project_ids = [entity.project_id for entity in entities if entity.project_id is not None]
    around = dict(session.execute(select(Project.id, Project.namespace_id).where(Project.id.in_(project_ids))).all())
    owning = {
        entity: around[entity.project_id] if entity.project_id is not None else entity.namespace_id
        for entity in entities
        if entity.project_id is not None or entity.namespace_id is not None
    }
    owned = allowed(session, actor, Ability.ADMIN_GROUP, {group for group in owning.values() if group is not None})
    foreign = [entity for entity, group in owning.items() if group not in owned]
    if foreign:
        named = [f"`{entity.destination_namespace}/{entity.destination_name}`" for entity in foreign[:MOST_NAMED]]
        raise NotRemovableError(paths=", ".join(named).replace("`/", "`"))


def _may(session: Session, actor: Actor, path: str) -> bool:
    try:
        namespace = portables.namespace_by_path(session, path)
    except (DestinationNotFoundError, DestinationTakenError):
        return False
    if namespace is None:
        return can(session, actor, Ability.CREATE_GROUP, None)
    return can(session, actor, Ability.ADMIN_GROUP, namespace.id)
