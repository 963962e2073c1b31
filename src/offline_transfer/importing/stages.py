"""In which order the pipelines of an entity run: a stage begins when the one before it has ended.

The numbers follow GitLab's stage tables for offline transfer; relations that GitLab does not import stand where what they refer to
is there. Users come first of all, so that whoever is named has a name from the start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from offline_transfer.relations.loader import tree
from offline_transfer.types import Edition, PortableKind

_PROJECT = {
    1: ("user_contributions", "project_members", "repository"),
    2: ("labels", "milestones", "project_badges", "custom_attributes", "wiki"),
    3: ("issues", "snippets"),
    4: (
        "boards", "merge_requests", "external_pull_requests", "protected_branches", "protected_tags", "project_feature",
        "container_expiration_policy", "service_desk_setting", "releases", "snippets_repository",
    ),
    5: (
        "ci_pipelines", "commit_notes", "uploads", "lfs_objects", "design", "auto_devops", "pipeline_schedules",
        "ci_cd_settings", "error_tracking_setting", "protected_environments", "security_setting", "push_rule",
        "approval_rules",
    ),
    6: ("vulnerabilities",),
}  # fmt: skip

_GROUP = {
    1: ("user_contributions", "members", "namespace_settings", "labels", "milestones"),
    2: ("badges", "iterations_cadences", "uploads", "wiki"),
    3: ("boards", "epics", "epic_boards"),
}

STAGES: Mapping[PortableKind, Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {PortableKind.PROJECT: _PROJECT, PortableKind.GROUP: _GROUP}
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline and its stage."""

    number: int
    relation: str


def pipelines(kind: PortableKind, edition: Edition) -> Iterator[Stage]:
    """The pipelines of one kind of portable in the order of their stages; Community Edition lacks some."""
    moving = tree(kind, edition)
    known = {node.name for node in moving.relations} | set(moving.files)
    for number, relations in STAGES[kind].items():
        for relation in relations:
            if relation in known:
                yield Stage(number, relation)
