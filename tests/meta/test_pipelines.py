"""The tree, the stages, the writers and the pipelines name each other completely."""

import pytest

from offline_transfer.exporting.work import WRITERS
from offline_transfer.importing.pipelines.special import SPECIAL
from offline_transfer.importing.stages import STAGES
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.types import PortableKind


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


def test_every_file_relation_has_a_pipeline_and_a_writer() -> None:
    for kind in PortableKind:
        files = set(tree(kind).files)
        special = {relation for relation, pipeline in SPECIAL[kind].items() if pipeline.file_extraction_pipeline}
        assert special == files, "add the pipeline to SPECIAL in importing/pipelines/special.py"
        assert files <= set(WRITERS), "add the function to WRITERS in exporting/work.py"
