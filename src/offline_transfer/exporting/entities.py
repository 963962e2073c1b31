"""The groups and projects of an export: those that were named, and those that lie in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import SELF_RELATION
from offline_transfer.db import psycopg_connection
from offline_transfer.exporting.errors import (
    NotExportableError,
    NothingToExportError,
    PortablesNotFoundError,
    TooManyPortablesError,
    UnlikeEntitiesError,
)
from offline_transfer.exporting.portables import Portable, as_portable, relations_of
from offline_transfer.exporting.request import MOST_ENTITIES, RequestedEntity
from offline_transfer.forge.access import OPERATOR, Ability, Actor, allowed
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.transfers.errors import UnknownSkippedRelationError
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.types import Edition, JsonObject, PortableKind

GROUP_TYPE: Final = "Group"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A group or project that was named, and what was said of it."""

    portable: Portable
    entity: RequestedEntity

    def to_json(self) -> JsonObject:
        """As the row of an export keeps it."""
        return {
            "full_path": self.portable.path,
            "group_id": self.portable.group_id,
            "project_id": self.portable.project_id,
            "skip_relations": list(self.entity.skip_relations),
            "include_descendants": self.entity.include_descendants,
        }


def choose(session: Session, entities: Sequence[RequestedEntity], actor: Actor) -> list[Chosen]:
    """What was named, each once, by path.

    Raises NothingToExportError, TooManyPortablesError, UnlikeEntitiesError, UnknownSkippedRelationError, NotExportableError (for
    the operator PortablesNotFoundError) with all paths that do not exist or may not be exported.
    """
    wanted = _by_path(entities)
    found = _portables(session, wanted)
    if actor is OPERATOR:
        _require_all(wanted, found, PortablesNotFoundError)
    else:
        _require_all(wanted, _exportable(session, actor, found), NotExportableError)
    chosen = [Chosen(portable, wanted[portable.path.lower()]) for portable in found]
    for one in chosen:
        _require_known_relations(one)
    return chosen


def find_portables(session: Session, paths: Iterable[str]) -> list[Portable]:
    """The groups and projects with these full paths, whatever their case. Raises PortablesNotFoundError naming all unknown ones."""
    wanted = {path.strip("/").lower(): RequestedEntity(full_path=path) for path in paths}
    found = _portables(session, wanted)
    _require_all(wanted, found, PortablesNotFoundError)
    return found


# Who was named speaks for what lies below, down to the next one that was named too.
_BROUGHT: Final = """
WITH RECURSIVE named AS (
    SELECT number, entity.* FROM jsonb_array_elements(%(entities)s::jsonb) WITH ORDINALITY AS item (value, number),
        jsonb_to_record(value) AS entity
            (full_path text, group_id bigint, project_id bigint, skip_relations jsonb, include_descendants boolean)
), groups AS (
    SELECT group_id AS id, number, include_descendants FROM named WHERE group_id IS NOT NULL
    UNION
    SELECT child.id, groups.number, groups.include_descendants
    FROM groups JOIN namespaces AS child ON child.parent_id = groups.id
    WHERE groups.include_descendants AND child.type = %(group_type)s
        AND NOT EXISTS (SELECT FROM named WHERE named.group_id = child.id)
), portables AS (
    SELECT id AS group_id, NULL::bigint AS project_id, number FROM groups
    UNION ALL
    SELECT NULL, project_id, number FROM named WHERE project_id IS NOT NULL
    UNION ALL
    SELECT NULL, projects.id, groups.number FROM groups JOIN projects ON projects.namespace_id = groups.id
    WHERE groups.include_descendants AND NOT EXISTS (SELECT FROM named WHERE named.project_id = projects.id)
), brought AS (
    SELECT portables.group_id, portables.project_id, coalesce(of_group.path, of_project.path, named.full_path) AS full_path,
        ARRAY(SELECT jsonb_array_elements_text(named.skip_relations)) AS skip_relations
    FROM portables JOIN named USING (number)
        LEFT JOIN routes AS of_group ON of_group.namespace_id = portables.group_id
        LEFT JOIN routes AS of_project ON of_project.project_id = portables.project_id
    ORDER BY portables.group_id NULLS LAST, portables.project_id
)
"""

_ADD: Final = f"""{_BROUGHT}
INSERT INTO bulk_import_exports (offline_export_id, user_id, relation, group_id, project_id, full_path, skip_relations)
SELECT %(id)s, %(user_id)s, %(relation)s, group_id, project_id, full_path, skip_relations FROM brought
ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own text

# The planner takes what is named for thousands of groups, and would read all projects of the instance to find theirs.
_FROM_ROW_TO_ROW: Final = (
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
)
_AS_USUAL: Final = "RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_seqscan"


def add_chosen(session: Session, export: OfflineExport) -> None:
    """Write down that what was named is exported: one `self` relation each, those that are there already stay as they are."""
    _add(session, export, [{**entity, "include_descendants": False} for entity in export.entities])


def add_all(session: Session, export: OfflineExport) -> None:
    """Write down that what was named is exported with all that it brings; may run again."""
    _add(session, export, export.entities)


def would_bring(session: Session, export: OfflineExport) -> list[Portable]:
    """The groups and projects that an export of the same would have now; what was named and is gone is among them."""
    query = f"{_BROUGHT} SELECT full_path, group_id, project_id FROM brought"  # noqa: S608 - our own text
    rows = psycopg_connection(session).execute(query.encode(), _named(export.entities))
    return [as_portable(*row) for row in rows]


def _named(entities: Sequence[JsonObject]) -> dict[str, object]:
    return {"entities": orjson.dumps(entities).decode(), "group_type": GROUP_TYPE}


def _add(session: Session, export: OfflineExport, entities: Sequence[JsonObject]) -> None:
    connection = psycopg_connection(session)
    connection.execute(_FROM_ROW_TO_ROW)
    connection.execute(
        _ADD,
        {**_named(entities), "id": export.id, "user_id": export.user_id, "relation": SELF_RELATION},
    )
    connection.execute(_AS_USUAL)


def _by_path(entities: Sequence[RequestedEntity]) -> dict[str, RequestedEntity]:
    if len(entities) > MOST_ENTITIES:
        raise TooManyPortablesError(count=len(entities), limit=MOST_ENTITIES)
    wanted: dict[str, RequestedEntity] = {}
    for entity in entities:
        path = entity.full_path.strip().strip("/").lower()
        if not path:
            raise NothingToExportError
        known = wanted.setdefault(path, entity)
        if _said(known) != _said(entity):
            raise UnlikeEntitiesError(path=shown(entity.full_path))
    if not wanted:
        raise NothingToExportError
    return wanted


def _said(entity: RequestedEntity) -> tuple[frozenset[str], bool]:
    return frozenset(entity.skip_relations), entity.include_descendants


def _portables(session: Session, wanted: Iterable[str]) -> list[Portable]:
    rows = session.execute(
        select(Route.path, Route.namespace_id, Route.project_id)
        .outerjoin(Namespace, Namespace.id == Route.namespace_id)
        .where(func.lower(Route.path).in_([path for path in wanted if "\0" not in path]))
        .where(Route.project_id.is_not(None) | (Namespace.type == GROUP_TYPE))
        .order_by(Route.path)
    )
    return [as_portable(*row) for row in rows]


def _exportable(session: Session, actor: Actor, portables: Sequence[Portable]) -> list[Portable]:
    permitted = {
        kind: allowed(session, actor, Ability.to_admin(kind), [one.id for one in portables if one.kind is kind])
        for kind in PortableKind
    }
    return [portable for portable in portables if portable.id in permitted[portable.kind]]


def _require_all(
    wanted: dict[str, RequestedEntity],
    found: Sequence[Portable],
    error: type[PortablesNotFoundError] | type[NotExportableError],
) -> None:
    if missing := wanted.keys() - {portable.path.lower() for portable in found}:
        raise error(paths=", ".join(f"`{shown(wanted[path].full_path)}`" for path in sorted(missing)))


def _require_known_relations(chosen: Chosen) -> None:
    # What a group brings has relations that groups have not.
    kinds = list(PortableKind) if chosen.portable.kind is PortableKind.GROUP else [PortableKind.PROJECT]
    known = {relation for kind in kinds for relation in relations_of(kind, Edition.EE)} - {SELF_RELATION}
    if unknown := sorted(set(chosen.entity.skip_relations) - known):
        named = ", ".join(f"`{shown(name)}`" for name in unknown[:10])
        raise UnknownSkippedRelationError(relations=named, path=chosen.portable.path, known=", ".join(sorted(known)))
