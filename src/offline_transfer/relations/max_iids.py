"""The counters of numbered records: under which key they travel in `max_iids`, and where they live.

The keys of a project are GitLab's; those of a group are ours, after the same pattern. Source: MaxIidsSaver of GitLab.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from offline_transfer.types import PortableKind


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter: its key in `max_iids`, its `usage` in `internal_ids`, the table whose iids it counts and by which column."""

    key: str
    usage: str
    table: str
    owner_column: str


COUNTERS: Mapping[PortableKind, tuple[Counter, ...]] = MappingProxyType(
    {
        PortableKind.PROJECT: (
            Counter("issues", "issues", "issues", "project_id"),
            Counter("merge_requests", "merge_requests", "merge_requests", "target_project_id"),
            Counter("project_milestones", "milestones", "milestones", "project_id"),
            Counter("ci_pipelines", "ci_pipelines", "p_ci_pipelines", "project_id"),
            Counter(
                "design_management_designs", "design_management_designs", "design_management_designs", "project_id"
            ),
        ),
        PortableKind.GROUP: (
            Counter("group_milestones", "milestones", "milestones", "group_id"),
            Counter("epics", "epics", "epics", "group_id"),
            Counter("iterations", "sprints", "sprints", "group_id"),
        ),
    }
)
