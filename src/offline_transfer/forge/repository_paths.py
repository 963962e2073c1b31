"""Where a repository lies: it follows from what it belongs to, never from a name that somebody chose."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final


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

    def __str__(self) -> str:
        return f"{_PLACES[self.kind][2]} {self.owner_id}"
