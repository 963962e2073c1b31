"""Bundles that are damaged or made to harm: none leaves anything behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from offline_transfer.forge import bundles
from offline_transfer.forge.errors import GitLimitError, RefusedBundleError
from offline_transfer.forge.git import MEBIBYTE, Git, GitLimits
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from tests.support.crafted_bundles import CraftedBundle

PROJECT = RepositoryPath(RepositoryKind.PROJECT, 5)
MAIN = b"refs/heads/main"
Craft = Callable[[Path], object]


def no_bundle(path: Path) -> None:
    path.write_bytes(b"<html>502 Bad Gateway</html>\n" * 50)


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def endless_line(path: Path) -> None:
    path.write_bytes(b"# v2 git bundle\n" + b"a" * 10_000_000)


def cut_in_the_head(path: Path) -> None:
    path.write_bytes(b"# v2 git bundle\n" + b"0" * 40 + b" refs/heads/ma")


def cut_in_the_pack(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), MAIN)])
    path.write_bytes(path.read_bytes()[:-30])


def flipped_bit(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), MAIN)])
    data = bytearray(path.read_bytes())
    data[-60] ^= 1
    path.write_bytes(data)


def prerequisites(path: Path) -> None:
    crafted = CraftedBundle()
    first = crafted.plain_commit()
    second = crafted.commit(crafted.tree(), first)
    crafted.objects.pop(0)
    crafted.write(path, [(second, MAIN)], head_lines=b"# v2 git bundle\n-%s First\n" % first.encode())


def missing_parent(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.commit(crafted.tree(), "1" * 40), MAIN)])


def partial_clone(path: Path) -> None:
    crafted = CraftedBundle()
    head_lines = b"# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n"
    crafted.write(path, [(crafted.plain_commit(), MAIN)], head_lines=head_lines)


def unknown_hash(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), MAIN)], head_lines=b"# v3 git bundle\n@object-format=md5\n")


def ref_to_nothing(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), MAIN), ("2" * 40, b"refs/tags/v1")])


def branch_at_a_file(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.blob(b"Hello\n"), MAIN)])


def climbing_ref(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), b"refs/heads/../../config")])


def ref_with_a_space(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), b"refs/heads/a b")])


def ref_with_a_command(path: Path) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    crafted.write(path, [(oid, b"refs/heads/a\0" + oid.encode() + b"\0create refs/replace/x")])


def ref_without_a_namespace(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), b"config")])


def ref_of_a_lock(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), b"refs/heads/main.lock")])


def ref_named_twice(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.plain_commit(), MAIN), (crafted.commit(crafted.tree()), MAIN)])


def ref_below_a_ref(path: Path) -> None:
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    crafted.write(path, [(oid, b"refs/heads/a/b"), (oid, b"refs/heads/a-c"), (oid, b"refs/heads/a")])


def hook_in_a_git_directory(path: Path) -> None:
    crafted = CraftedBundle()
    hooks = crafted.tree((b"100755", b"post-checkout", crafted.blob(b"#!/bin/sh\ntouch /tmp/owned\n")))
    directory = crafted.tree((b"40000", b"hooks", hooks))
    crafted.write(path, [(crafted.commit_of((b"40000", b".git", directory)), MAIN)])


def git_directory_in_other_letters(path: Path) -> None:
    crafted = CraftedBundle()
    config = crafted.tree((b"100644", b"config", crafted.blob(b"[core]\n\tfsmonitor = touch /tmp/owned\n")))
    crafted.write(path, [(crafted.commit_of((b"40000", b".GiT", config)), MAIN)])


def path_upwards(path: Path) -> None:
    crafted = CraftedBundle()
    inner = crafted.tree((b"100644", b"authorized_keys", crafted.blob(b"ssh-ed25519 AAAA\n")))
    crafted.write(path, [(crafted.commit_of((b"40000", b"..", inner)), MAIN)])


def path_with_a_slash(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.commit_of((b"100644", b"../x", crafted.blob(b"x"))), MAIN)])


def submodule_url_as_an_option(path: Path) -> None:
    crafted = CraftedBundle()
    modules = crafted.blob(b'[submodule "x"]\n\tpath = x\n\turl = -u./payload\n')
    crafted.write(path, [(crafted.commit_of((b"100644", b".gitmodules", modules)), MAIN)])


def submodule_name_upwards(path: Path) -> None:
    crafted = CraftedBundle()
    modules = crafted.blob(b'[submodule "../../x"]\n\tpath = x\n\turl = https://example.com/x.git\n')
    crafted.write(path, [(crafted.commit_of((b"100644", b".gitmodules", modules)), MAIN)])


def submodule_update_command(path: Path) -> None:
    crafted = CraftedBundle()
    modules = crafted.blob(b'[submodule "x"]\n\tpath = x\n\turl = https://example.com/x.git\n\tupdate = !touch owned\n')
    crafted.write(path, [(crafted.commit_of((b"100644", b".gitmodules", modules)), MAIN)])


def linked_submodules(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.commit_of((b"120000", b".gitmodules", crafted.blob(b"/etc/passwd"))), MAIN)])


def file_named_twice(path: Path) -> None:
    crafted = CraftedBundle()
    entry = (b"100644", b"a", crafted.blob(b"x"))
    crafted.write(path, [(crafted.commit_of(entry, entry), MAIN)])


def null_object(path: Path) -> None:
    crafted = CraftedBundle()
    crafted.write(path, [(crafted.commit_of((b"100644", b"a", "0" * 40)), MAIN)])


REASONS: dict[Craft, str] = {
    no_bundle: "it does not begin as a Git bundle",
    empty_file: "its head is cut off or has a line that is too long",
    endless_line: "its head is cut off or has a line that is too long",
    cut_in_the_head: "its head is cut off or has a line that is too long",
    cut_in_the_pack: "early EOF",
    flipped_bit: "inflate",
    prerequisites: "it needs commits that it does not contain (prerequisites)",
    missing_parent: "did not receive expected object",
    partial_clone: "it has a capability that is not supported; partial bundles are not complete",
    unknown_hash: "it has a capability that is not supported; partial bundles are not complete",
    ref_to_nothing: "invalid sha1 pointer",
    branch_at_a_file: "refs/heads/main: not a commit",
    climbing_ref: "a line of its head names no ref",
    ref_with_a_space: "a line of its head names no ref",
    ref_with_a_command: "a line of its head names no ref",
    ref_without_a_namespace: "a line of its head names no ref",
    ref_of_a_lock: "a line of its head names no ref",
    ref_named_twice: "it names a ref twice, or one ref below another",
    ref_below_a_ref: "it names a ref twice, or one ref below another",
    hook_in_a_git_directory: "hasDotgit",
    git_directory_in_other_letters: "hasDotgit",
    path_upwards: "hasDotdot",
    path_with_a_slash: "fullPathname",
    submodule_url_as_an_option: "gitmodulesUrl",
    submodule_name_upwards: "gitmodulesName",
    submodule_update_command: "gitmodulesUpdate",
    linked_submodules: "gitmodulesSymlink",
    file_named_twice: "duplicateEntries",
    null_object: "nullSha1",
}


def files_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(("craft", "reason"), REASONS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_bundle_is_refused_and_leaves_nothing(craft: Craft, reason: str, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "repositories", Git(fsync="none"))
    bundle = tmp_path / "repository.bundle"
    craft(bundle)
    with pytest.raises(RefusedBundleError) as caught:
        repositories.restore(PROJECT, bundle)
    assert reason in caught.value.message
    assert caught.value.message.startswith("The bundle for the repository of project 5 is refused: ")
    assert str(tmp_path) not in caught.value.message
    assert not repositories.exists(PROJECT)
    assert files_below(repositories.root) == []
    assert list((repositories.root / "@attempts").iterdir()) == []


def test_a_bad_bundle_leaves_the_repository_of_an_earlier_attempt_as_it_was(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "repositories", Git(fsync="none"))
    crafted = CraftedBundle()
    good = crafted.write(tmp_path / "good.bundle", [(crafted.plain_commit(), MAIN)])
    repositories.restore(PROJECT, good)
    before = {path: path.read_bytes() for path in files_below(repositories.root)}
    hook_in_a_git_directory(tmp_path / "bad.bundle")
    with pytest.raises(RefusedBundleError):
        repositories.restore(PROJECT, tmp_path / "bad.bundle")
    assert {path: path.read_bytes() for path in files_below(repositories.root)} == before


def test_a_bundle_with_too_many_refs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAXIMUM_REFS", 3)
    crafted = CraftedBundle()
    oid = crafted.plain_commit()
    bundle = crafted.write(tmp_path / "many.bundle", [(oid, b"refs/heads/%d" % number) for number in range(4)])
    with pytest.raises(RefusedBundleError, match="it has more than 3 refs"):
        Repositories(tmp_path / "repositories").restore(PROJECT, bundle)


def test_a_bundle_that_unpacks_to_more_than_the_memory_allowed_is_stopped(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "repositories", Git(limits=GitLimits(memory_bytes=32 * MEBIBYTE)))
    crafted = CraftedBundle()
    oid = crafted.commit_of((b"100644", b"zeros", crafted.blob(bytes(60 * MEBIBYTE))))
    bundle = crafted.write(tmp_path / "bomb.bundle", [(oid, MAIN)])
    assert bundle.stat().st_size < MEBIBYTE
    with pytest.raises(GitLimitError, match="`git index-pack` needed more than 32 MiB of memory"):
        repositories.restore(PROJECT, bundle)
    assert files_below(repositories.root) == []


def test_escapes_in_the_words_of_git_do_not_reach_a_terminal(tmp_path: Path) -> None:
    crafted = CraftedBundle()
    name = "refs/heads/\x9b31m..".encode()
    bundle = crafted.write(tmp_path / "escape.bundle", [(crafted.plain_commit(), name)])
    with pytest.raises(RefusedBundleError) as caught:
        Repositories(tmp_path / "repositories").restore(PROJECT, bundle)
    assert caught.value.message.isprintable()
