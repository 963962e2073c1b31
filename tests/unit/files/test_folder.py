"""A directory of an export is read without following a link, whatever lies in it."""

import os
from pathlib import Path

import pytest

from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.files.errors import LinkInExportError, UnreadableExportError
from offline_transfer.files.folder import DEEPEST, Folder
from tests.unit.files.making import directory


def test_files_are_sorted_within_each_directory(tmp_path: Path) -> None:
    folder = Folder(directory(tmp_path, {"b/2": b"", "b/1": b"", "a": b"", "c/d/e": b""}))
    assert list(folder.files()) == ["a", "b/1", "b/2", "c/d/e"]
    assert list(folder.files("b")) == ["b/1", "b/2"]
    assert list(folder.files("x")) == []
    assert list(folder.files("a")) == []


def test_a_file_has_a_size_and_blocks_and_a_directory_has_none(tmp_path: Path) -> None:
    folder = Folder(directory(tmp_path, {"b/2": b"content"}))
    assert (folder.size("b/2"), b"".join(folder.blocks("b/2"))) == (7, b"content")
    assert (folder.size("b"), folder.size("b/3"), folder.size("b/2/1")) == (None, None, None)


@pytest.mark.parametrize("place", ["link", "b/link"])
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path, place: str) -> None:
    folder = Folder(directory(tmp_path, {"b/2": b"content"}))
    (tmp_path / place).symlink_to(tmp_path / "b" / "2")
    with pytest.raises(LinkInExportError) as walked:
        list(folder.files())
    with pytest.raises(LinkInExportError):
        next(folder.blocks(place))
    assert walked.value.message == (
        f"{place} in {tmp_path} is a symbolic link, and only regular files and directories are accepted. "
        "Replace it by the file itself."
    )


def test_a_link_to_a_directory_is_refused_on_the_way_to_a_file(tmp_path: Path) -> None:
    outside = directory(tmp_path / "outside", {"secret": b"secret"})
    root = directory(tmp_path / "root", {"a": b""})
    (root / "tree").symlink_to(outside)
    with pytest.raises(LinkInExportError):
        next(Folder(root).blocks("tree/secret"))
    with pytest.raises(LinkInExportError):
        list(Folder(root).files("tree"))


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LinkInExportError):
        next(Folder(tmp_path).blocks("pipe"))
    with pytest.raises(LinkInExportError):
        list(Folder(tmp_path).files())


def test_a_directory_without_a_bottom_is_given_up(tmp_path: Path) -> None:
    directory(tmp_path, {"/".join(["d"] * (DEEPEST + 2)) + "/f": b""})
    with pytest.raises(LimitExceededError):
        list(Folder(tmp_path).files())


def test_a_file_that_vanished_is_an_error_of_reading(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExportError) as raised:
        next(Folder(tmp_path).blocks("gone"))
    assert raised.value.details["reason"] == "No such file or directory"
