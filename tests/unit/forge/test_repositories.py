"""Repositories: where they lie, what a bundle carries over, and what is left out."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offline_transfer.forge.errors import (
    GitDiskFullError,
    GitFailedError,
    RepositoryExistsError,
    RepositoryNotFoundError,
)
from offline_transfer.forge.git import Git
from offline_transfer.forge.history import Signature, commit, tag
from offline_transfer.forge.repositories import Ref, Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from tests.support.crafted_bundles import CraftedBundle

PROJECT = RepositoryPath(RepositoryKind.PROJECT, 5)
COPY = RepositoryPath(RepositoryKind.PROJECT, 6)
ADA = Signature(name="Ada", email="ada@example.com", date=datetime(2024, 2, 29, 12, tzinfo=UTC))


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path / "repositories", Git(fsync="none"))


@pytest.fixture
def first(repositories: Repositories) -> str:
    """The only commit of PROJECT, on `main`."""
    repositories.create(PROJECT)
    return commit(repositories, PROJECT, branch="main", files={"README": b"Hello\n"}, message="First\n", author=ADA)


def files_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("kind", "place", "words"),
    [
        (RepositoryKind.PROJECT, "@hashed/d4/73/{}.git", "repository of project 2"),
        (RepositoryKind.WIKI, "@hashed/d4/73/{}.wiki.git", "wiki of project 2"),
        (RepositoryKind.DESIGN, "@hashed/d4/73/{}.design.git", "design repository of project 2"),
        (RepositoryKind.SNIPPET, "@snippets/d4/73/{}.git", "repository of snippet 2"),
        (RepositoryKind.GROUP_WIKI, "@groups/d4/73/{}.wiki.git", "wiki of group 2"),
    ],
)
def test_a_repository_lies_where_its_owner_says(kind: RepositoryKind, place: str, words: str) -> None:
    digest = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"
    path = RepositoryPath(kind, 2)
    assert (str(path.relative), str(path)) == (place.format(digest), words)


def test_a_new_repository_is_empty(repositories: Repositories) -> None:
    assert not repositories.exists(PROJECT)
    repositories.create(PROJECT)
    assert repositories.exists(PROJECT)
    assert repositories.is_empty(PROJECT)
    assert list(repositories.refs(PROJECT)) == []
    assert repositories.default_branch(PROJECT) is None
    assert repositories.place(PROJECT).stat().st_mode & 0o777 == 0o700


def test_creating_an_empty_repository_again_changes_nothing(repositories: Repositories) -> None:
    repositories.create(PROJECT)
    repositories.set_default_branch(PROJECT, "trunk")
    repositories.create(PROJECT)
    assert (repositories.place(PROJECT) / "HEAD").read_text() == "ref: refs/heads/trunk\n"


@pytest.mark.usefixtures("first")
def test_a_repository_with_history_is_not_created_anew(repositories: Repositories) -> None:
    with pytest.raises(RepositoryExistsError, match="The repository of project 5 exists already"):
        repositories.create(PROJECT)


def test_what_does_not_exist_is_named(repositories: Repositories) -> None:
    with pytest.raises(RepositoryNotFoundError, match="There is no repository of project 5 in this instance"):
        list(repositories.refs(PROJECT))


@pytest.mark.usefixtures("first")
def test_a_deleted_repository_is_gone(repositories: Repositories) -> None:
    repositories.delete(PROJECT)
    repositories.delete(PROJECT)
    assert not repositories.exists(PROJECT)
    assert files_below(repositories.root) == []


def test_a_bundle_carries_all_refs_and_the_default_branch(
    repositories: Repositories, first: str, tmp_path: Path
) -> None:
    second = commit(
        repositories, PROJECT, branch="feature/ß", files={"a": b"1"}, message="Two\n", author=ADA, start=first
    )
    annotated = tag(repositories, PROJECT, name="v1", target=first, message="One", tagger=ADA)
    for ref in ("refs/merge-requests/1/head", f"refs/keep-around/{second}", "refs/notes/commits"):
        repositories.create_ref(PROJECT, ref, second)
    repositories.set_default_branch(PROJECT, "feature/ß")
    bundle = tmp_path / "repository.bundle"
    assert repositories.bundle(PROJECT, bundle) == 6
    restored = repositories.restore(COPY, bundle)
    assert (restored.kept, restored.dropped, restored.dropped_names) == (6, 0, ())
    assert restored.default_branch == repositories.default_branch(COPY) == "feature/ß"
    assert list(repositories.refs(COPY)) == [
        Ref("refs/heads/feature/ß", second),
        Ref("refs/heads/main", first),
        Ref(f"refs/keep-around/{second}", second),
        Ref("refs/merge-requests/1/head", second),
        Ref("refs/notes/commits", second),
        Ref("refs/tags/v1", annotated),
    ]
    repositories.check(COPY)


def test_the_same_repository_gives_the_same_bundle(repositories: Repositories, first: str, tmp_path: Path) -> None:
    for number in range(20):
        files: dict[str, bytes | None] = {f"{number}.txt": b"line\n" * number}
        commit(repositories, PROJECT, branch="main", files=files, message="More\n", author=ADA)
    for name in ("one", "two"):
        repositories.bundle(PROJECT, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_empty_repository_makes_no_bundle(repositories: Repositories, tmp_path: Path) -> None:
    repositories.create(PROJECT)
    assert repositories.bundle(PROJECT, tmp_path / "repository.bundle") == 0
    assert not (tmp_path / "repository.bundle").exists()


def test_a_bundle_never_replaces_a_file(repositories: Repositories, first: str, tmp_path: Path) -> None:
    target = tmp_path / "repository.bundle"
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        repositories.bundle(PROJECT, target)
    assert target.read_text() == "mine"


def test_a_bundle_that_cannot_be_finished_is_removed(repositories: Repositories, first: str, tmp_path: Path) -> None:
    [kept] = (repositories.place(PROJECT) / "objects" / first[:2]).iterdir()
    kept.unlink()
    with pytest.raises(GitFailedError):
        repositories.bundle(PROJECT, tmp_path / "repository.bundle")
    assert not (tmp_path / "repository.bundle").exists()


def test_internal_refs_of_a_source_are_left_out_and_named(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    true, false = crafted.plain_commit(), crafted.commit(crafted.tree())
    names = [f"refs/replace/{true}", "refs/pipelines/7", "refs/environments/x", "refs/remotes/o/m", "refs/stash"]
    refs = [(true, b"refs/heads/main"), *((false, name.encode()) for name in names), (true, b"HEAD")]
    restored = repositories.restore(PROJECT, crafted.write(tmp_path / "b", refs))
    assert (restored.kept, restored.dropped, restored.dropped_names) == (1, 5, tuple(names))
    assert list(repositories.refs(PROJECT)) == [Ref("refs/heads/main", true)]


def test_a_bundle_of_internal_refs_alone_gives_an_empty_repository(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    bundle = crafted.write(tmp_path / "b", [(crafted.plain_commit(), b"refs/pipelines/7")])
    restored = repositories.restore(PROJECT, bundle)
    assert (restored.kept, restored.dropped, restored.default_branch) == (0, 1, None)
    assert repositories.is_empty(PROJECT)


def test_of_many_dropped_refs_the_first_are_named_and_all_are_counted(
    repositories: Repositories, tmp_path: Path
) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    refs = [(oid, b"refs/pipelines/%d" % number) for number in range(1200)]
    restored = repositories.restore(PROJECT, crafted.write(tmp_path / "b", refs))
    assert (restored.dropped, len(restored.dropped_names), restored.dropped_names[-1]) == (
        1200,
        1000,
        "refs/pipelines/999",
    )


def test_a_restore_may_be_repeated_and_replaces_the_earlier_one(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    for name in (b"refs/heads/old", b"refs/heads/new", b"refs/heads/new"):
        repositories.restore(PROJECT, crafted.write(tmp_path / "b", [(oid, name)]))
    assert list(repositories.refs(PROJECT)) == [Ref("refs/heads/new", oid)]
    assert [path.name for path in (repositories.root / "@attempts").iterdir()] == []


def test_who_may_not_work_any_more_replaces_no_repository(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    repositories.restore(PROJECT, crafted.write(tmp_path / "b", [(oid, b"refs/heads/new")]))

    def withdraw() -> None:
        raise InterruptedError

    late = Repositories(repositories.root, replace(repositories.git, interrupt=withdraw))
    with pytest.raises(InterruptedError):
        late.restore(PROJECT, crafted.write(tmp_path / "b", [(oid, b"refs/heads/late")]))
    assert list(repositories.refs(PROJECT)) == [Ref("refs/heads/new", oid)]
    assert [path.name for path in (repositories.root / "@attempts").iterdir()] == []


@pytest.mark.parametrize(
    ("branches", "head", "wanted", "chosen"),
    [
        ({"a": 0, "main": 0}, 0, "a", "a"),
        ({"a": 0, "main": 1}, 0, "absent", "a"),
        ({"a": 0, "main": 1}, 0, None, "a"),
        ({"a": 0, "main": 0}, 0, None, "main"),
        ({"a": 0, "master": 0}, 0, None, "master"),
        ({"a": 0, "master": 1}, None, None, "master"),
        ({"a": 0, "b": 1}, None, "../../x", "a"),
        ({"a": 0, "b": 1}, None, "a\0b", "a"),
        ({"a": 0, "b": 1}, None, "-c core.pager=x", "a"),
        ({}, None, "main", None),
    ],
)
def test_the_default_branch_is_the_wanted_one_or_the_likeliest(
    branches: dict[str, int],
    head: int | None,
    wanted: str | None,
    chosen: str | None,
    repositories: Repositories,
    tmp_path: Path,
) -> None:
    crafted = CraftedBundle()
    commits = (crafted.plain_commit(), crafted.commit(crafted.tree()))
    refs = [(commits[number], f"refs/heads/{name}".encode()) for name, number in branches.items()]
    refs += [(commits[head], b"HEAD")] if head is not None else []
    restored = repositories.restore(PROJECT, crafted.write(tmp_path / "b", refs), default_branch=wanted)
    assert restored.default_branch == repositories.default_branch(PROJECT) == chosen


def test_a_head_that_points_to_nothing_is_passed_over(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    bundle = crafted.write(tmp_path / "b", [(crafted.plain_commit(), b"refs/heads/a"), ("2" * 40, b"HEAD")])
    assert repositories.restore(PROJECT, bundle).default_branch == "a"


def test_a_branch_whose_name_is_not_utf_8_is_kept_and_shown_escaped(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    restored = repositories.restore(PROJECT, crafted.write(tmp_path / "b", [(oid, b"refs/heads/gr\xfc\xdf")]))
    assert restored.default_branch == repositories.default_branch(PROJECT) == "gr\\xfc\\xdf"
    assert list(repositories.refs(PROJECT)) == [Ref("refs/heads/gr\\xfc\\xdf", oid)]
    assert repositories.bundle(PROJECT, tmp_path / "again") == 1
    assert b"refs/heads/gr\xfc\xdf\n" in (tmp_path / "again").read_bytes()


def test_old_defects_that_harm_nobody_are_accepted(repositories: Repositories, tmp_path: Path) -> None:
    crafted = CraftedBundle()
    inner = crafted.tree((b"100644", b"a", crafted.blob(b"x")))
    tree = crafted.tree((b"040000", b"zero-padded", inner))
    lines = f"tree {tree}\nauthor A <a@b> 1 +051800\ncommitter A <a@b> 1 +0000\n\nOld\n"
    oid = crafted.add("commit", lines.encode())
    repositories.restore(PROJECT, crafted.write(tmp_path / "b", [(oid, b"refs/heads/main")]))
    repositories.check(PROJECT)


def test_a_repository_of_sha_256_objects_is_carried_over(repositories: Repositories, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for arguments in (
        ["init", "-q", "--object-format=sha256", "--initial-branch=main", str(source)],
        ["-C", str(source), *("-c", "user.name=A", "-c", "user.email=a@b"), "commit", "-qm", "x", "--allow-empty"],
        ["-C", str(source), "bundle", "create", "-q", str(tmp_path / "b"), "--all"],
    ):
        subprocess.run(["git", *arguments], check=True)
    assert repositories.restore(PROJECT, tmp_path / "b").kept == 1
    [ref] = repositories.refs(PROJECT)
    assert (ref.name, len(ref.oid)) == ("refs/heads/main", 64)
    assert repositories.has_commit(PROJECT, ref.oid)


def test_a_bundle_made_by_git_with_prerequisites_is_the_one_that_is_refused(
    repositories: Repositories, first: str, tmp_path: Path
) -> None:
    commit(repositories, PROJECT, branch="main", files={"a": b"1"}, message="Two\n", author=ADA)
    place = repositories.place(PROJECT)
    subprocess.run(["git", "bundle", "create", "-q", str(tmp_path / "b"), "main~1..main"], cwd=place, check=True)
    with pytest.raises(Exception, match=r"it needs commits that it does not contain \(prerequisites\)"):
        repositories.restore(COPY, tmp_path / "b")


def test_damage_on_the_disk_is_found(repositories: Repositories, first: str) -> None:
    repositories.check(PROJECT)
    [damaged] = (repositories.place(PROJECT) / "objects" / first[:2]).iterdir()
    damaged.chmod(0o600)
    damaged.write_bytes(b"damaged")
    with pytest.raises(GitFailedError, match=r"`git fsck` failed: .* object corrupt or missing"):
        repositories.check(PROJECT)


def test_a_full_disk_is_not_the_fault_of_a_bundle(
    repositories: Repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crafted = CraftedBundle()
    bundle = crafted.write(tmp_path / "b", [(crafted.plain_commit(), b"refs/heads/main")])
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'fatal: sha1 file write error: No space left on device' >&2\nexit 128\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(GitDiskFullError):
        repositories.restore(PROJECT, bundle)


@pytest.mark.fixtures
def test_the_bundle_of_a_real_export_is_taken_over(
    repositories: Repositories, gitlab_fixtures: Path, tmp_path: Path
) -> None:
    bundle = gitlab_fixtures / "real" / "easylibrary-17.7" / "project.bundle"
    restored = repositories.restore(PROJECT, bundle)
    assert restored.kept > 0
    repositories.check(PROJECT)
    assert repositories.bundle(PROJECT, tmp_path / "again") == restored.kept
    repositories.restore(COPY, tmp_path / "again", default_branch=restored.default_branch)
    assert list(repositories.refs(COPY)) == list(repositories.refs(PROJECT))
