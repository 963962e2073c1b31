"""The workload of the benchmarks: repeatable, and in the shape of the relation files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from bench.relations import Counts
from bench.workload import write_nearly_empty_project, write_project
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.types import PortableKind

FEW = Counts(issues=12, merge_requests=160, pipelines=6)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_project(tmp_path / "first", FEW)
    second = write_project(tmp_path / "second", FEW)

    assert first == second
    assert _contents(tmp_path / "first") == _contents(tmp_path / "second")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    write_project(tmp_path / "first", FEW)
    write_project(tmp_path / "second", FEW, seed=1)

    assert _contents(tmp_path / "first") != _contents(tmp_path / "second")


def test_it_says_how_much_it_wrote(tmp_path: Path) -> None:
    written = write_project(tmp_path, FEW)

    contents = _contents(tmp_path)
    assert written.bytes == sum(map(len, contents.values()))
    assert written.records == sum(content.count(b"\n") for content in contents.values())


def test_it_consists_of_what_the_relation_files_know(tmp_path: Path) -> None:
    write_project(tmp_path, FEW)

    strangers = {
        key
        for path in (tmp_path / "tree" / "project").iterdir()
        for line in path.read_bytes().splitlines()
        for key in _unknown_keys(tree(PortableKind.PROJECT).relation(path.stem), orjson.loads(line))
    }
    assert strangers == set()


def test_most_of_its_bytes_are_merge_requests_and_issues(tmp_path: Path) -> None:
    written = write_project(tmp_path, Counts(issues=100, merge_requests=110, pipelines=40))

    contents = _contents(tmp_path)
    heavy = len(contents["merge_requests.ndjson"]) + len(contents["issues.ndjson"])
    assert heavy > written.bytes * 0.8


def test_a_nearly_empty_project_has_a_label_and_an_issue(tmp_path: Path) -> None:
    written = write_nearly_empty_project(tmp_path)

    assert written.records == 2
    assert sorted(_contents(tmp_path)) == ["issues.ndjson", "labels.ndjson", "project.json"]


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def _unknown_keys(node: RelationNode, record: dict[str, Any]) -> Iterator[str]:
    attributes = {attribute.name for attribute in node.attributes}
    children = {child.name: child for child in node.children}
    for key, value in record.items():
        child = children.get(key)
        if child is None:
            if key not in attributes and (node.name, key) not in BESIDE:
                yield f"{node.path}.{key}"
            continue
        for nested in value if isinstance(value, list) else [value] if value else []:
            yield from _unknown_keys(child, nested)


BESIDE = {("user", "name")}
