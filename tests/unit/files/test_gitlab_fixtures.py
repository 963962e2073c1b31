"""GitLab's own fixtures: every one opens, and every record of every file is seen, as an independent count says."""

import json
from collections import Counter
from pathlib import Path

import pytest

from offline_transfer.files.errors import DamagedTreeError
from offline_transfer.files.fixtures import to_json, to_tree
from offline_transfer.files.opening import opened
from offline_transfer.importing.plan import count_nested, plans
from offline_transfer.importing.source import EntitySource
from offline_transfer.relations.loader import tree
from offline_transfer.types import Edition
from tests.conftest import FIXTURES

ROOTS = sorted(place.parent for place in FIXTURES.rglob("tree") if place.is_dir()) if FIXTURES else []
BROKEN = {"invalid_json"}
READABLE = [root for root in ROOTS if root.name not in BROKEN]

pytestmark = [
    pytest.mark.fixtures,
    pytest.mark.parametrize("root", READABLE, ids=[str(root.relative_to(root.parents[1])) for root in READABLE]),
]


def records(file: Path) -> list[object]:
    """The values of a file's lines."""
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line.strip()]


def counted_by_json(folder: Path) -> Counter[str]:
    """Records on every path of the relations of one project or group: objects under lists and objects."""
    counts: Counter[str] = Counter()
    for file in sorted(folder.glob("*.ndjson")):
        for record in records(file):
            if record is not None:
                _count(record, file.stem, counts)
    return counts


def _count(record: object, path: str, counts: Counter[str]) -> None:
    counts[path] += 1
    assert isinstance(record, dict)
    for key, value in record.items():
        for below in value if isinstance(value, list) else [value]:
            if isinstance(below, dict):
                _count(below, f"{path}.{key}", counts)


def counted_by_source(source: EntitySource) -> Counter[str]:
    """The same through the source, with the paths of our trees; relations that no tree knows by their first level."""
    counts: Counter[str] = Counter()
    known = plans(source.kind, Edition.EE)
    for node in tree(source.kind).relations:
        for item in source.objects(node.name) or ():
            with item.lines() as lines:
                found = [json.loads(line) for line in lines]
            assert item.records == len(found)
            counts[node.name] += len(found)
            for record in found:
                if node.name in known:
                    count_nested(known[node.name], record, lambda path, count: counts.update({path: count}))
    counts.update({name: count for name, count in source.strangers() if count})
    return counts


def test_every_record_of_a_fixture_is_seen(root: Path, tmp_path: Path) -> None:
    with opened(root, spool=tmp_path) as export:
        sources: list[tuple[EntitySource, Path]] = []
        if export.project is not None:
            sources.append((export.project, root / "tree" / "project"))
        groups = [group.source for group in export.groups] + [failure.source for failure in export.failures]
        sources += [(group, root / "tree" / "groups" / str(group.group_id)) for group in groups]
        assert {source.kind for source, _ in sources} == {export.kind}
        for source, folder in sources:
            expected = counted_by_json(folder)
            found = counted_by_source(source)
            known = {node.path for node in tree(source.kind).root.walk()}
            assert {path: count for path, count in found.items() if path in known or "." not in path} == {
                path: count for path, count in expected.items() if path in known or "." not in path
            }
            assert source.root() or not (root / "tree" / "project.json").exists()
        assert export.strangers.count == 0


def test_a_fixture_survives_the_way_to_a_document_and_back(root: Path, tmp_path: Path) -> None:
    document = tmp_path / ("group.json" if (root / "tree" / "groups").exists() else "project.json")
    if root.name == "child_with_no_parent":
        # A group without its parent has no place in one document.
        with pytest.raises(DamagedTreeError):
            to_json(root, document)
        return
    to_json(root, document)
    to_tree(document, tmp_path / "made")
    to_json(tmp_path / "made", tmp_path / "second.json")
    assert document.read_bytes() == (tmp_path / "second.json").read_bytes()
    for file in (root / "tree").rglob("*.ndjson"):
        made, given = records(tmp_path / "made" / file.relative_to(root)), records(file)
        # A document lists groups as they lie in one another.
        assert (
            (set(map(str, made)), made[0]) == (set(map(str, given)), given[0]) if file.stem == "_all" else made == given
        )
