"""A relation without which the rest is worth nothing, all the way through an import."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offline_transfer.importing import stages
from offline_transfer.importing.pipelines import special
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.types import PortableKind
from tests.integration.importing.test_killed import DamagedObject
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, RecordsObject, RecordsSource


class DamagedLabels(RecordsSource):
    """Its labels cannot be read."""

    def objects(self, relation: str) -> list[RecordsObject]:
        """The objects, those of labels damaged."""
        found = RecordsSource.objects(self, relation)
        return [DamagedObject(item.number, relation, item.content) if relation == "labels" else item for item in found]


SOURCE = DamagedLabels(relations={"labels": [[{"title": "bug"}]], "issues": [[issue(1)], [issue(2)]]})


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
    assert len(destination.rows("issues", "iid")) == 2


@pytest.mark.usefixtures("_vital_labels")
def test_a_vital_relation_takes_the_project_with_it_and_every_record_is_accounted_for(destination: Destination) -> None:
    row = destination.run(SOURCE)
    told = "`labels` could not be imported, and nothing else can be without it. The failures of the import say why."
    assert (row.status.name, row.error) == ("failed", told)
    assert destination.rows("issues", "iid") == []
    assert counts(destination.accounting(row)) == {
        "labels": (1, 0, 0, 1, {"object_damaged": 1}),
        "issues": (2, 0, 0, 2, {"parent_failed": 2}),
    }
