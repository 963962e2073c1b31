"""Where a repository lies: it follows from what it belongs to, never from a name that somebody chose."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from offline_transfer.types import PortableKind


class RepositoryKind(StrEnum):
    """What a repository holds; project, wiki and design repositories go by the project's id."""

    PROJECT = "project"
    WIKI = "wiki"
    DESIGN = "design"
    SNIPPET = "snippet"
    GROUP_WIKI = "group_wiki"


_PLACES: Final = {
    RepositoryKind.PROJECT: ("@hashed", ".git", "repository of project"),
    RepositoryKind.WIKI: ("@hashed", ".wiki.git", "wiki of project"),
    RepositoryKind.DESIGN: ("@hashed", ".design.git", "design repository of project"),
    RepositoryKind.SNIPPET: ("@snippets", ".git", "repository of snippet"),
    RepositoryKind.GROUP_WIKI: ("@groups", ".wiki.git", "wiki of group"),
}


_RELATIONS: Final = {
    (PortableKind.PROJECT, "repository"): RepositoryKind.PROJECT,
    (PortableKind.PROJECT, "wiki"): RepositoryKind.WIKI,
    (PortableKind.PROJECT, "design"): RepositoryKind.DESIGN,
    (PortableKind.GROUP, "wiki"): RepositoryKind.GROUP_WIKI,
}


@dataclass(frozen=True, slots=True)
class RepositoryPath:
    """Which repository: its kind and the id of the project, snippet or group that it belongs to."""

    kind: RepositoryKind
    owner_id: int

    @property
    def relative(self) -> PurePosixPath:
        """Its place below the root, in the manner of GitLab's hashed storage."""
        folder, suffix, _ = _PLACES[self.kind]
        digest = hashlib.sha256(str(self.owner_id).encode()).hexdigest()
        return PurePosixPath(folder, digest[:2], digest[2:4], digest + suffix)

    @classmethod
    def of_relation(cls, relation: str, portable: PortableKind, owner_id: int) -> "RepositoryPath | None":
        """The repository that a relation of a group or project holds; None for any other relation."""
        kind = _RELATIONS.get((portable, relation))
        return None if kind is None else cls(kind, owner_id)

    def __str__(self) -> str:
        return f"{_PLACES[self.kind][2]} {self.owner_id}"
