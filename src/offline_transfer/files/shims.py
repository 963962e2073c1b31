"""Names of relation files that GitLab has changed or given up: each with its reason.

What changed inside records is the import's to understand (`importing.shims`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from offline_transfer.types import PortableKind


@dataclass(frozen=True, slots=True)
class FormerName:
    """A relation file that is read as another relation."""

    former: str
    relation: str
    reason: str


@dataclass(frozen=True, slots=True)
class FormerRelation:
    """A relation that exports held once and no import takes any more; its records are counted and named."""

    name: str
    reason: str


RENAMED: Mapping[PortableKind, tuple[FormerName, ...]] = MappingProxyType(
    {
        PortableKind.PROJECT: (
            FormerName(
                "pipelines",
                "ci_pipelines",
                "exports held pipelines under their bare name before the relation took the name of its model; "
                "GitLab's importer still knows both",
            ),
        ),
        PortableKind.GROUP: (),
    }
)

GIVEN_UP: Mapping[PortableKind, tuple[FormerRelation, ...]] = MappingProxyType(
    {
        PortableKind.PROJECT: (
            FormerRelation("services", "integrations hold credentials and addresses of the source's surroundings"),
            FormerRelation("integrations", "the later name of services"),
            FormerRelation("hooks", "webhooks would call the source's surroundings"),
            FormerRelation("triggers", "a trigger is a token"),
            FormerRelation("prometheus_metrics", "GitLab removed metrics dashboards in 16.0"),
            FormerRelation("metrics_setting", "GitLab removed metrics dashboards in 16.0"),
            FormerRelation("design_management_repository", "a storage detail; designs travel with their issues"),
        ),
        PortableKind.GROUP: (),
    }
)


def current_name(kind: PortableKind, name: str) -> str:
    """The relation that a file of this name holds."""
    return next((shim.relation for shim in RENAMED[kind] if shim.former == name), name)


def former_names(kind: PortableKind, relation: str) -> tuple[str, ...]:
    """The names under which a relation may lie besides its own."""
    return tuple(shim.former for shim in RENAMED[kind] if shim.relation == relation)


def given_up(kind: PortableKind, name: str) -> str | None:
    """Why a relation that no tree knows is not imported, where that is known."""
    return next((relation.reason for relation in GIVEN_UP[kind] if relation.name == name), None)
