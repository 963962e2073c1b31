"""Archives that are damaged, cut, mixed up or hostile are refused before a row is written."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.jobs import marker
from tests.acceptance.conftest import Prepared
from tests.acceptance.program import Instance, Program
from tests.unit.verify.archives import Draft

Damage = Callable[[bytes], bytes]


def flip_first(content: bytes) -> bytes:
    """A bit of the first byte."""
    return bytes([content[0] ^ 1]) + content[1:]


def flip_middle(content: bytes) -> bytes:
    """A bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 16]) + content[middle + 1 :]


def flip_last(content: bytes) -> bytes:
    """A bit of the last byte, which belongs to the length."""
    return content[:-1] + bytes([content[-1] ^ 128])


def cut(content: bytes) -> bytes:
    """The first half."""
    return content[: len(content) // 2]


def lengthen(content: bytes) -> bytes:
    """Something after the end."""
    return content + b"\0"


def empty(_content: bytes) -> bytes:
    """Nothing."""
    return b""


DAMAGES: Final = (flip_middle, flip_last, cut, lengthen, empty)

OBJECTS: Final = (
    ("fill", "self.json.gz"),
    ("fill", "max_iids.json.gz"),
    ("fill", "user_contributions.ndjson.gz"),
    ("fill", "labels/batch_2.ndjson.gz"),
    ("fill", "uploads/batch_1.tar.gz"),
    ("fill/app", "issues/batch_1.ndjson.gz"),
    ("fill/app", "repository.tar.gz"),
    ("fill/app", "lfs_objects/batch_1.tar.gz"),
    ("fill/inner/empty", "snippets_repository.tar.gz"),
)
"""One object of each kind: entity and relation."""


def mapping(archive: Path) -> dict[str, str]:
    """The entities of an archive and their directories."""
    metadata: dict[str, Any] = orjson.loads(gzip.decompress((archive / "metadata.json.gz").read_bytes()))
    return dict(metadata["entities_mapping"])


@pytest.fixture
def instance(settled: Prepared, program: Program) -> Instance:
    """An instance that no refused archive may change."""
    return settled.shared(program)


def kept_files(instance: Instance) -> list[Path]:
    """All files of an instance but the mark, which whoever works on it first leaves."""
    return sorted(path for path in instance.data_dir.rglob("*") if path.is_file() and path.name != marker.FILE)


def assert_refused(instance: Instance, archive: Path, status: ExitStatus = ExitStatus.BAD_INPUT) -> str:
    """An import says why it does nothing, and does nothing. Gives what it says."""
    before = instance.rows()
    files = kept_files(instance)
    message = instance.run("import", archive, "--all", "").refused(status)
    assert instance.rows() == before
    assert kept_files(instance) == files
    return message


def verify(program: Program, archive: Path) -> list[dict[str, str]]:
    """What verification finds in an archive that is not in order."""
    outcome = program.run("archive", "verify", archive, "--json").ended(ExitStatus.BAD_INPUT)
    assert outcome.json["valid"] is False
    findings: list[dict[str, str]] = outcome.json["findings"]
    return findings


@pytest.mark.parametrize(("entity", "name"), OBJECTS)
def test_a_damaged_object_refuses_the_import_and_is_named(
    instance: Instance, program: Program, copied: Path, entity: str, name: str
) -> None:
    key = f"{mapping(copied)[entity]}/{name}"
    content = (copied / key).read_bytes()
    for damage in DAMAGES:
        (copied / key).write_bytes(damage(content))
        message = assert_refused(instance, copied)
        assert message.startswith(f"The archive at {copied} is damaged, and nothing was imported: {key}: "), damage
        assert message.endswith(". Copy it again and run `offline-transfer archive verify`."), damage
    assert [finding["where"] for finding in verify(program, copied)] == [key]
    (copied / key).write_bytes(content)
    program.run("archive", "verify", copied).ok()


@pytest.mark.parametrize("name", ["metadata.json.gz", "manifest.json.gz"])
def test_a_damaged_description_refuses_everything(
    instance: Instance, program: Program, copied: Path, name: str
) -> None:
    content = (copied / name).read_bytes()
    for damage in DAMAGES:
        (copied / name).write_bytes(damage(content))
        message = assert_refused(instance, copied)
        assert message.startswith(f"{name} is "), damage
        assert message.endswith(" Copy it again from where it was exported, or export again."), damage
        for command in ("verify", "inspect"):
            assert program.run("archive", command, copied).refused(ExitStatus.BAD_INPUT) == message
        assert program.run("archive", "compare", copied, copied).refused(ExitStatus.BAD_INPUT) == message


def test_damaged_checksums_are_found_by_verification(program: Program, copied: Path) -> None:
    sums = copied / "SHA256SUMS"
    content = sums.read_bytes()
    for damage in (flip_first, flip_middle, cut, empty):
        sums.write_bytes(damage(content))
        assert {finding["kind"] for finding in verify(program, copied)} == {"checksums_differ"}
    sums.unlink()
    assert [finding["where"] for finding in verify(program, copied)] == ["SHA256SUMS"]


def test_verification_in_words_says_what_to_do(program: Program, copied: Path) -> None:
    key = f"{mapping(copied)['fill']}/self.json.gz"
    (copied / key).unlink()
    shown = program.run("archive", "verify", copied).ended(ExitStatus.BAD_INPUT)
    assert (key in shown.out, "missing_object" in shown.out) == (True, True)
    assert shown.err == (
        "It is not encrypted. It is not signed.\n"
        "1 fault: do not import this archive. Copy what is named from where it was exported, or export again.\n"
    )


def test_what_is_no_archive_is_not_found(instance: Instance, program: Program, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"what is this")
    for place in ("nothing", "directory", "file", "nothing/below"):
        archive = tmp_path / place
        message = assert_refused(instance, archive, ExitStatus.NOT_FOUND)
        assert message == (
            f"There is no finished archive at {archive}: `metadata.json.gz` is missing. Check the prefix. An export that was broken"
            " off has to be run again; a copy has to bring that file too."
        )
        for words in (["verify", archive], ["inspect", archive], ["compare", archive, archive]):
            assert program.run("archive", *words).refused(ExitStatus.NOT_FOUND) == message


def test_a_place_below_a_file_is_no_place(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"what is this")
    message = assert_refused(instance, tmp_path / "file" / "below", ExitStatus.USAGE)
    assert message.startswith(f"{tmp_path / 'file'} is not a directory. A place is a directory, ")


@pytest.mark.parametrize("place", ["/", "file:///"])
def test_a_place_without_a_name_is_refused(program: Program, place: str) -> None:
    message = program.run("archive", "verify", place).refused(ExitStatus.USAGE)
    assert message.startswith(f"`{place}` names no archive: it ends with the export prefix")


def test_an_object_that_is_not_there_refuses_the_import(instance: Instance, program: Program, copied: Path) -> None:
    key = f"{mapping(copied)['fill/app']}/issues/batch_1.ndjson.gz"
    (copied / key).unlink()
    assert assert_refused(instance, copied) == (
        f"The archive at {copied} is damaged, and nothing was imported: {key}: it is not in the store. Copy it again and run"
        " `offline-transfer archive verify`."
    )
    assert [(item["kind"], item["where"]) for item in verify(program, copied)] == [("missing_object", key)]


@pytest.mark.parametrize(
    "name", [".DS_Store", "{app}/issues/batch_77.ndjson.gz", "{app}/tea_leaves.ndjson.gz", "notes.txt"]
)
def test_an_object_that_nobody_announced_refuses_the_import(
    instance: Instance, program: Program, copied: Path, name: str
) -> None:
    key = name.format(app=mapping(copied)["fill/app"])
    (copied / key).write_bytes(gzip.compress(b""))
    assert assert_refused(instance, copied) == (
        f"The archive at {copied} holds {key}, and nothing was imported: the manifest does not name it. Remove it if it came there"
        " by accident, as desktops leave such files; otherwise copy the archive again, into an empty directory."
    )
    assert [(item["kind"], item["where"]) for item in verify(program, copied)] == [("unexpected_object", key)]


def test_two_objects_that_were_swapped_refuse_the_import(instance: Instance, copied: Path) -> None:
    app = copied / mapping(copied)["fill/app"]
    one, other = app / "self.json.gz", app / "max_iids.json.gz"
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])
    assert "is damaged, and nothing was imported" in assert_refused(instance, copied)


@pytest.mark.parametrize("name", ["metadata.json.gz", "manifest.json.gz"])
def test_a_description_of_another_archive_refuses_the_import(
    instance: Instance, source: Instance, program: Program, copied: Path, tmp_path: Path, name: str
) -> None:
    other = tmp_path / source.json("export", "fill/inner/empty", "--to", tmp_path)["export_prefix"]
    shutil.copy(other / name, copied / name)
    message = assert_refused(instance, copied)
    assert message == (
        "The manifest and the metadata of this archive disagree about `entities_mapping`, `export_prefix`, `export_tag`: they come"
        " from different exports. Copy both again from one export prefix."
    )
    assert program.run("archive", "verify", copied).refused(ExitStatus.BAD_INPUT) == message


def test_a_missing_manifest_refuses_the_import(instance: Instance, copied: Path) -> None:
    (copied / "manifest.json.gz").unlink()
    assert assert_refused(instance, copied) == (
        f"The archive at {copied} was written with a manifest, and `manifest.json.gz` is missing. Copy it from where it was"
        " exported, or export again."
    )


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.symlink_to(os.devnull), "a symbolic link"),
        (os.mkfifo, "a device, pipe or socket"),
    ],
)
def test_links_and_pipes_refuse_the_import(
    instance: Instance, program: Program, copied: Path, make: Callable[[Path], None], kind: str
) -> None:
    key = f"{mapping(copied)['fill/app']}/self.json.gz"
    (copied / key).unlink()
    make(copied / key)
    assert assert_refused(instance, copied) == (
        f"{copied.name}/{key} in {copied.parent} is {kind}, and only regular files and directories are accepted. Replace it by the"
        " file itself."
    )
    assert [item["kind"] for item in verify(program, copied)] == ["unreadable"]


def test_a_relation_that_nobody_knows_refuses_an_archive_with_a_manifest(instance: Instance, tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.records("project_7/tea_leaves.ndjson.gz", [{"leaf": 1}])
    draft.complete().finish()
    assert assert_refused(instance, draft.path("")) == (
        f"The archive at {draft.path('')} holds project_7/tea_leaves, whose relation this program does not know, and nothing was"
        " imported. Import it with a newer release of offline-transfer."
    )


def test_a_relation_that_nobody_knows_is_counted_without_a_manifest(destination: Instance, tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.records("project_7/tea_leaves.ndjson.gz", [{"leaf": 1}, {"leaf": 2}])
    draft.complete().finish_as_gitlab()
    imported = destination.json("import", draft.path(""), "--all", "")
    assert [row for row in imported["relations"] if row["path"] == "tea_leaves"] == [
        {
            "entity": "top/app",
            "path": "tea_leaves",
            "source": 2,
            "imported": 0,
            "skipped": 2,
            "failed": 0,
            "reasons": {"no_place": 2},
        }
    ]


def test_a_source_that_is_too_old_is_named_with_the_oldest_that_is_not(instance: Instance, tmp_path: Path) -> None:
    draft = Draft(tmp_path).complete().finish_as_gitlab()
    metadata = draft.path("metadata.json.gz")
    values = orjson.loads(gzip.decompress(metadata.read_bytes()))
    metadata.write_bytes(gzip.compress(orjson.dumps({**values, "instance_version": "14.1.0"})))
    message = assert_refused(instance, draft.path(""))
    assert message.startswith("The archive was written by GitLab 14.1.0; the oldest version that can be imported is ")
