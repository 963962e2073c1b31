"""Which relations have a pipeline of their own."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from offline_transfer.importing.pipeline import Pipeline
from offline_transfer.importing.pipelines.common.uploads import UPLOADS
from offline_transfer.importing.pipelines.common.user_contributions import USER_CONTRIBUTIONS
from offline_transfer.importing.pipelines.common.wiki import WIKI
from offline_transfer.importing.pipelines.projects.design import DESIGN
from offline_transfer.importing.pipelines.projects.lfs_objects import LFS_OBJECTS
from offline_transfer.importing.pipelines.projects.repository import REPOSITORY
from offline_transfer.importing.pipelines.projects.snippets_repository import SNIPPETS_REPOSITORY
from offline_transfer.types import PortableKind


def _by_relation(pipelines: Iterable[Pipeline]) -> Mapping[str, Pipeline]:
    return MappingProxyType({pipeline.relation: pipeline for pipeline in pipelines})


_COMMON: Final = (UPLOADS, USER_CONTRIBUTIONS, WIKI)

SPECIAL: Final = MappingProxyType(
    {
        PortableKind.PROJECT: _by_relation((*_COMMON, REPOSITORY, DESIGN, SNIPPETS_REPOSITORY, LFS_OBJECTS)),
        PortableKind.GROUP: _by_relation(_COMMON),
    }
)
"""All others are made of what the relation file says."""
