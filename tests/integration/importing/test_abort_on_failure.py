"""A relation without which the rest is worth nothing, all the way through an import."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from offline_transfer.importing import stages
from offline_transfer.importing.pipelines import special
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.types import PortableKind
from tests.integration.importing.test_records import counts, issue
from tests.integration.importing.test_trackers import Announced
from tests.support.importing import Destination, RecordsObject, RecordsSource


class DamagedLabels(RecordsSource):
    """Its labels cannot be read, nor some of its issues."""

    def objects(self, relation: str) -> list[RecordsObject]:
        """The objects, those of labels damaged, and the second one of issues."""
        found = RecordsSource.objects(self, relation)
        damaged = [Announced(**values(item), announced=len(item.content), is_damaged=True) for item in found]
        return list(damaged) if relation == "labels" else [*found[:1], *damaged[1:]]


def values(item: RecordsObject) -> dict[str, Any]:
    """What an object is made of."""
    return {part.name: getattr(item, part.name) for part in fields(item)}


SOURCE = DamagedLabels(
    relations={"labels": [[{"title": "bug"}]], "issues": [[issue(1)], [issue(2)]]},
    below={"labels": {"labels.priorities": 3, "labels.of_another_version": 9}, "issues": {"issues.notes": 4}},
)


@pytest.fixture
def _vital_labels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is worth anything without labels."""
    labels = replace(ndjson_pipeline("labels"), abort_on_failure=True)
    own = {**special.SPECIAL, PortableKind.PROJECT: {**special.SPECIAL[PortableKind.PROJECT], "labels": labels}}
    for known in (stages.pipeline, stages._stages):
        known.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("offline_transfer.importing.stages.SPECIAL", own)
        yield
    for known in (stages.pipeline, stages._stages):
        known.cache_clear()


def test_otherwise_a_damaged_relation_fails_alone(destination: Destination) -> None:
    row = destination.run(SOURCE)
    assert (row.status.name, row.error, row.has_failures) == ("finished", None, True)
    assert destination.rows("issues", "iid") == [(1,)]
    assert counts(destination.accounting(row)) == {
        "labels": (1, 0, 0, 1, {"object_damaged": 1}),
        "labels.priorities": (3, 0, 0, 3, {"object_damaged": 3}),
        "issues": (2, 1, 0, 1, {"object_damaged": 1}),
        "issues.notes": (8, 0, 0, 8, {"gap": 4, "object_damaged": 4}),
    }


@pytest.mark.usefixtures("_vital_labels")
def test_a_vital_relation_takes_the_project_with_it_and_every_record_is_accounted_for(destination: Destination) -> None:
    row = destination.run(SOURCE)
    told = "`labels` could not be imported, and nothing else can be without it. The failures of the import say why."
    assert (row.status.name, row.error) == ("failed", told)
    assert destination.rows("issues", "iid") == []
    assert counts(destination.accounting(row)) == {
        "labels": (1, 0, 0, 1, {"object_damaged": 1}),
        "labels.priorities": (3, 0, 0, 3, {"object_damaged": 3}),
        "issues": (2, 0, 0, 2, {"object_damaged": 1, "parent_failed": 1}),
        "issues.notes": (4, 0, 0, 4, {"object_damaged": 4}),
    }
