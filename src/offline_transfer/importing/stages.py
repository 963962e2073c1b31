"""In which order the pipelines of an entity run: a stage begins when the one before it has ended.

The numbers follow GitLab's stage tables for offline transfer; relations that GitLab does not import stand where what they refer to
is there. Users come first of all, so that whoever is named has a name from the start.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final

from offline_transfer.importing.pipeline import Pipeline
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.importing.pipelines.special import SPECIAL
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

_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SourceVersions:
    """Which versions of GitLab write a relation: `16.11`, both ends included, whatever the patch level is."""

    minimum: str | None = None
    maximum: str | None = None

    def objection(self, source_version: str) -> str | None:
        """Why a source of this version does not have the relation; None when it does, or when the version says nothing."""
        found = _numbers(source_version)
        if found is None:
            return None
        if self.minimum is not None and found < (_numbers(self.minimum) or found):
            return f"GitLab has had this relation since {self.minimum}, and the source is {source_version}"
        if self.maximum is not None and found > (_numbers(self.maximum) or found):
            return f"GitLab had this relation up to {self.maximum}, and the source is {source_version}"
        return None


SOURCE_VERSIONS: Mapping[PortableKind, Mapping[str, SourceVersions]] = MappingProxyType(
    {
        PortableKind.PROJECT: {
            "repository": SourceVersions(minimum="15.1"),
            "design": SourceVersions(minimum="15.1"),
            "commit_notes": SourceVersions(minimum="15.10"),
            "vulnerabilities": SourceVersions(minimum="17.7"),
        },
        PortableKind.GROUP: {
            "namespace_settings": SourceVersions(minimum="15.0"),
            "iterations_cadences": SourceVersions(minimum="15.4"),
            "epic_boards": SourceVersions(minimum="18.4"),
        },
    }
)
"""Of the others nothing is known but that some exports have them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline and its stage."""

    number: int
    pipeline: Pipeline
    versions: SourceVersions = SourceVersions()
    objection: str | None = None
    """Why it is skipped for the version of the source."""

    @property
    def relation(self) -> str:
        """The relation of the pipeline."""
        return self.pipeline.relation


def pipelines(kind: PortableKind, edition: Edition, source_version: str | None = None) -> Iterator[Stage]:
    """The pipelines of one kind of portable in the order of their stages; Community Edition lacks some.

    `source_version` is that of the instance which wrote an archive. Without one, and for file-based exports, whose relations
    came and went at other times, no pipeline is out of range.
    """
    for stage in _stages(kind, edition):
        objection = None if source_version is None else stage.versions.objection(source_version)
        yield stage if objection is None else replace(stage, objection=objection)


@cache
def pipeline(kind: PortableKind, relation: str) -> Pipeline:
    """The pipeline of a relation."""
    return SPECIAL[kind].get(relation) or ndjson_pipeline(relation)


@cache
def _stages(kind: PortableKind, edition: Edition) -> tuple[Stage, ...]:
    moving = tree(kind, edition)
    known = {node.name for node in moving.relations} | set(moving.files)
    versions = SOURCE_VERSIONS[kind]
    return tuple(
        Stage(number, pipeline(kind, relation), versions.get(relation, SourceVersions()))
        for number, relations in STAGES[kind].items()
        for relation in relations
        if relation in known
    )


def _numbers(version: str) -> tuple[int, int] | None:
    match = _VERSION.match(version)
    return None if match is None else (int(match[1]), int(match[2]))
