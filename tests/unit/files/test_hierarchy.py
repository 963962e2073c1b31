"""Groups hang on their parents; one that cannot be used fails with those below it, and the others go on."""

from pathlib import Path

import pytest

from offline_transfer.errors import BadInputError
from offline_transfer.files import hierarchy
from offline_transfer.files.errors import DamagedTreeError
from offline_transfer.files.opening import OpenedExport, opened
from offline_transfer.transfers.accounting import Fail
from tests.unit.files.making import GROUP, directory

LIST = "tree/groups/_all.ndjson"


def look(tmp_path: Path, files: dict[str, bytes]) -> OpenedExport:
    with opened(directory(tmp_path / "export", GROUP | files), spool=tmp_path / "spool") as export:
        return export


def failures(export: OpenedExport) -> list[tuple[int, str, Fail]]:
    return [(failure.source.group_id, failure.reason, failure.fail) for failure in export.failures]


@pytest.mark.parametrize("parent", [b"null", b"9", b'"1"', b"2"])
def test_a_group_without_its_parent_fails_with_its_children(tmp_path: Path, parent: bytes) -> None:
    export = look(
        tmp_path,
        {
            LIST: b"1\n2\n3\n4\n",
            "tree/groups/2.json": b'{"id":2,"parent_id":%b}' % parent,
            "tree/groups/3.json": b'{"id":3,"parent_id":2}',
            "tree/groups/4.json": b'{"id":4,"parent_id":1,"path":"other"}',
        },
    )
    assert [group.source.full_path for group in export.groups] == ["top", "top/other"]
    assert failures(export) == [
        (2, hierarchy.PARENT_NOT_FOUND, Fail.PARENT_FAILED),
        (3, hierarchy.PARENT_NOT_FOUND, Fail.PARENT_FAILED),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"id":3,"parent_id":1}', hierarchy.WRONG_ID),
        (b'{"parent_id":1}', hierarchy.WRONG_ID),
        (b'{"id":"2","parent_id":1}', hierarchy.WRONG_ID),
    ],
)
def test_a_group_whose_id_is_not_its_file_name_fails(tmp_path: Path, content: bytes, reason: str) -> None:
    assert failures(look(tmp_path, {"tree/groups/2.json": content})) == [(2, reason, Fail.OBJECT_DAMAGED)]


def test_a_group_that_is_no_json_fails(tmp_path: Path) -> None:
    (found,) = failures(look(tmp_path, {"tree/groups/2.json": b"{"}))
    assert found[0] == 2
    assert found[1].startswith("tree/groups/2.json, line 1: it is not JSON")


def test_a_group_that_is_listed_without_attributes_fails(tmp_path: Path) -> None:
    assert failures(look(tmp_path, {LIST: b"1\n2\n5"})) == [(5, hierarchy.ATTRIBUTES_ABSENT, Fail.OBJECT_DAMAGED)]


def test_groups_that_are_not_listed_are_named_as_strangers(tmp_path: Path) -> None:
    export = look(tmp_path, {LIST: b"1\n"})
    assert [group.source.full_path for group in export.groups] == ["top"]
    assert export.strangers.names == ["tree/groups/2.json"]


def test_the_first_of_the_list_is_the_root_whatever_its_parent_was(tmp_path: Path) -> None:
    export = look(tmp_path, {"tree/groups/1.json": b'{"id":1,"parent_id":77,"path":"top"}'})
    assert [group.source.full_path for group in export.groups] == ["top", "top/sub"]


def test_without_a_list_the_root_is_the_one_whose_parent_is_not_there(tmp_path: Path) -> None:
    files = {
        "tree/groups/7.json": b'{"id":7,"parent_id":3,"path":"root"}',
        "tree/groups/5.json": b'{"id":5,"parent_id":7,"path":"sub"}',
    }
    with opened(directory(tmp_path / "export", files), spool=tmp_path / "spool") as export:
        assert [group.source.full_path for group in export.groups] == ["root", "root/sub"]
        assert "`tree/groups/_all.ndjson` is absent: the groups are taken from the files that there are" in export.notes


@pytest.mark.parametrize("content", [b"", b"\n", b"1\nx\n", b"-1\n", b"1 2\n", b"99999999999999999999999\n"])
def test_a_list_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedTreeError):
        look(tmp_path, {LIST: content})


def test_a_root_that_cannot_be_read_refuses_the_export(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        look(tmp_path, {"tree/groups/1.json": b"["})


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b'"path":"../../etc"', "top/etc"),
        (b'"path":7,"name":"A name"', "top/A-name"),
        (b'"path":"","name":null', "top/group_2"),
    ],
)
def test_a_path_from_outside_is_made_fit(tmp_path: Path, attributes: bytes, expected: str) -> None:
    export = look(tmp_path, {"tree/groups/2.json": b'{"id":2,"parent_id":1,%b}' % attributes})
    assert export.groups[1].source.full_path == expected
