"""File-based exports that are none, are damaged or hostile: refused before a row is written, or failed where the damage is."""

import gzip
import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.jobs import marker
from tests.acceptance.conftest import NESTED, SMALL, Prepared
from tests.acceptance.program import Instance, Program
from tests.unit.archive import raw_tar

Make = Callable[[Path], Path]

GOOD: Final = (raw_tar.entry(b"./VERSION", b"0.2.4"), raw_tar.entry(b"./tree/project.json", b"{}"))


@pytest.fixture
def instance(settled: Prepared, program: Program) -> Instance:
    """An instance that no refused export may change."""
    return settled.shared(program)


def kept(instance: Instance) -> list[Path]:
    """What lies in the data directory, but for what the first command of any kind makes."""
    return sorted(path for path in instance.data_dir.rglob("*") if path.name not in ("spool", marker.FILE))


def assert_refused(instance: Instance, export: Path, status: ExitStatus = ExitStatus.BAD_INPUT) -> str:
    """A load says why it does nothing, and does nothing: not even the namespace is made. Gives what it says."""
    before = instance.rows()
    files = kept(instance)
    around = sorted(export.parent.glob("*"))
    message = instance.run("load", export, "--namespace", "new/place").refused(status)
    assert instance.rows() == before
    assert kept(instance) == files
    assert sorted(export.parent.glob("*")) == around
    return message


def tarball(directory: Path, *entries: bytes) -> Path:
    """A `.tar.gz` of an export with these members besides, made by hand."""
    path = directory / "export.tar.gz"
    path.write_bytes(gzip.compress(b"".join((*GOOD, *entries)) + raw_tar.END))
    return path


def packed(directory: Path) -> Path:
    """A `.tar.gz` of a small export."""
    path = directory / "export.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(SMALL, ".")
    return path


def test_what_is_not_there_is_not_found(instance: Instance, tmp_path: Path) -> None:
    assert assert_refused(instance, tmp_path / "none", ExitStatus.NOT_FOUND) == (
        f"There is no export at {tmp_path / 'none'}. Name the `.tar.gz` that GitLab made, its unpacked directory, or a"
        " `project.json` or `group.json`."
    )


def test_what_is_no_export_is_refused(instance: Instance, tmp_path: Path) -> None:
    for name, content in (("text", b"what is this"), ("empty", b""), ("gzip", gzip.compress(b"what is this"))):
        path = tmp_path / name
        path.write_bytes(content)
        assert str(path) in assert_refused(instance, path)
    (tmp_path / "directory").mkdir()
    message = assert_refused(instance, tmp_path / "directory")
    assert message.startswith(f"{tmp_path / 'directory'} is not an export of GitLab: it has no `tree`")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9], ids=["start", "middle", "end"])
def test_a_cut_or_damaged_file_is_refused(instance: Instance, tmp_path: Path, share: float) -> None:
    path = packed(tmp_path)
    content = path.read_bytes()
    place = int(len(content) * share)
    path.write_bytes(content[:place])
    assert path.name in assert_refused(instance, path)
    path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
    assert path.name in assert_refused(instance, path)


@pytest.mark.parametrize(
    "entry",
    [
        raw_tar.entry(b"../escaped", b"out"),
        raw_tar.entry(b"tree/../../escaped", b"out"),
        raw_tar.entry(b"/escaped", b"out"),
        raw_tar.entry(b"uploads/link", kind=b"2", target=b"/etc/passwd"),
        raw_tar.entry(b"uploads/link", kind=b"1", target=b"VERSION"),
        raw_tar.entry(b"uploads/device", kind=b"3"),
        raw_tar.entry(b"uploads/block", kind=b"4"),
        raw_tar.entry(b"uploads/pipe", kind=b"6"),
    ],
    ids=["parent", "inner parent", "absolute", "symlink", "hardlink", "device", "block", "pipe"],
)
def test_members_that_are_no_files_refuse_the_load(instance: Instance, tmp_path: Path, entry: bytes) -> None:
    message = assert_refused(instance, tarball(tmp_path, entry))
    assert message.startswith("export.tar.gz holds a member that is refused, `")
    assert message.endswith("if the source knows nothing of it, do not trust this archive.")
    assert not Path("/escaped").exists()


def test_a_link_in_an_unpacked_directory_refuses_the_load(instance: Instance, tmp_path: Path) -> None:
    export = shutil.copytree(SMALL, tmp_path / "export")
    (export / "tree" / "project" / "spoons.ndjson").symlink_to("/etc/passwd")
    message = assert_refused(instance, export)
    assert message.startswith("tree/project/spoons.ndjson in ")
    assert message.endswith(
        " is a symbolic link, and only regular files and directories are accepted. Replace it by the file itself."
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("VERSION", "0.3.0", "has export format 0.3.0, and 0.2.4 is the one that can be read"),
        (
            "GITLAB_VERSION",
            "12.9.1",
            "was made by GitLab 12.9.1; exports of GitLab 13.5 to 19.x can be read. Upgrade the source",
        ),
        (
            "GITLAB_VERSION",
            "21.0.0",
            "was made by GitLab 21.0.0; exports of GitLab 13.5 to 19.x can be read. Load it with a newer",
        ),
    ],
)
def test_a_version_that_cannot_be_read_is_named(
    instance: Instance, tmp_path: Path, name: str, content: str, message: str
) -> None:
    export = shutil.copytree(SMALL, tmp_path / "export")
    (export / name).write_text(content)
    assert assert_refused(instance, export).startswith(f"{export} {message}")


def test_a_document_that_is_no_json_is_refused(instance: Instance, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    for content in (b'{"labels": [', b'{"labels": [}', b"[]", b"\xff\xfe{}"):
        path.write_bytes(content)
        assert "project.json" in assert_refused(instance, path)


def test_a_slug_that_cannot_be_one_is_refused(instance: Instance) -> None:
    before = instance.rows()
    message = instance.run("load", SMALL, "--namespace", "new", "--path", "a b").refused(ExitStatus.BAD_INPUT)
    assert message.startswith("`a b` cannot be a path of a group or project: ")
    assert instance.rows() == before


def test_a_damaged_line_fails_alone_and_the_project_is_not_whole(destination: Instance, tmp_path: Path) -> None:
    export = shutil.copytree(SMALL, tmp_path / "export")
    with (export / "tree" / "project" / "labels.ndjson").open("a") as labels:
        labels.write("nonsense\n")
    printed = destination.json("load", export, "--namespace", "acme", status=ExitStatus.WITH_FAILURES)
    (failure,) = printed["failures"]
    assert (failure["path"], failure["reason"]) == ("labels", "not_json")
    assert failure["message"].startswith("tree/project/labels.ndjson, line ")
    assert [gap["problem"] for gap in destination.json("tree")["incomplete"]] == [
        "some of its records or files could not be imported"
    ]


def test_a_subgroup_that_cannot_be_made_is_a_gap_in_the_group_around_it(destination: Instance, tmp_path: Path) -> None:
    export = shutil.copytree(NESTED, tmp_path / "export")
    (export / "tree" / "groups" / "22.json").write_text("nonsense")
    printed = destination.json("load", export, "--namespace", "", status=ExitStatus.WITH_FAILURES)
    assert {item["status"] for item in printed["entities"]} == {"finished", "failed"}
    assert all(row["source"] == row["imported"] + row["skipped"] + row["failed"] for row in printed["relations"])
    gaps = destination.json("tree")["incomplete"]
    assert [gap["entity"] for gap in gaps] == [destination.paths()[0]]
    assert " is not in it: " in gaps[0]["problem"]


def test_files_that_belong_to_no_relation_are_named(destination: Instance, tmp_path: Path) -> None:
    export = shutil.copytree(SMALL, tmp_path / "export")
    (export / "tea.txt").write_text("hot")
    outcome = destination.run("load", export, "--namespace", "acme").ok()
    assert "This file belongs to no relation and was left alone: tea.txt\n" in outcome.err
    printed = destination.json("load", export, "--namespace", "acme")
    assert printed["unknown_files"] == {"count": 1, "names": ["tea.txt"]}


def test_what_is_no_fixture_is_refused_and_nothing_is_made(program: Program, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"labels": [')
    message = program.run("fixtures", "to-tree", tmp_path / "broken.json", tmp_path / "made").refused(
        ExitStatus.BAD_INPUT
    )
    assert "broken.json" in message
    program.run("fixtures", "to-tree", tmp_path / "none.json", tmp_path / "made").refused(ExitStatus.NOT_FOUND)
    program.run("fixtures", "to-json", tmp_path / "none", tmp_path / "made.json").refused(ExitStatus.NOT_FOUND)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.json"]


def test_a_tree_replaces_no_tree(program: Program, tmp_path: Path) -> None:
    program.run("fixtures", "to-json", SMALL, tmp_path / "project.json").ok()
    made = tmp_path / "made"
    program.run("fixtures", "to-tree", tmp_path / "project.json", made).ok()
    message = program.run("fixtures", "to-tree", tmp_path / "project.json", made).refused(ExitStatus.CONFLICT)
    assert message == f"{made / 'tree'} exists already. Remove it, or choose another place."


def test_members_are_read_as_they_are_written() -> None:
    """The tars above are tars: another reader finds the members in them."""
    content = b"".join((*GOOD, raw_tar.entry(b"uploads/link", kind=b"2", target=b"/etc/passwd"))) + raw_tar.END
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert [(member.name, member.issym()) for member in tar] == [
            ("./VERSION", False),
            ("./tree/project.json", False),
            ("uploads/link", True),
        ]
