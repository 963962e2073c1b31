"""What surrounds every call of Git: nothing of the person's environment, limits, and an end that is an end."""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from offline_transfer.forge.errors import (
    GitDiskFullError,
    GitFailedError,
    GitLimitError,
    GitNotFoundError,
    GitStoppedError,
)
from offline_transfer.forge.git import ENVIRONMENT, Git, GitLimits


class CancelledError(Exception):
    """What an interrupt raises."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    directory = tmp_path / "bare.git"
    directory.mkdir()
    Git().run(directory, "init", "--quiet", "--bare", "--template=")
    return directory


def fake_git(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program in the place of Git, for faults that the real one cannot be brought to have."""
    program = directory / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_git_gets_no_environment_but_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    fake_git(tmp_path, monkeypatch, "env")
    printed = dict(line.split("=", 1) for line in Git().output(tmp_path, "anything").decode().splitlines())
    assert {
        name: printed[name] for name in printed if name not in ("PATH", "PWD", "OLDPWD", "SHLVL", "_")
    } == ENVIRONMENT


def test_configuration_of_the_user_is_not_read(tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bigFileThreshold")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "not a number")
    (tmp_path / ".gitconfig").write_text("[core]\n\tabbrev = not a number\n")
    Git().run(bare, "for-each-ref")
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["git", f"--git-dir={bare}", "for-each-ref"], check=True, capture_output=True)


@pytest.mark.parametrize("address", ["file:///etc", "ssh://localhost/x", "https://localhost/x", "ext::sh -c true", "."])
def test_git_speaks_to_nobody(bare: Path, address: str) -> None:
    with pytest.raises(GitFailedError, match=r"`git fetch` failed: fatal: transport '[a-z]+' not allowed"):
        Git().run(bare, "fetch", "--", address)


def test_hooks_do_not_run(bare: Path) -> None:
    hook = bare / "hooks" / "reference-transaction"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(stat.S_IRWXU)
    oid = Git().output(bare, "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    Git().run(bare, "update-ref", "refs/notes/x", oid)
    assert not (bare / "ran").exists()
    subprocess.run(["git", f"--git-dir={bare}", "update-ref", "refs/notes/y", oid], check=True, cwd=bare)
    assert (bare / "ran").exists()


def test_replacement_objects_do_not_count(bare: Path) -> None:
    true, false = (
        Git().output(bare, "hash-object", "-w", "--stdin", stdin=text).decode().strip() for text in (b"a", b"b")
    )
    Git().run(bare, "update-ref", f"refs/replace/{true}", false)
    assert Git().output(bare, "cat-file", "-p", true) == b"a"


def test_input_is_read_from_where_a_file_stands(bare: Path) -> None:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
        given.write(b"head\nrest\n")
        given.seek(0)
        assert given.readline() == b"head\n"
        Git().run(bare, "cat-file", "--batch-check", stdin=given, stdout=printed)
        printed.seek(0)
        assert printed.read() == b"rest missing\n"


def test_a_failure_says_what_git_said_without_our_places(bare: Path) -> None:
    with pytest.raises(GitFailedError) as caught:
        Git().run(bare, "cat-file", "-t", "0" * 40)
    assert caught.value.details == {"command": "cat-file", "reason": "fatal: git cat-file: could not get object info"}
    with pytest.raises(GitFailedError) as caught:
        Git().run(bare, "init", "--bare", str(bare / "HEAD" / "x"))
    assert str(bare) not in caught.value.message
    assert "./HEAD" in caught.value.message


def test_without_git_the_message_names_the_remedy(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(GitNotFoundError, match=r"Install Git 2.38 or later"):
        Git().run(bare, "version")


@pytest.fixture(params=["the kernel tells", "we look"])
def _waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to learn that Git has ended: not every system has the first."""
    if request.param == "we look":
        monkeypatch.delattr(os, "pidfd_open")


@pytest.mark.usefixtures("_waiting")
def test_a_git_that_takes_too_long_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The call only comes back when nobody holds the standard error open any more, so that is the test of the children's death.
    fake_git(tmp_path, monkeypatch, "sleep 60 &\nsleep 60")
    with pytest.raises(GitLimitError, match=r"`git fsck` needed more than 0.1 seconds and was stopped"):
        Git(limits=GitLimits(seconds=0.1)).run(tmp_path, "fsck")


@pytest.mark.usefixtures("_waiting")
def test_an_interrupt_ends_git_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, "sleep 60 &\nsleep 60")

    def interrupt() -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        Git(interrupt=interrupt).run(tmp_path, "fsck")


@pytest.mark.usefixtures("_waiting")
def test_the_output_of_git_is_whole_however_it_is_waited_for(bare: Path) -> None:
    assert Git().output(bare, "rev-parse", "--is-bare-repository") == b"true\n"


@pytest.mark.usefixtures("_waiting")
def test_a_git_that_a_signal_ends_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, "sleep 60 &\nkill -9 $$")
    with pytest.raises(GitStoppedError, match="`git fsck` was ended by signal 9") as caught:
        Git().run(tmp_path, "fsck")
    assert caught.value.retryable


def test_a_child_that_a_signal_ends_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, "echo 'error: pack-objects died of signal 9' >&2; exit 128")
    with pytest.raises(GitStoppedError, match="`git bundle` was ended by signal 9"):
        Git().run(tmp_path, "bundle")


def test_a_full_disk_is_named(bare: Path) -> None:
    oid = Git().output(bare, "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    Git().run(bare, "update-ref", "refs/tags/x", oid)
    with Path("/dev/full").open("wb") as full, pytest.raises(GitDiskFullError) as caught:
        Git().run(bare, "bundle", "create", "--quiet", "-", "--all", stdout=full)
    assert caught.value.message.startswith("`git bundle` found no space left on the disk.")
    assert caught.value.retryable


def test_endless_complaints_take_no_memory_and_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, "head -c 3000000 /dev/zero | tr '\\0' x >&2; printf '\\033[31m' >&2; exit 1")
    with pytest.raises(GitFailedError) as caught:
        Git().run(tmp_path, "fsck")
    assert caught.value.details["reason"] == "x" * 495 + "\ufffd[31m"
