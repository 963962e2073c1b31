"""Repositories that a stranger has prepared. Git itself refuses to make most of them, so they are made byte by byte."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.attacks.making.archives import Write, archive, attributes, files
from tests.support.crafted_bundles import CraftedBundle

MAIN: Final = b"refs/heads/main"
Refs = Iterable[tuple[str, bytes]]
Make = Callable[[], bytes]


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


def refused(directory: Path, make: Make) -> Path:
    """A bundle that Git has to refuse, of which three refs are announced."""
    return archive(directory, repository(make(), 3))


def with_submodule(directory: Path, url: str) -> Path:
    """A commit with a submodule of this address."""
    crafted = CraftedBundle()
    modules = crafted.blob(b'[submodule "x"]\n\tpath = x\n\turl = %s\n' % url.encode())
    commit = crafted.commit_of((b"100644", b".gitmodules", modules), (b"160000", b"x", "1" * 40))
    return archive(directory, repository(bundle(crafted, [(commit, MAIN)]), 1))


def _hook() -> bytes:
    crafted = CraftedBundle()
    hooks = crafted.tree((b"100755", b"post-checkout", crafted.blob(b"#!/bin/sh\ntouch /tmp/owned\n")))
    return bundle(crafted, [(crafted.commit_of((b"40000", b".git", crafted.tree((b"40000", b"hooks", hooks)))), MAIN)])


def _submodule_upwards() -> bytes:
    crafted = CraftedBundle()
    modules = crafted.blob(b'[submodule "../../hooks"]\n\tpath = x\n\turl = https://example.com/x.git\n')
    return bundle(crafted, [(crafted.commit_of((b"100644", b".gitmodules", modules)), MAIN)])


def _partial() -> bytes:
    crafted = CraftedBundle()
    lines = b"# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n"
    return bundle(crafted, [(crafted.plain_commit(), MAIN)], head_lines=lines)


REFUSED: Final[Mapping[str, tuple[Make, str]]] = MappingProxyType(
    {
        "hook": (_hook, "hasDotgit"),
        "partial": (_partial, "it has a capability that is not supported; partial bundles are not complete"),
        "submodule upwards": (_submodule_upwards, "gitmodulesName"),
    }
)
"""Bundles of which nothing may be kept, and what is said of them."""
