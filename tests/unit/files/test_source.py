"""The relations of an export, as an import reads them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.limits import Limits
from offline_transfer.files.opening import opened
from offline_transfer.files.source import count_lines
from offline_transfer.importing.source import EntitySource, SourceObject
from tests.unit.files.making import GROUP, PROJECT, directory

OID = "ab" * 32


def project(tmp_path: Path, files: dict[str, bytes], limits: Limits | None = None) -> EntitySource:
    """The project of an unpacked export, which can be read after it was opened."""
    with opened(directory(tmp_path / "export", PROJECT | files), spool=tmp_path / "spool", limits=limits) as export:
        assert export.project is not None
        return export.project


def group(tmp_path: Path, files: dict[str, bytes]) -> EntitySource:
    """The group with the id 2."""
    with opened(directory(tmp_path / "export", GROUP | files), spool=tmp_path / "spool") as export:
        return export.groups[1].source


def lines(objects: Sequence[SourceObject] | None) -> list[tuple[int, str, int | None, list[bytes]]]:
    found = []
    for item in objects or ():
        with item.lines() as texts:
            found.append((item.number, item.where, item.records, list(texts)))
    return found


def members(objects: Sequence[SourceObject] | None) -> list[tuple[str, int, bytes]]:
    (item,) = objects or ()
    with item.members() as files:
        return [(file.name, file.size, b"".join(file.blocks)) for file in files]


def test_a_collection_has_a_line_for_each_record_with_or_without_the_last_line_feed(tmp_path: Path) -> None:
    source = project(tmp_path, {"tree/project/issues.ndjson": b'{"iid":1}\n{"iid":2}'})
    path = "tree/project/issues.ndjson"
    assert lines(source.objects("issues")) == [(1, path, 2, [b'{"iid":1}', b'{"iid":2}'])]


def test_a_relation_that_is_not_a_collection_is_one_object(tmp_path: Path) -> None:
    source = project(tmp_path, {"tree/project/project_feature.ndjson": b'{"wiki_access_level":0}'})
    path = "tree/project/project_feature.ndjson"
    assert lines(source.objects("project_feature")) == [(1, path, 1, [b'{"wiki_access_level":0}'])]


@pytest.mark.parametrize("content", [b"", b"null", b"null\n", b"\n", b"  \n"])
def test_an_empty_file_and_null_are_empty_relations(tmp_path: Path, content: bytes) -> None:
    assert project(tmp_path, {"tree/project/auto_devops.ndjson": content}).objects("auto_devops") == []


def test_an_absent_file_is_an_empty_relation(tmp_path: Path) -> None:
    assert project(tmp_path, {}).objects("issues") == []


def test_a_former_name_is_read_after_the_present_one(tmp_path: Path) -> None:
    files = {"tree/project/pipelines.ndjson": b'{"iid":1}\n', "tree/project/ci_pipelines.ndjson": b'{"iid":2}\n'}
    source = project(tmp_path, files)
    assert lines(source.objects("ci_pipelines")) == [
        (1, "tree/project/ci_pipelines.ndjson", 1, [b'{"iid":2}']),
        (2, "tree/project/pipelines.ndjson", 1, [b'{"iid":1}']),
    ]
    assert source.strangers() == []


def test_relations_that_no_tree_knows_are_counted(tmp_path: Path) -> None:
    files = {
        "tree/project/services.ndjson": b'{"a":1}\n{"a":2}\n',
        "tree/project/metrics_setting.ndjson": b"null",
        "tree/project/epics.ndjson": b'{"iid":1}\n',
    }
    assert project(tmp_path, files).strangers() == [("epics", 1), ("metrics_setting", 0), ("services", 2)]


def test_a_line_beyond_the_limit_is_refused_when_it_is_read(tmp_path: Path) -> None:
    source = project(tmp_path, {"tree/project/issues.ndjson": b"{}\n" + b"x" * 200}, Limits(line_bytes=100))
    (issues,) = source.objects("issues") or ()
    assert issues.records == 2
    with issues.lines() as texts:
        assert next(texts) == b"{}"
        with pytest.raises(LimitExceededError):
            next(texts)


def test_bundles_have_the_names_of_an_archive(tmp_path: Path) -> None:
    source = project(tmp_path, {"project.bundle": b"R", "project.wiki.bundle": b"WW", "project.design.bundle": b"DDD"})
    assert members(source.objects("repository")) == [("repository.bundle", 1, b"R")]
    assert members(source.objects("wiki")) == [("wiki.bundle", 2, b"WW")]
    assert members(source.objects("design")) == [("design.bundle", 3, b"DDD")]


def test_without_bundles_there_is_an_empty_repository_and_nothing_else(tmp_path: Path) -> None:
    source = project(tmp_path, {})
    assert members(source.objects("repository")) == []
    relations = ["wiki", "design", "snippets_repository", "uploads", "lfs_objects"]
    assert [source.objects(relation) for relation in relations] == [[], [], [], [], []]


def test_repositories_of_snippets_go_by_digest(tmp_path: Path) -> None:
    source = project(tmp_path, {f"snippets/{OID}.bundle": b"S", "snippets/odd.bundle": b""})
    assert members(source.objects("snippets_repository")) == [(f"{OID}.bundle", 1, b"S")]


def test_uploads_and_the_avatar_are_one_relation(tmp_path: Path) -> None:
    files = {"uploads/0b/ü.png": b"U", "uploads/0a/x": b"", "uploads/loose": b"L", "avatar/me.png": b"A"}
    assert members(project(tmp_path, files).objects("uploads")) == [
        ("avatar/me.png", 1, b"A"),
        ("0a/x", 0, b""),
        ("0b/ü.png", 1, b"U"),
        ("loose", 1, b"L"),
    ]


def test_lfs_objects_come_with_their_types(tmp_path: Path) -> None:
    source = project(tmp_path, {f"lfs-objects/{OID}": b"L", "lfs-objects.json": b"{}", "lfs-objects/odd": b""})
    assert members(source.objects("lfs_objects")) == [("lfs_objects.json", 2, b"{}"), (OID, 1, b"L")]


def test_the_highest_iids_are_read_where_they_are(tmp_path: Path) -> None:
    assert project(tmp_path / "a", {"max_iids.json": b'{"issues": 7}'}).max_iids() == {"issues": 7}
    assert project(tmp_path / "b", {}).max_iids() == {}


def test_a_group_has_its_own_relations_and_files(tmp_path: Path) -> None:
    source = group(
        tmp_path,
        {
            "tree/groups/1/badges.ndjson": b"{}\n",
            "groups/2/uploads/0a/x": b"U",
            "groups/1/uploads/0b/y": b"",
            "groups/2/max_iids.json": b'{"epics": 3}',
        },
    )
    assert lines(source.objects("labels")) == [(1, "tree/groups/2/labels.ndjson", 1, [b'{"title":"one"}'])]
    assert source.objects("badges") == []
    assert members(source.objects("uploads")) == [("0a/x", 1, b"U")]
    assert source.max_iids() == {"epics": 3}
    assert source.strangers() == []


def test_a_group_has_its_own_wiki_and_strangers(tmp_path: Path) -> None:
    source = group(tmp_path, {"repositories/2.wiki.bundle": b"W", "tree/groups/2/spoons.ndjson": b"{}\n"})
    assert members(source.objects("wiki")) == [("wiki.bundle", 1, b"W")]
    assert source.strangers() == [("spoons", 1)]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([], 0),
        ([b"", b""], 0),
        ([b"\n\n \n"], 0),
        ([b"{}\n{", b"}", b"\n", b"{}"], 3),
        ([b"{}", b"\n"], 1),
        ([b" ", b" \n", b" x", b" "], 1),
    ],
)
def test_lines_are_counted_across_blocks(blocks: list[bytes], expected: int) -> None:
    assert count_lines(iter(blocks)) == expected
