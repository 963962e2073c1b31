"""The names inside a file-based export, and what each stands for. Nobody else knows one.

Source: GitLab's `lib/gitlab/import_export`. A group's uploads and highest iids have no place in GitLab's exports of groups;
ours lie where GitLab's importer does not look.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from offline_transfer.types import PortableKind

FORMAT_VERSION: Final = "0.2.4"
"""GitLab's version of this layout since 11.1; its importer asks for exactly this one."""

_ID: Final = r"(?P<group>[1-9][0-9]{0,18})"
_RELATION: Final = r"(?P<name>[a-z_]{1,64})"
_FILE: Final = r"(?P<name>[^/]+)"


class Part(StrEnum):
    """What a file of an export is."""

    FORMAT_VERSION = "VERSION"
    GITLAB_VERSION = "GITLAB_VERSION"
    GITLAB_REVISION = "GITLAB_REVISION"
    PROJECT = "project"
    PROJECT_RELATION = "project relation"
    GROUP_LIST = "list of groups"
    GROUP = "group"
    GROUP_RELATION = "group relation"
    PROJECT_DOCUMENT = "project as one document"
    GROUP_DOCUMENT = "group as one document"
    REPOSITORY = "repository"
    WIKI = "wiki"
    DESIGN = "design"
    SNIPPET_REPOSITORY = "repository of a snippet"
    GROUP_WIKI = "wiki of a group"
    UPLOAD = "upload"
    AVATAR = "avatar"
    LFS_OBJECT = "LFS object"
    LFS_TYPES = "repository types of LFS objects"
    MAX_IIDS = "highest iids"
    GROUP_UPLOAD = "upload of a group"
    GROUP_MAX_IIDS = "highest iids of a group"


_PATTERNS: Final = {
    Part.FORMAT_VERSION: r"VERSION",
    Part.GITLAB_VERSION: r"GITLAB_VERSION",
    Part.GITLAB_REVISION: r"GITLAB_REVISION",
    Part.PROJECT: r"tree/project\.json",
    Part.PROJECT_RELATION: rf"tree/project/{_RELATION}\.ndjson",
    Part.GROUP_LIST: r"tree/groups/_all\.ndjson",
    Part.GROUP: rf"tree/groups/{_ID}\.json",
    Part.GROUP_RELATION: rf"tree/groups/{_ID}/{_RELATION}\.ndjson",
    Part.PROJECT_DOCUMENT: r"project\.json",
    Part.GROUP_DOCUMENT: r"group\.json",
    Part.REPOSITORY: r"project\.bundle",
    Part.WIKI: r"project\.wiki\.bundle",
    Part.DESIGN: r"project\.design\.bundle",
    Part.SNIPPET_REPOSITORY: r"snippets/(?P<name>[0-9a-f]{64}\.bundle)",
    Part.GROUP_WIKI: rf"repositories/{_ID}\.wiki\.bundle",
    Part.GROUP_UPLOAD: rf"groups/{_ID}/uploads/(?P<name>.+)",
    Part.GROUP_MAX_IIDS: rf"groups/{_ID}/max_iids\.json",
    Part.UPLOAD: r"uploads/(?P<name>.+)",
    Part.AVATAR: rf"(?P<name>avatar/{_FILE.replace('name', 'file')})",
    Part.LFS_OBJECT: r"lfs-objects/(?P<name>[0-9a-f]{64})",
    Part.LFS_TYPES: r"lfs-objects\.json",
    Part.MAX_IIDS: r"max_iids\.json",
}
_COMPILED: Final = {part: re.compile(pattern) for part, pattern in _PATTERNS.items()}

TREE_KINDS: Final = {
    Part.PROJECT: PortableKind.PROJECT,
    Part.PROJECT_RELATION: PortableKind.PROJECT,
    Part.GROUP_LIST: PortableKind.GROUP,
    Part.GROUP: PortableKind.GROUP,
    Part.GROUP_RELATION: PortableKind.GROUP,
}
"""The parts of a tree, and what they make of an export."""


@dataclass(frozen=True, slots=True)
class Place:
    """What one path stands for: the part, the name of its relation or member, and the id of its group."""

    part: Part
    name: str = ""
    group: int = 0


def place(path: str) -> Place | None:
    """What a path inside an export stands for; None for one that no export has."""
    for part, pattern in _COMPILED.items():
        if match := pattern.fullmatch(path):
            found = match.groupdict()
            return Place(part, found.get("name") or "", int(found.get("group") or 0))
    return None


def relation_file(relation: str) -> str:
    """Where a relation of a project lies."""
    return f"tree/project/{relation}.ndjson"


def group_file(group: int) -> str:
    """Where a group's own attributes lie."""
    return f"tree/groups/{group}.json"


def group_relation_file(group: int, relation: str) -> str:
    """Where a relation of a group lies."""
    return f"tree/groups/{group}/{relation}.ndjson"


def group_wiki(group: int) -> str:
    """Where the bundle of a group's wiki lies."""
    return f"repositories/{group}.wiki.bundle"


def group_uploads(group: int) -> str:
    """The directory of a group's uploads."""
    return f"groups/{group}/uploads"


def group_max_iids(group: int) -> str:
    """Where a group's highest iids lie."""
    return f"groups/{group}/max_iids.json"


ROOT_FILE: Final = "tree/project.json"
GROUP_LIST_FILE: Final = "tree/groups/_all.ndjson"
LFS_TYPES_FILE: Final = "lfs-objects.json"
MAX_IIDS_FILE: Final = "max_iids.json"
AVATAR: Final = "avatar"
UPLOADS: Final = "uploads"
LFS_OBJECTS: Final = "lfs-objects"
SNIPPETS: Final = "snippets"
BUNDLES: Final = {"repository": "project.bundle", "wiki": "project.wiki.bundle", "design": "project.design.bundle"}
"""The relations that are one repository, and their bundles."""
