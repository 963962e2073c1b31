"""File-based exports become groups and projects, and every record is accounted for."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from offline_transfer.errors import OfflineTransferError
from offline_transfer.files.errors import NamespaceNeededError
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.importing.errors import DestinationTakenError, InvalidDestinationError
from offline_transfer.importing.result import Row
from tests.conftest import FIXTURES
from tests.integration.files.instances import TestInstance
from tests.unit.files.making import GROUP, PROJECT, archive, directory
from tests.unit.files.test_fixtures import DOCUMENTS

ROOTS = sorted(place.parent for place in FIXTURES.rglob("tree") if place.is_dir()) if FIXTURES else []
READABLE = [root for root in ROOTS if root.name != "invalid_json"]


def simple(rows: list[Row]) -> list[tuple[str, str, int, int, int, int]]:
    return [(row.entity, row.path, row.source, row.imported, row.skipped, row.failed) for row in rows]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda place: place.stem)
def test_both_forms_of_a_fixture_load_alike(document: Path, instance: TestInstance) -> None:
    one = instance.rows(instance.load(document, slug="one"))
    other = instance.rows(instance.load(document.with_suffix(""), slug="other"))
    assert simple(one) == simple(other)
    assert sum(row.imported for row in one) > 0
    assert [row for row in one if row.failed] == []


def test_the_small_project_is_there_with_its_records(instance: TestInstance) -> None:
    document = next(place for place in DOCUMENTS if place.stem == "small")
    rows = {row.path: row for row in instance.rows(instance.load(document, namespace="tea/kettles"))}
    assert instance.paths() == ["tea", "tea/kettles", "tea/kettles/small"]
    assert (rows["tea_leaves"].source, rows["tea_leaves"].reasons) == (2, {"no_place": 2})
    assert (rows["issues.kettle_field"].source, rows["issues.kettle_field"].reasons) == (1, {"no_place": 1})
    assert rows["issues.notes"].imported == 2
    assert rows["ci_pipelines.stages.statuses"].imported == 1
    with instance.database.session() as session:
        assert session.scalars(select(Issue.title).order_by(Issue.iid)).all() == ["The whistle is silent", "Descale"]
        project = session.scalars(select(Project)).one()
        assert (project.name, project.description) == (
            "Small kettle ☕",
            'Tea, coffee and a "quoted" word\nand a second line',
        )
        assert project.runners_token is None


def test_groups_lie_in_one_another_as_they_did(instance: TestInstance) -> None:
    document = next(place for place in DOCUMENTS if place.stem == "nested")
    instance.load(document, namespace="dest", slug="cuisine")
    assert instance.paths() == [
        "dest",
        "dest/cuisine",
        "dest/cuisine/drawer",
        "dest/cuisine/shelf",
        "dest/cuisine/shelf/left-corner",
    ]
    instance.load(document, namespace="")
    assert [path for path in instance.paths() if path.startswith("kitchen")] == [
        "kitchen",
        "kitchen/drawer",
        "kitchen/shelf",
        "kitchen/shelf/left-corner",
    ]


@pytest.mark.fixtures
@pytest.mark.parametrize("root", READABLE, ids=[str(root.relative_to(root.parents[1])) for root in READABLE])
def test_a_load_accounts_for_every_record_in_every_file(root: Path, instance: TestInstance) -> None:
    loaded = instance.load(root)
    rows = instance.rows(loaded)
    expected: dict[str, int] = {}
    for file in (root / "tree").rglob("*.ndjson"):
        lines = [line for line in file.read_text("utf-8").split("\n") if line.strip() not in ("", "null")]
        if file.stem != "_all" and lines:
            expected[file.stem] = expected.get(file.stem, 0) + len(lines)
    found: dict[str, int] = {}
    for row in rows:
        if "." not in row.path and row.source:
            found[row.path] = found.get(row.path, 0) + row.source
    entities = len(list((root / "tree" / "groups").glob("*.json"))) or 1
    files = {"uploads": len([place for place in root.glob("uploads/*/*") if place.is_file()])}
    others = {name: found.pop(name, 0) for name in ("self", "uploads", "repository", "references")}
    assert found == expected
    assert (others["self"], others["uploads"]) == (entities, files["uploads"])
    assert (others["repository"] > 0) == (root / "project.bundle").exists()
    assert loaded.strangers.count == 0


def test_a_group_that_exists_is_used_whatever_its_case(instance: TestInstance, tmp_path: Path) -> None:
    export = archive(tmp_path / "kettle.tar.gz", PROJECT)
    instance.load(export, namespace="One/Two")
    instance.load(export, namespace="one/TWO/three/")
    assert instance.paths() == ["One", "One/Two", "One/Two/kettle", "One/Two/three", "One/Two/three/kettle"]


def test_a_group_that_is_made_is_private(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(archive(tmp_path / "kettle.tar.gz", PROJECT), namespace="one")
    with instance.database.session() as session:
        assert session.scalars(select(Namespace.visibility_level)).all() == [0]


def test_a_second_load_takes_another_name(instance: TestInstance, tmp_path: Path) -> None:
    export = archive(tmp_path / "kettle.tar.gz", PROJECT)
    first, second = instance.load(export), instance.load(export)
    assert [instance.destinations(loaded)[0]["destination"] for loaded in (first, second)] == [
        "dest/kettle",
        "dest/kettle_1",
    ]


@pytest.mark.parametrize(
    ("namespace", "slug", "error"),
    [
        ("", None, NamespaceNeededError),
        ("dest", "no/slash", InvalidDestinationError),
        ("dest/-", None, InvalidDestinationError),
        ("dest/kettle", None, DestinationTakenError),
    ],
)
def test_what_cannot_be_a_destination_is_refused_before_anything_is_written(
    instance: TestInstance, tmp_path: Path, namespace: str, slug: str | None, error: type[OfflineTransferError]
) -> None:
    export = archive(tmp_path / "kettle.tar.gz", PROJECT)
    instance.load(export)
    with pytest.raises(error):
        instance.load(export, namespace=namespace, slug=slug)
    assert instance.paths() == ["dest", "dest/kettle"]


@pytest.mark.parametrize(
    "files",
    [
        PROJECT | {"VERSION": b"0.1.0"},
        PROJECT | {"tree/project.json": b"{"},
        {"README": b""},
        GROUP | {"tree/groups/1.json": b"{}"},
    ],
)
def test_an_export_that_cannot_be_opened_leaves_nothing(
    instance: TestInstance, tmp_path: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(OfflineTransferError):
        instance.load(archive(tmp_path / "kettle.tar.gz", files), namespace="new/group")
    assert instance.paths() == []
    assert list((instance.settings.data_dir / "spool").iterdir()) == []


def test_a_group_without_its_parent_fails_and_the_others_go_on(instance: TestInstance, tmp_path: Path) -> None:
    files = GROUP | {
        "tree/groups/_all.ndjson": b"1\n2\n3\n4\n",
        "tree/groups/2.json": b'{"id":2,"parent_id":null,"path":"lost"}',
        "tree/groups/2/boards.ndjson": b'{"name":"b","lists":[{"list_type":"closed"},{"list_type":"backlog"}]}\n{oops\n',
        "tree/groups/2/spoons.ndjson": b"{}\n{}\n",
        "groups/2/uploads/0a/x": b"",
        "tree/groups/3.json": b'{"id":3,"parent_id":2,"path":"below-lost"}',
        "tree/groups/4.json": b'{"id":4,"parent_id":1,"path":"fine"}',
    }
    loaded = instance.load(directory(tmp_path / "export", files))
    assert instance.paths() == ["dest", "dest/top", "dest/top/fine"]
    reason = "its parent group is not in the export, or could not be read"
    assert instance.failures(loaded) == [("group_2", "self", reason), ("group_3", "self", reason)]
    lost = [(row.path, row.source, row.failed, row.reasons) for row in instance.rows(loaded) if row.entity == "group_2"]
    assert sorted(lost, key=lambda row: row[0]) == [
        ("boards", 2, 2, {"not_json": 1, "parent_failed": 1}),
        ("boards.lists", 2, 2, {"parent_failed": 2}),
        ("labels", 1, 1, {"parent_failed": 1}),
        ("self", 1, 1, {"parent_failed": 1}),
        ("spoons", 2, 0, {"no_place": 2}),
        ("uploads", 1, 1, {"parent_failed": 1}),
    ]
    assert [item["status"] for item in instance.destinations(loaded)] == ["finished", "finished", "failed", "failed"]


def test_groups_below_one_that_the_instance_refuses_fail_with_it(instance: TestInstance, tmp_path: Path) -> None:
    files = GROUP | {"tree/groups/1.json": b'{"id":1,"parent_id":null,"path":"api"}'}
    loaded = instance.load(directory(tmp_path / "export", files), namespace="")
    assert instance.paths() == []
    rows = [(row.entity, row.path, row.failed, row.reasons) for row in instance.rows(loaded)]
    assert sorted(rows, key=lambda row: row[:2]) == [
        ("api", "self", 1, {"invalid_value": 1}),
        ("api/sub", "labels", 1, {"parent_failed": 1}),
        ("api/sub", "self", 1, {"parent_failed": 1}),
    ]
    assert [str(message)[:45] for _, _, message in instance.failures(loaded)] == [
        "`api` cannot be a path of a group or project:",
        "the group around it could not be imported",
    ]


def test_a_line_that_is_no_json_fails_alone(instance: TestInstance, tmp_path: Path) -> None:
    lines = b'{"title":"one","color":"#ff0000"}\nnot json\n{"title":"two","color":"#00ff00"}\n'
    loaded = instance.load(archive(tmp_path / "k.tar.gz", PROJECT | {"tree/project/labels.ndjson": lines}))
    (labels,) = [row for row in instance.rows(loaded) if row.path == "labels"]
    assert (labels.imported, labels.failed, labels.reasons) == (2, 1, {"not_json": 1})
    ((_, path, message),) = instance.failures(loaded)
    assert (path, str(message).split(":")[0]) == ("labels", "tree/project/labels.ndjson, line 2")


def test_a_line_beyond_the_limit_fails_its_relation_with_all_records(instance: TestInstance, tmp_path: Path) -> None:
    long = json.dumps({"title": "x" * (50 * 1024 * 1024)}).encode()
    files = PROJECT | {"tree/project/labels.ndjson": b'{"title":"one","color":"#ff0000"}\n' + long + b"\n{}\n"}
    loaded = instance.load(directory(tmp_path / "k", files))
    (labels,) = [row for row in instance.rows(loaded) if row.path == "labels"]
    assert (labels.source, labels.imported, labels.failed) == (3, 0, 3)
    assert labels.reasons == {"object_damaged": 3}
