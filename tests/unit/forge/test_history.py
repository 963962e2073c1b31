"""Commits and tags made without a working tree."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from offline_transfer.forge.errors import BadCommitError, BadRefNameError, GitObjectNotFoundError, RefExistsError
from offline_transfer.forge.git import Git
from offline_transfer.forge.history import Signature, commit, tag
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath

WIKI = RepositoryPath(RepositoryKind.WIKI, 5)
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
ADA = Signature(name="Ada Lovelace", email="ada@example.com", date=NOON)


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    repositories = Repositories(tmp_path / "repositories", Git(fsync="none"))
    repositories.create(WIKI)
    return repositories


def show(repositories: Repositories, name: str) -> str:
    return repositories.git.output(repositories.place(WIKI), "cat-file", "-p", name).decode()


def listing(repositories: Repositories, commit: str) -> list[str]:
    place = repositories.place(WIKI)
    return repositories.git.output(place, "ls-tree", "-r", "-z", "--name-only", commit).decode().split("\0")[:-1]


def test_a_commit_is_the_same_for_the_same_input(repositories: Repositories) -> None:
    oid = commit(repositories, WIKI, branch="main", files={"a": b"1\n"}, message="Erste Änderung\n", author=ADA)
    assert oid == "2b88749d09d22c2ca9707df8276782d6ea1b3566"
    assert show(repositories, oid) == (
        "tree 2ce1eef76631e82282e0f7f0cf9e6f3e9a4a0b1e\n"
        "author Ada Lovelace <ada@example.com> 1709208000 +0000\n"
        "committer Ada Lovelace <ada@example.com> 1709208000 +0000\n"
        "\n"
        "Erste Änderung\n"
    )
    repositories.check(WIKI)


def test_commits_follow_each_other_and_change_files(repositories: Repositories) -> None:
    first = commit(repositories, WIKI, branch="main", files={"a": b"1", "b/c": b"2"}, message="1", author=ADA)
    second = commit(repositories, WIKI, branch="main", files={"a": None, "d": b"\0\xff"}, message="2", author=ADA)
    assert listing(repositories, first) == ["a", "b/c"]
    assert listing(repositories, second) == ["b/c", "d"]
    assert f"parent {first}\n" in show(repositories, second)
    assert repositories.resolve(WIKI, "refs/heads/main") == second


def test_a_branch_begins_where_it_is_told_and_is_merged(repositories: Repositories) -> None:
    first = commit(repositories, WIKI, branch="main", files={"a": b"1"}, message="1", author=ADA)
    side = commit(repositories, WIKI, branch="side", files={"b": b"2"}, message="2", author=ADA, start=first)
    files: dict[str, bytes | None] = {"b": b"2"}
    merged = commit(repositories, WIKI, branch="main", files=files, message="Merge", author=ADA, merge=[side])
    parents = [line for line in show(repositories, merged).splitlines() if line.startswith("parent")]
    assert parents == [f"parent {first}", f"parent {side}"]
    repositories.check(WIKI)


def test_odd_names_of_files_stay_as_they_are(repositories: Repositories) -> None:
    names = sorted(['"quoted"', "a\\n", "-rf", "über uns.md", "tab le", "日本語/図.png"], key=str.encode)
    oid = commit(repositories, WIKI, branch="main", files=dict.fromkeys(names, b"x"), message="Names", author=ADA)
    assert listing(repositories, oid) == names


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", ".git/config", ".GIT/config", "a//b", "a\nM x"]
)
def test_paths_that_leave_the_tree_are_refused(repositories: Repositories, path: str) -> None:
    with pytest.raises(BadCommitError, match="is no path of a file in a repository"):
        commit(repositories, WIKI, branch="main", files={path: b"x"}, message="x", author=ADA)
    assert repositories.is_empty(WIKI)


@pytest.mark.parametrize("parent", ["1" * 40, "absent", "main\nreset refs/heads/x"])
def test_a_parent_that_is_none_is_refused(repositories: Repositories, parent: str) -> None:
    with pytest.raises(BadCommitError):
        commit(repositories, WIKI, branch="main", files={"a": b"1"}, message="x", author=ADA, start=parent)
    assert repositories.is_empty(WIKI)
    assert list(repositories.place(WIKI).glob("fast_import_crash*")) == []


def test_a_bad_name_of_a_branch_is_refused(repositories: Repositories) -> None:
    with pytest.raises(BadRefNameError):
        commit(repositories, WIKI, branch="a b", files={"a": b"1"}, message="x", author=ADA)


@pytest.mark.parametrize(
    ("name", "email", "date"),
    [
        ("A <x>", "a@b", NOON),
        ("A\nparent x", "a@b", NOON),
        ("A", "a>b", NOON),
        ("A", "a@b", NOON.replace(tzinfo=None)),
    ],
)
def test_a_signature_that_would_break_its_line_is_refused(name: str, email: str, date: datetime) -> None:
    with pytest.raises(ValueError, match="a name or an address has one of"):
        Signature(name=name, email=email, date=date)


def test_the_time_of_a_signature_is_written_in_utc() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert Signature(name="A", email="a@b", date=elsewhere).line == "A <a@b> 1709208000 +0000"


def test_tags_point_to_commits_plainly_or_with_an_annotation(repositories: Repositories) -> None:
    oid = commit(repositories, WIKI, branch="main", files={"a": b"1"}, message="1", author=ADA)
    assert tag(repositories, WIKI, name="plain", target=oid) == oid
    annotated = tag(repositories, WIKI, name="v1.0", target=oid, message="Version 1", tagger=ADA)
    assert show(repositories, annotated) == (
        f"object {oid}\ntype commit\ntag v1.0\ntagger Ada Lovelace <ada@example.com> 1709208000 +0000\n\nVersion 1\n"
    )
    assert repositories.resolve(WIKI, "refs/tags/v1.0") == annotated
    repositories.check(WIKI)


def test_a_tag_is_not_moved_and_needs_a_commit(repositories: Repositories) -> None:
    first = commit(repositories, WIKI, branch="main", files={"a": b"1"}, message="1", author=ADA)
    second = commit(repositories, WIKI, branch="main", files={"a": b"2"}, message="2", author=ADA)
    tag(repositories, WIKI, name="v1", target=first)
    with pytest.raises(RefExistsError, match="refs/tags/v1 of the wiki of project 5 exists already"):
        tag(repositories, WIKI, name="v1", target=second)
    with pytest.raises(GitObjectNotFoundError, match="The wiki of project 5 has no commit 1111"):
        tag(repositories, WIKI, name="v2", target="1" * 40)
