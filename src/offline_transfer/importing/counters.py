"""Sets the counters of iids so that the next record gets a number that was never given, here or at the source."""

from collections.abc import Mapping

from psycopg import sql

from offline_transfer.db import Database
from offline_transfer.types import PortableKind

_PROJECT = {
    "issues": ("issues", "project_id"),
    "merge_requests": ("merge_requests", "target_project_id"),
    "project_milestones": ("milestones", "project_id"),
    "ci_pipelines": ("p_ci_pipelines", "project_id"),
    "design_management_designs": ("design_management_designs", "project_id"),
}
_GROUP = {
    "group_milestones": ("milestones", "group_id"),
    "epics": ("epics", "group_id"),
    "iterations": ("sprints", "group_id"),
}
USAGES: Mapping[PortableKind, Mapping[str, tuple[str, str]]] = {
    PortableKind.PROJECT: _PROJECT,
    PortableKind.GROUP: _GROUP,
}
"""The keys of `max_iids`: whose iids they count, and by which column. Project keys are GitLab's, group keys ours."""


def set_counters(database: Database, kind: PortableKind, portable_id: int, highest: Mapping[str, int]) -> None:
    """Raises each counter to the highest of what the source says and what was imported; may run twice."""
    owner = "project_id" if kind is PortableKind.PROJECT else "namespace_id"
    with database.raw_connection() as connection, connection.transaction():
        for usage, (table, column) in USAGES[kind].items():
            connection.execute(
                sql.SQL(
                    "INSERT INTO internal_ids ({owner}, usage, last_value)"
                    " SELECT %s, %s, greatest(%s, max(iid)) FROM {table} WHERE {column} = %s"
                    " HAVING greatest(%s, max(iid)) > 0"
                    " ON CONFLICT ({owner}, usage)"
                    " DO UPDATE SET last_value = greatest(internal_ids.last_value, excluded.last_value)"
                ).format(owner=sql.Identifier(owner), table=sql.Identifier(table), column=sql.Identifier(column)),
                [portable_id, usage, highest.get(usage), portable_id, highest.get(usage)],
            )
