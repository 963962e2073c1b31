"""Repositories that a stranger has prepared. Git itself refuses to make most of them, so they are made byte by byte."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.attacks.making.archives import Write, archive, attributes, files
from tests.support.crafted_bundles import CraftedBundle

MAIN: Final = b"refs/heads/main"
Refs = Iterable[tuple[str, bytes]]


def bundle(crafted: CraftedBundle, refs: Refs, *, head_lines: bytes = b"# v2 git bundle\n") -> bytes:
    """The bundle of these objects and refs."""
    with tempfile.TemporaryDirectory() as directory:
        return crafted.write(Path(directory) / "bundle", refs, head_lines=head_lines).read_bytes()


def repository(content: bytes, count: int) -> Write:
    """A bundle as the repository of the project, with so many refs announced."""
    return files("repository", {"repository.bundle": content}, count=count)


def good(directory: Path) -> Path:
    """One commit on one branch."""
    crafted = CraftedBundle()
    return archive(directory, repository(bundle(crafted, [(crafted.plain_commit(), MAIN)]), 1))


def with_refs(directory: Path, *names: bytes, default_branch: str = "main") -> Path:
    """One commit on `main` and under these names."""
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    content = bundle(crafted, [(oid, name) for name in sorted({MAIN, *names})])
    return archive(directory, repository(content, len(names) + 1), attributes(default_branch=default_branch))
