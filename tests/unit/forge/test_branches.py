"""Branches: made once, at commits, under names that nothing can mistake."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offline_transfer.forge.errors import BadRefNameError, GitObjectNotFoundError, RefExistsError
from offline_transfer.forge.git import Git
from offline_transfer.forge.history import Signature, commit
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath

PROJECT = RepositoryPath(RepositoryKind.PROJECT, 5)
ADA = Signature(name="Ada", email="ada@example.com", date=datetime(2024, 2, 29, 12, tzinfo=UTC))


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path / "repositories", Git(fsync="none"))


@pytest.fixture
def first(repositories: Repositories) -> str:
    """The only commit of PROJECT, on `main`."""
    repositories.create(PROJECT)
    return commit(repositories, PROJECT, branch="main", files={"README": b"Hello\n"}, message="First\n", author=ADA)


def test_a_branch_is_made_once(repositories: Repositories, first: str) -> None:
    second = commit(repositories, PROJECT, branch="main", files={"a": b"1"}, message="Two\n", author=ADA)
    repositories.create_branch(PROJECT, "feature", first)
    repositories.create_branch(PROJECT, "feature", first)
    assert repositories.resolve(PROJECT, "refs/heads/feature") == first
    with pytest.raises(RefExistsError, match="refs/heads/feature of the repository of project 5 exists already"):
        repositories.create_branch(PROJECT, "feature", second)


@pytest.mark.parametrize("oid", ["1" * 40, "main", "", "HEAD", "1" * 39])
def test_a_branch_needs_a_commit_named_by_its_hash(repositories: Repositories, first: str, oid: str) -> None:
    with pytest.raises(GitObjectNotFoundError, match="The repository of project 5 has no commit"):
        repositories.create_branch(PROJECT, "feature", oid)


def test_a_blob_is_no_commit(repositories: Repositories, first: str) -> None:
    blob = hashlib.sha1(b"blob 6\0Hello\n", usedforsecurity=False).hexdigest()
    assert repositories.has_commit(PROJECT, first)
    assert not repositories.has_commit(PROJECT, blob)


TOO_LONG = ("a" * 256, "é" * 128)
MISTAKABLE = ("", "-x", "--all", "refs/heads/x", "HEAD", "@", "0" * 40)
NOT_ALLOWED = (
    "../x",
    "a..b",
    "a.lock",
    "/a",
    "a/",
    "a//b",
    "a@{1}",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[b",
    "a\\b",
    "x.",
)
UNPRINTABLE = ("a b\n", "a\nb", "a\0b", "a\x7f", "a\ud800")


@pytest.mark.parametrize("name", [*TOO_LONG, *MISTAKABLE, *NOT_ALLOWED, *UNPRINTABLE, "a b"])
@pytest.mark.usefixtures("first")
def test_bad_names_of_branches_are_refused(repositories: Repositories, name: str) -> None:
    with pytest.raises(BadRefNameError):
        repositories.set_default_branch(PROJECT, name)


@pytest.mark.usefixtures("first")
def test_a_ref_is_found_by_its_whole_name_alone(repositories: Repositories) -> None:
    assert repositories.resolve(PROJECT, "refs/heads") is None
    assert repositories.resolve(PROJECT, "refs/heads/mai?") is None
    assert repositories.resolve(PROJECT, "main") is None
