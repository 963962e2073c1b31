"""Fixtures lie in two forms, one document and a tree, and neither changes without the other."""

import json
from pathlib import Path

import pytest

from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.limits import Limits
from offline_transfer.errors import OfflineTransferError
from offline_transfer.files.errors import DamagedTreeError, NotAnExportError, TargetExistsError
from offline_transfer.files.fixtures import to_json, to_tree
from tests.unit.files.making import GROUP, PROJECT, directory

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DOCUMENTS = sorted(FIXTURES.glob("*/*.json"))
REMEDY = "the two forms of this fixture differ: change both, with `offline-transfer fixtures to-tree` or `to-json`"


def files(root: Path) -> dict[str, bytes]:
    return {str(place.relative_to(root)): place.read_bytes() for place in root.rglob("*") if place.is_file()}


def tree_of(tmp_path: Path, name: str, content: bytes) -> dict[str, bytes]:
    (tmp_path / name).write_bytes(content)
    to_tree(tmp_path / name, tmp_path / "made")
    return files(tmp_path / "made")


def test_there_are_fixtures_of_both_kinds_and_each_has_both_forms() -> None:
    assert {place.parent.name for place in DOCUMENTS} == {"project", "group"}
    assert [place.with_suffix("") for place in DOCUMENTS] == sorted(
        place for kind in ("group", "project") for place in (FIXTURES / kind).iterdir() if place.is_dir()
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda place: place.stem)
def test_the_tree_of_a_fixture_is_its_document(document: Path, tmp_path: Path) -> None:
    to_tree(document, tmp_path / "made")
    assert files(tmp_path / "made") == files(document.with_suffix("")), REMEDY


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda place: place.stem)
def test_the_document_of_a_fixture_is_its_tree(document: Path, tmp_path: Path) -> None:
    to_json(document.with_suffix(""), tmp_path / "made.json")
    assert (tmp_path / "made.json").read_bytes() == document.read_bytes(), REMEDY


def test_a_change_to_one_form_is_seen(tmp_path: Path) -> None:
    document = DOCUMENTS[0]
    changed = tmp_path / "changed.json"
    changed.write_bytes(document.read_bytes().replace(b"Shelf", b"Shelves"))
    to_tree(changed, tmp_path / "made")
    assert files(tmp_path / "made") != files(document.with_suffix(""))


def test_every_kind_of_value_has_its_place_in_the_tree(tmp_path: Path) -> None:
    content = {
        "description": None,
        "tag_list": ["a"],
        "hooks": [],
        "unknown": {"an": "attribute"},
        "labels": [{"title": "one"}, {"title": "two"}],
        "issues": [],
        "auto_devops": None,
        "project_feature": {"id": 1},
        "tea_leaves": [{"sort": "oolong"}],
        "tea_pot": {"size": 2},
        "services": [],
        "Odd-name": [{"stays": "inside"}],
    }
    assert tree_of(tmp_path, "project.json", json.dumps(content).encode()) == {
        "tree/project.json": b'{"description":null,"tag_list":["a"],"hooks":[],"unknown":{"an":"attribute"},'
        b'"Odd-name":[{"stays":"inside"}]}',
        "tree/project/labels.ndjson": b'{"title":"one"}\n{"title":"two"}\n',
        "tree/project/issues.ndjson": b"",
        "tree/project/auto_devops.ndjson": b"null",
        "tree/project/project_feature.ndjson": b'{"id":1}',
        "tree/project/tea_leaves.ndjson": b'{"sort":"oolong"}\n',
        "tree/project/tea_pot.ndjson": b'{"size":2}',
        "tree/project/services.ndjson": b"",
    }


def test_groups_without_ids_get_numbers_and_parents(tmp_path: Path) -> None:
    content = b'{"path":"a","children":[{"path":"b","children":[{"path":"c"}]},{"id":1,"parent_id":9,"path":"d"}]}'
    assert tree_of(tmp_path, "group.json", content) == {
        "tree/groups/_all.ndjson": b"2\n3\n4\n1\n",
        "tree/groups/2.json": b'{"path":"a","id":2}',
        "tree/groups/3.json": b'{"path":"b","id":3,"parent_id":2}',
        "tree/groups/4.json": b'{"path":"c","id":4,"parent_id":3}',
        "tree/groups/1.json": b'{"id":1,"parent_id":2,"path":"d"}',
    }


def test_a_collection_of_one_without_a_line_feed_is_still_a_list(tmp_path: Path) -> None:
    root = directory(tmp_path / "tree-of-one", {**PROJECT, "tree/project/labels.ndjson": b'{"title":"one"}'})
    to_json(root, tmp_path / "made.json")
    assert json.loads((tmp_path / "made.json").read_bytes())["labels"] == [{"title": "one"}]


@pytest.mark.parametrize(
    "content",
    [
        b'{"issues": [',
        b'{"issues": [{"a": 1}}]}',
        b'{"labels": [], "labels": []}',
        b'{"labels": [{"a": tru}]}',
        b'{"labels": []} {"labels": []}',
    ],
)
def test_a_damaged_document_leaves_no_tree(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "project.json").write_bytes(content)
    with pytest.raises(OfflineTransferError):
        to_tree(tmp_path / "project.json", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []


def test_two_groups_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedTreeError) as raised:
        tree_of(tmp_path, "group.json", b'{"id":1,"children":[{"id":1}]}')
    assert raised.value.details["reason"] == "two of its groups have the same id"


def test_groups_within_groups_without_end_are_refused(tmp_path: Path) -> None:
    content = b'{"path":"a","children":[' * 200 + b"{}" + b"]}" * 200
    with pytest.raises(LimitExceededError):
        tree_of(tmp_path, "group.json", content)


def test_attributes_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_bytes(b"{%b}" % b",".join(b'"a%d":1' % number for number in range(1000)))
    with pytest.raises(LimitExceededError):
        to_tree(tmp_path / "project.json", tmp_path / "made", limits=Limits(line_bytes=5000))


def test_a_tree_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_bytes(b"{}")
    root = directory(tmp_path / "made", PROJECT)
    with pytest.raises(TargetExistsError):
        to_tree(tmp_path / "project.json", root)
    assert files(root) == PROJECT


def test_a_tree_with_a_line_that_is_no_json_makes_no_document(tmp_path: Path) -> None:
    root = directory(tmp_path / "root", PROJECT | {"tree/project/issues.ndjson": b"{}\n{oops}\n"})
    (tmp_path / "made.json").write_bytes(b"the old one")
    with pytest.raises(OfflineTransferError):
        to_json(root, tmp_path / "made.json")
    assert sorted(place.name for place in tmp_path.iterdir()) == ["made.json", "root"]
    assert (tmp_path / "made.json").read_bytes() == b"the old one"


def test_groups_that_hang_on_nothing_make_no_document(tmp_path: Path) -> None:
    root = directory(tmp_path / "root", GROUP | {"tree/groups/2.json": b'{"id":2,"parent_id":5}'})
    with pytest.raises(DamagedTreeError):
        to_json(root, tmp_path / "made.json")


def test_a_directory_without_a_tree_makes_no_document(tmp_path: Path) -> None:
    with pytest.raises(NotAnExportError):
        to_json(directory(tmp_path / "root", {"VERSION": b"0.2.4"}), tmp_path / "made.json")
