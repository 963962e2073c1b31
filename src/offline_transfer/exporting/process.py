"""Starts an export: everything that lies in the given groups comes along, and each group and project gets a job."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import SELF_RELATION
from offline_transfer.exporting import names
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import GROUP_TYPE, add_portables, add_relations, as_portable
from offline_transfer.exporting.portables import Portable, relations_of
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.transfers.models import OfflineExport, RelationExport
from offline_transfer.transfers.states import OPEN_RELATION, ExportState, step

_OPEN_EXPORT = (ExportState.created, ExportState.started)


def start(context: ExportContext, offline_export_id: int) -> None:
    """Complete the rows of an export and defer the jobs of all groups and projects that are not done.

    May run again, also to go on after everything was killed. Does nothing when the export has ended.
    """
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id, with_for_update=True)
        if export.status not in _OPEN_EXPORT:
            return
        export.status = step(export.status, ExportState.started)
        add_portables(session, offline_export_id, _inside(session, offline_export_id))
        edition = context.settings.edition
        for portable in _portables(session, offline_export_id):
            relations = [(portable, relation) for relation in relations_of(portable.kind, edition)]
            add_relations(session, offline_export_id, relations)
        for self_export_id in _unfinished(session, offline_export_id):
            queue.defer(session, names.PORTABLE, export_id=self_export_id)
        queue.defer(session, names.FINISH, offline_export_id=offline_export_id)


def _inside(session: Session, offline_export_id: int) -> list[Portable]:
    """The groups and projects that lie in the groups of an export, however deep."""
    given = select(RelationExport.group_id).where(
        RelationExport.offline_export_id == offline_export_id, RelationExport.group_id.is_not(None)
    )
    groups = select(Namespace.id).where(Namespace.id.in_(given)).cte(recursive=True)
    groups = groups.union(select(Namespace.id).where(Namespace.parent_id == groups.c.id, Namespace.type == GROUP_TYPE))
    projects = select(Project.id).where(Project.namespace_id.in_(select(groups.c.id)))
    rows = session.execute(
        select(Route.path, Route.namespace_id, Route.project_id)
        .where(or_(Route.namespace_id.in_(select(groups.c.id)), Route.project_id.in_(projects)))
        .order_by(Route.path)
    )
    return [as_portable(*row) for row in rows]


def _portables(session: Session, offline_export_id: int) -> Sequence[Portable]:
    rows = session.execute(
        select(RelationExport.group_id, RelationExport.project_id)
        .where(RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION)
        .order_by(RelationExport.id)
    )
    # Paths do not matter for the rows.
    return [as_portable("", group_id, project_id) for group_id, project_id in rows]


def _unfinished(session: Session, offline_export_id: int) -> Sequence[int]:
    """The `self` rows of the groups and projects that have open relations: groups first, by id."""
    other = RelationExport.__table__.alias()
    return session.scalars(
        select(RelationExport.id)
        .where(
            RelationExport.offline_export_id == offline_export_id,
            RelationExport.relation == SELF_RELATION,
            select(other.c.id)
            .where(
                other.c.offline_export_id == offline_export_id,
                other.c.group_id.is_not_distinct_from(RelationExport.group_id),
                other.c.project_id.is_not_distinct_from(RelationExport.project_id),
                other.c.status.in_(OPEN_RELATION),
            )
            .exists(),
        )
        .order_by(RelationExport.group_id.nulls_last(), RelationExport.project_id)
    ).all()
