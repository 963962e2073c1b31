"""A path becomes an export, or an error that says what to do."""

import gzip
import os
import tarfile
from pathlib import Path

import pytest

from offline_transfer.archive.errors import (
    DamagedObjectError,
    InvalidRecordError,
    LimitExceededError,
    TruncatedObjectError,
    UnsafeMemberError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.errors import OfflineTransferError
from offline_transfer.files.errors import (
    ConflictingMemberError,
    DamagedTreeError,
    ExportFormatError,
    ExportNotFoundError,
    LinkInExportError,
    NotAnExportError,
    SourceVersionError,
)
from offline_transfer.files.opening import OpenedExport, opened
from offline_transfer.types import PortableKind
from tests.unit.files.making import GROUP, PROJECT, archive, directory, special, tar


def look(path: Path, limits: Limits | None = None) -> OpenedExport:
    """Opens and closes; only what was read while opening may be looked at."""
    spool = path.parent / "spool"
    try:
        with opened(path, spool=spool, limits=limits) as export:
            return export
    finally:
        assert not spool.exists() or list(spool.iterdir()) == []


def refusal(path: Path, error: type[OfflineTransferError], limits: Limits | None = None) -> str:
    with pytest.raises(error) as raised:
        look(path, limits)
    return raised.value.message


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.gz", "no ending"])
def test_an_archive_is_told_by_its_content(tmp_path: Path, name: str) -> None:
    with opened(archive(tmp_path / name, PROJECT), spool=tmp_path / "spool") as export:
        assert (export.kind, export.source_version, export.notes) == (PortableKind.PROJECT, "17.7.0-pre", ())
        assert export.project is not None
        assert export.project.root() == {"description": "a kettle"}
        labels = export.project.objects("labels")
        assert [(found.number, found.where, found.records) for found in labels] == [
            (1, "tree/project/labels.ndjson", 2)
        ]


def test_what_is_unpacked_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(archive(tmp_path / "a.tar.gz", PROJECT), spool=tmp_path / "spool"):
            modes = {place.stat().st_mode & 0o777 for place in (tmp_path / "spool").rglob("*")}
    finally:
        os.umask(before)
    assert modes == {0o700, 0o600}
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_plain_tar_and_a_directory_are_taken_too(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar(PROJECT))
    assert look(tmp_path / "a.tar").kind is PortableKind.PROJECT
    assert look(directory(tmp_path / "a", PROJECT)).kind is PortableKind.PROJECT


def test_absent_versions_are_noted_when_there_is_a_tree(tmp_path: Path) -> None:
    export = look(directory(tmp_path / "kettle", {"tree/project.json": b"{}"}))
    assert export.source_version is None
    assert export.notes == (
        "`VERSION` is absent: the format of the export could not be checked",
        "`GITLAB_VERSION` is absent: the version of the source could not be checked",
    )


@pytest.mark.parametrize("version", [b"13.5.0-pre", b"13.12.15-ee", b"19.99.0", b"17.7\n"])
def test_sources_from_13_5_to_19_are_accepted(tmp_path: Path, version: bytes) -> None:
    export = look(directory(tmp_path / "a", PROJECT | {"GITLAB_VERSION": version}))
    assert export.source_version == version.decode().strip()


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        (b"13.4.9", "Upgrade the source and export again."),
        (b"8.17.0", "Upgrade the source and export again."),
        (b"20.0.0-pre", "Load it with a newer release of offline-transfer."),
        (b"", "Put the version of the source into `GITLAB_VERSION`, or remove the file."),
        (b"\x1b[31mnew", "Put the version of the source into `GITLAB_VERSION`, or remove the file."),
    ],
)
def test_other_sources_are_refused_by_name(tmp_path: Path, version: bytes, remedy: str) -> None:
    path = directory(tmp_path / "a", PROJECT | {"GITLAB_VERSION": version})
    shown = version.decode().replace("\x1b", "\\x1b")
    assert refusal(path, SourceVersionError) == (
        f"{path} was made by GitLab {shown}; exports of GitLab 13.5 to 19.x can be read. {remedy}"
    )


@pytest.mark.parametrize("version", [b"0.2.3", b"0.2.40", b"", b"0.2.4 ?", b"x" * 10_000])
def test_another_format_is_refused(tmp_path: Path, version: bytes) -> None:
    path = directory(tmp_path / "a", PROJECT | {"VERSION": version})
    shown = version.decode()[:200] or "(none)"
    assert refusal(path, ExportFormatError) == (
        f"{path} has export format {shown}, and 0.2.4 is the one that can be read. Export again from GitLab 13.5 or later."
    )


def test_the_format_is_the_first_line(tmp_path: Path) -> None:
    assert look(directory(tmp_path / "a", PROJECT | {"VERSION": b"0.2.4\nand more"})).notes == ()


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.tar.gz", ExportNotFoundError).startswith(
        f"There is no export at {tmp_path}/gone.tar.gz."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04 a zip", "it holds neither a tar nor one JSON document"),
        (gzip.compress(b"just text", mtime=0), "it holds neither a tar nor one JSON document"),
        (tar({"README.md": b""}), "it has no `tree`, no `project.json` and no `group.json`"),
        (tar({"tree/README.md": b""}), "it has no `tree`, no `project.json` and no `group.json`"),
        (tar(PROJECT | GROUP), "it holds both a project and groups"),
        (tar({"project.json": b"{}", "group.json": b"{}"}), "it holds both a `project.json` and a `group.json`"),
        (b'{"name": "undecided"}', "nothing in it tells whether it is a project or a group"),
    ],
)
def test_what_is_no_export_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    assert refusal(path, NotAnExportError).startswith(f"{path} is not an export of GitLab: {reason}")


def test_a_device_is_no_export(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "it is neither a file nor a directory" in refusal(tmp_path / "pipe", NotAnExportError)


def test_a_directory_with_something_else_in_tree_is_no_export(tmp_path: Path) -> None:
    path = directory(tmp_path / "a", {"tree/README.md": b""})
    assert "its `tree` holds no project and no group" in refusal(path, NotAnExportError)


@pytest.mark.parametrize("cut", [20, 100])
def test_a_gzip_that_is_cut_is_damaged(tmp_path: Path, cut: int) -> None:
    path = archive(tmp_path / "a.tar.gz", PROJECT)
    path.write_bytes(path.read_bytes()[:-cut])
    assert "a.tar.gz is cut off" in refusal(path, TruncatedObjectError)


def test_a_gzip_with_a_wrong_byte_is_damaged(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", PROJECT | {"uploads/x/y": os.urandom(50_000)})
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    assert "a.tar.gz is damaged" in refusal(path, DamagedObjectError)


@pytest.mark.parametrize(
    "member",
    [
        special("./tree/project/issues.ndjson", tarfile.SYMTYPE, "/etc/passwd"),
        special("./tree/project/issues.ndjson", tarfile.LNKTYPE, "./tree/project.json"),
        special("./uploads/x/y", tarfile.CHRTYPE),
        special("./uploads/x/y", tarfile.BLKTYPE),
        special("./uploads/x/y", tarfile.FIFOTYPE),
        special("./uploads/../../y", tarfile.REGTYPE),
        special("/uploads/x/y", tarfile.REGTYPE),
        special("./nowhere", tarfile.SYMTYPE, "/"),
        special("./VERSION", tarfile.REGTYPE),
    ],
    ids=["link", "hard link", "character device", "block device", "pipe", "..", "absolute", "unknown link", "twice"],
)
def test_a_hostile_member_refuses_the_archive(tmp_path: Path, member: tarfile.TarInfo) -> None:
    refusal(archive(tmp_path / "a.tar.gz", PROJECT, member), UnsafeMemberError)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["a.tar.gz", "spool"]


def test_a_name_that_is_a_file_and_a_directory_refuses_the_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", PROJECT | {"uploads/x": b"", "uploads/x/y": b""})
    assert refusal(path, ConflictingMemberError).startswith(
        "a.tar.gz holds uploads/x/y both as a file and as a directory"
    )


def test_an_archive_larger_than_the_limits_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", PROJECT | {"uploads/x/y": bytes(100_000)})
    refusal(path, LimitExceededError, Limits(decompressed_bytes=50_000))
    refusal(path, LimitExceededError, Limits(tar_members=3))


def test_a_directory_with_more_files_than_the_limit_is_refused(tmp_path: Path) -> None:
    refusal(directory(tmp_path / "a", PROJECT), LimitExceededError, Limits(tar_members=3))


@pytest.mark.parametrize("place", ["tree", "tree/project/issues.ndjson", "uploads", "somewhere"])
def test_a_link_in_a_directory_is_refused(tmp_path: Path, place: str) -> None:
    outside = directory(tmp_path / "outside", {"project.json": b"{}"})
    files = {"tree/project.json": b"{}"} if place != "tree" else {"VERSION": b"0.2.4"}
    path = directory(tmp_path / "a", files)
    (path / place).parent.mkdir(exist_ok=True)
    (path / place).symlink_to(outside)
    refusal(path, LinkInExportError)


def test_a_root_that_is_no_json_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = directory(tmp_path / "a", {"tree/project.json": b"definitely not"})
    assert refusal(path, InvalidRecordError).startswith("tree/project.json, line 1: it is not JSON")


@pytest.mark.parametrize("make", [directory, archive])
def test_files_that_no_export_has_are_named(tmp_path: Path, make: object) -> None:
    files = PROJECT | {"README.md": b"", "tree/project/Odd.ndjson": b"{}\n", "project.json": b"{}"}
    path = directory(tmp_path / "a", files) if make is directory else archive(tmp_path / "a", files)
    strangers = look(path).strangers
    assert (strangers.count, sorted(strangers.names)) == (3, ["README.md", "project.json", "tree/project/Odd.ndjson"])


def test_an_absent_root_is_noted(tmp_path: Path) -> None:
    path = directory(tmp_path / "a", {"tree/project/labels.ndjson": b'{"title":"one"}\n', "VERSION": b"0.2.4"})
    with opened(path, spool=tmp_path / "spool") as export:
        assert "`tree/project.json` is absent: the project gets the attributes of a new one" in export.notes
        assert export.project is not None
        assert export.project.root() == {}


@pytest.mark.parametrize(
    ("name", "root", "expected"),
    [
        ("2026-04-16_19-39-00-123_group_kettle_export.tar.gz", b"{}", "group_kettle"),
        ("kettle.tgz", b'{"name": "Big Kettle"}', "kettle"),
        ("kettle.tgz", b'{"path": "big-kettle"}', "big-kettle"),
        ("Ünïcode kettle!.tar.gz", b"{}", "n-code-kettle"),
        ("…….tar.gz", b'{"name": "Big Kettle"}', "Big-Kettle"),
        ("…….tar.gz", b"{}", "project"),
    ],
)
def test_a_project_is_called_by_its_path_or_its_file(tmp_path: Path, name: str, root: bytes, expected: str) -> None:
    project = look(archive(tmp_path / name, PROJECT | {"tree/project.json": root})).project
    assert project is not None
    assert project.full_path == expected


@pytest.mark.parametrize("name", ["project.json", "project.json.gz", "anything.json"])
def test_one_document_is_read_as_a_tree(tmp_path: Path, name: str) -> None:
    content = b'{"description": "old", "issues": [{"title": "one"}], "project_feature": {"wiki_access_level": 0}}'
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with opened(tmp_path / name, spool=tmp_path / "spool") as export:
        project = export.project
        assert project is not None
        assert project.root() == {"description": "old"}
        with project.objects("issues")[0].lines() as lines:
            assert list(lines) == [b'{"title":"one"}']
        with project.objects("project_feature")[0].lines() as lines:
            assert list(lines) == [b'{"wiki_access_level":0}']
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("make", [directory, archive])
def test_one_document_may_come_with_its_files(tmp_path: Path, make: object) -> None:
    files = {"VERSION": b"0.2.4", "project.json": b'{"issues": []}', "uploads/0/a.png": b"PNG", "project.bundle": b"B"}
    path = directory(tmp_path / "a", files) if make is directory else archive(tmp_path / "a", files)
    with opened(path, spool=tmp_path / "spool") as export:
        assert export.project is not None
        with export.project.objects("uploads")[0].members() as members:
            assert [(member.name, member.size, b"".join(member.blocks)) for member in members] == [
                ("0/a.png", 3, b"PNG")
            ]
        assert export.strangers.count == 0


def test_a_damaged_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_bytes(b'{"issues": [{"title": "one"}, {"title": ')
    assert refusal(tmp_path / "project.json", DamagedTreeError).startswith(
        "project.json is damaged: it ends in the middle"
    )


def test_groups_come_with_parents_first(tmp_path: Path) -> None:
    files = GROUP | {
        "tree/groups/_all.ndjson": b"1\n3\n2\n",
        "tree/groups/3.json": b'{"id":3,"parent_id":2,"path":"deep"}',
    }
    export = look(archive(tmp_path / "a.tar.gz", files))
    assert [(group.source.full_path, group.parent_id) for group in export.groups] == [
        ("top", None),
        ("top/sub", 1),
        ("top/sub/deep", 2),
    ]
    assert export.failures == ()
