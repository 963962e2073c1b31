"""The tree, the stages, the writers and the pipelines name each other completely."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import pytest

from offline_transfer.archive.keys import Extension
from offline_transfer.exporting.work import WRITERS
from offline_transfer.importing.pipelines.special import SPECIAL
from offline_transfer.importing.stages import STAGES
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.types import PortableKind
from offline_transfer.verify.contents import expected_extension
from tests.integration.importing.pipelines import test_group_records, test_project_records

PIPELINE_TESTS: Final = Path(test_project_records.__file__).parent
CASES: Final = {PortableKind.PROJECT: test_project_records.CASES, PortableKind.GROUP: test_group_records.CASES}


def stages(kind: PortableKind) -> dict[str, int]:
    """The stage of each relation."""
    return {relation: number for number, relations in STAGES[kind].items() for relation in relations}


def too_early(kind: PortableKind, stage_of: dict[str, int]) -> list[str]:
    """Places whose record names one of a relation that is imported later, or in the same stage."""
    found = []
    owners = {node.table.name: node.name for node in reversed(tree(kind).relations) if not node.is_contributions}
    for top in tree(kind).relations:
        for node in top.walk():
            for target in _targets(node):
                owner = owners.get(target)
                if owner is not None and owner != top.name and stage_of[owner] >= stage_of[top.name]:
                    found.append(f"{node.path} needs {owner}")
    return found


def _targets(node: RelationNode) -> list[str]:
    targets = [link.table.name for link in node.link_by]
    if node.identity is not None and node.depth > 1:
        targets.append(node.table.name)
    return targets


@pytest.mark.parametrize("kind", list(PortableKind))
def test_every_relation_has_one_stage(kind: PortableKind) -> None:
    named = [relation for relations in STAGES[kind].values() for relation in relations]
    expected = [node.name for node in tree(kind).relations] + list(tree(kind).files)
    assert sorted(named) == sorted(expected), "name the relation in one stage of importing/stages.py"


@pytest.mark.parametrize("kind", list(PortableKind))
def test_no_relation_is_imported_before_what_it_refers_to(kind: PortableKind) -> None:
    assert too_early(kind, stages(kind)) == [], "move the relation to a later stage in importing/stages.py"


def test_a_relation_that_comes_too_early_is_found() -> None:
    order = stages(PortableKind.PROJECT) | {"labels": 9}
    assert "issues.label_links.label needs labels" in too_early(PortableKind.PROJECT, order)


def test_every_file_relation_has_a_pipeline_and_a_writer_and_is_verified() -> None:
    for kind in PortableKind:
        files = set(tree(kind).files)
        special = {relation for relation, pipeline in SPECIAL[kind].items() if pipeline.file_extraction_pipeline}
        assert special == files, "add the pipeline to SPECIAL in importing/pipelines/special.py"
        assert files <= set(WRITERS), "add the function to WRITERS in exporting/work.py"
        unknown = [relation for relation in files if expected_extension(relation) is not Extension.TAR]
        assert unknown == [], "add the relation to _FILES in verify/contents.py, and say what is expected in it"


def untested(
    kind: PortableKind, relations: Iterable[str], special: Collection[str], tested: Collection[str]
) -> list[str]:
    """Pipelines of a stage table without a test; `tested` has the relations of the table of cases and the names of test files.

    The rule: a pipeline of its own, one that `pipelines/special.py` names, has a test file of its own, `test_<relation>.py`. A
    pipeline that is made out of the relation file has a case in the table of its kind (`test_project_records.py` or
    `test_group_records.py`): a record that becomes a row, and one that fails. All lie in tests/integration/importing/pipelines.
    """
    found = []
    for relation in relations:
        if relation in special:
            if f"test_{relation}.py" not in tested:
                found.append(f"{kind}: write test_{relation}.py in tests/integration/importing/pipelines")
        elif relation not in tested:
            found.append(f"{kind}: add a case for `{relation}` to test_{kind}_records.py, with a record that fails")
    return found


@pytest.mark.parametrize("kind", list(PortableKind))
def test_every_pipeline_has_a_test(kind: PortableKind) -> None:
    files = {path.name for path in PIPELINE_TESTS.glob("test_*.py")}
    assert untested(kind, stages(kind), SPECIAL[kind], files | CASES[kind].keys()) == []
    assert set(CASES[kind]) <= set(stages(kind)), "the case is of no pipeline: remove it"


def test_a_pipeline_without_a_test_is_found() -> None:
    assert untested(PortableKind.PROJECT, ("wiki", "labels", "documents"), {"wiki"}, {"test_labels.py", "labels"}) == [
        "project: write test_wiki.py in tests/integration/importing/pipelines",
        "project: add a case for `documents` to test_project_records.py, with a record that fails",
    ]
