"""Imports that are canceled, and tried again: only what did not come is done again, and everything is counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from offline_transfer import queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.importing import abandoned, control, result
from offline_transfer.importing.errors import (
    ImportCanceledError,
    ImportEndedError,
    ImportFailedError,
    ImportNotRetryableError,
    LoadFailedError,
)
from offline_transfer.importing.incomplete import incomplete
from offline_transfer.importing.reopening import Reopened
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, Tracker
from offline_transfer.transfers.states import ImportState, SourceType
from tests.integration.importing.test_killed import DamagedObject
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.integration.importing.test_trackers import FailingSource
from tests.support.importing import Destination, Records, RecordsObject, RecordsSource, run

LABEL = {"title": "bug", "color": "#ff0000"}
RELATIONS: Mapping[str, Sequence[Records]] = {
    "labels": [[LABEL]],
    "issues": [
        [issue(1, notes=[{"note": "x", "author_id": 7}]), issue(2)],
        [issue(3, notes=[{"note": "y", "author_id": 7}])],
    ],
    "releases": [[{"tag": "v1", "released_at": MOMENT}]],
}
WHOLE: Mapping[str, tuple[int, int, int, int, dict[str, int]]] = {
    "labels": (1, 1, 0, 0, {}),
    "issues": (3, 3, 0, 0, {}),
    "issues.notes": (2, 2, 0, 0, {}),
    "releases": (1, 1, 0, 0, {}),
}


@dataclass(frozen=True, slots=True)
class Damaged(RecordsSource):
    """One of its objects is damaged."""

    relation: str = ""
    number: int = 1

    def objects(self, relation: str) -> list[RecordsObject]:
        """The same objects, but for that one."""
        return [
            DamagedObject(item.number, relation, item.content)
            if (relation, item.number) == (self.relation, self.number)
            else item
            for item in RecordsSource.objects(self, relation)
        ]


@dataclass(frozen=True, slots=True)
class Canceling(RecordsSource):
    """Its import is canceled when a relation is looked at."""

    destination: Destination = field(kw_only=True)
    relation: str = "issues"

    def objects(self, relation: str) -> Sequence[RecordsObject]:
        """The same objects."""
        found = RecordsSource.objects(self, relation)
        is_at_work = self.destination.rows("bulk_import_trackers", "id", relation="labels", status=2)
        if relation == self.relation and is_at_work:
            cancel_all(self.destination)
        return found


def cancel_all(destination: Destination) -> None:
    """Cancel every import that has not ended."""
    for bulk_import_id, status in destination.rows("bulk_imports", "id", "status"):
        if status.name in ("created", "started"):
            with destination.database.session() as session:
                control.cancel(session, bulk_import_id)


def retry(destination: Destination, row: ImportEntity, source: RecordsSource) -> Reopened:
    """Have an import tried again, with what it reads as it is by now."""
    with destination.database.session() as session:
        reopened = control.reopen(session, row.bulk_import_id)
    queue.clear()
    run(destination.context(source), row.id)
    return reopened


def states(destination: Destination) -> dict[str, str]:
    """The states of an import, its entity, and its trackers and batches."""
    ((bulk_import,),) = destination.rows("bulk_imports", "status")
    ((entity,),) = destination.rows("bulk_import_entities", "status")
    return {
        "import": bulk_import.name,
        "entity": entity.name,
        **{name: status.name for name, status in destination.rows("bulk_import_trackers", "relation", "status")},
    }


def assert_whole(destination: Destination, entity_id: int) -> None:
    """Everything has come, once."""
    entity = destination.entity(entity_id)
    assert (entity.status.name, entity.has_failures, entity.error) == ("finished", False, None)
    assert counts(destination.accounting(entity)) == WHOLE
    assert sorted(destination.rows("issues", "iid")) == [(1,), (2,), (3,)]
    assert sorted(destination.rows("notes", "note")) == [("x",), ("y",)]
    assert destination.rows("labels", "title") == [("bug",)]
    assert destination.rows("releases", "tag") == [("v1",)]
    assert destination.rows("bulk_import_failures", "id") == []
    assert destination.rows("bulk_imports", "status", "has_failures")[0][1] is False


def test_a_canceled_import_starts_nothing_new_says_what_is_not_whole_and_goes_on(destination: Destination) -> None:
    row = destination.run(Canceling(relations=RELATIONS, destination=destination))
    found = states(destination)
    assert (found["import"], found["entity"]) == ("canceled", "canceled")
    assert (found["labels"], found["issues"], found["releases"]) == ("finished", "canceled", "canceled")
    assert destination.rows("issues", "iid") == destination.rows("releases", "tag") == []
    assert {status.name for (status,) in destination.rows("bulk_import_jobs", "status")} == {"ended"}
    with destination.database.session() as session:
        assert [(item.path, item.problem) for item in incomplete(session)] == [
            ("dest/app", "its import was broken off, or is still at work")
        ]
        with pytest.raises(ImportEndedError, match=f"The import {row.bulk_import_id} is canceled: there is nothing"):
            control.cancel(session, row.bulk_import_id)
    retry(destination, row, RecordsSource(relations=RELATIONS))
    assert_whole(destination, row.id)


def test_only_the_batch_that_failed_is_tried_again(destination: Destination) -> None:
    row = destination.run(Damaged(relations=RELATIONS, relation="issues", number=2))
    assert (row.status.name, row.has_failures) == ("finished", True)
    assert counts(destination.accounting(row))["issues"] == (3, 2, 0, 1, {"object_damaged": 1})
    before = destination.rows("issues", "id", "iid")
    reopened = retry(destination, row, RecordsSource(relations=RELATIONS))
    assert reopened == Reopened(entities=1, trackers=1, batches=1)
    assert_whole(destination, row.id)
    assert destination.rows("issues", "id", "iid")[:2] == before


@dataclass(frozen=True, slots=True)
class Broken:
    """Records of which some cannot be imported, and what they should have been."""

    bad: Mapping[str, Any] | bytes
    reason: str


@pytest.mark.parametrize(
    "broken",
    [
        Broken(b"{not json", "not_json"),
        Broken({**issue(2), "title": None, "notes": [{"note": "lost", "author_id": 7}]}, "missing_value"),
    ],
)
def test_only_the_record_that_failed_is_tried_again(destination: Destination, broken: Broken) -> None:
    first, second = RELATIONS["issues"]
    bad = {**RELATIONS, "issues": [[first[0], broken.bad], second]}
    row = destination.run(RecordsSource(relations=bad))
    assert counts(destination.accounting(row))["issues"] == (3, 2, 0, 1, {broken.reason: 1})
    before = destination.rows("issues", "id", "iid")
    # Once more in vain: the counts stay what they are.
    counted = counts(destination.accounting(row))
    assert retry(destination, row, RecordsSource(relations=bad)) == Reopened(1, 1, 1, 1)
    assert counts(destination.accounting(row)) == counted
    assert len(destination.rows("bulk_import_failures", "id")) == 1
    retry(destination, row, RecordsSource(relations=RELATIONS))
    assert_whole(destination, row.id)
    assert set(before) < set(destination.rows("issues", "id", "iid"))


BOARDS: Mapping[str, Mapping[str, Sequence[Records]]] = {
    "whole": {"boards": [[{"name": "a"}, {"name": "b"}, {"name": "c"}]]},
    "bad": {"boards": [[{"name": "a"}, b"{not json", {"name": "c"}]]},
}
"""Nothing of a board is unique: what is read twice comes twice."""


def boards(destination: Destination) -> list[str]:
    """The names of the boards that were written."""
    return sorted(name for (name,) in destination.rows("boards", "name"))


def test_an_object_that_breaks_while_some_of_its_lines_are_tried_again_fails_these_alone(
    destination: Destination,
) -> None:
    row = destination.run(RecordsSource(relations=BOARDS["bad"]))
    assert counts(destination.accounting(row)) == {"boards": (3, 2, 0, 1, {"not_json": 1})}
    retry(destination, row, Damaged(relations=BOARDS["whole"], relation="boards"))
    entity = destination.entity(row.id)
    assert (entity.status.name, entity.has_failures) == ("finished", True)
    assert counts(destination.accounting(entity)) == {"boards": (3, 2, 0, 1, {"object_damaged": 1})}
    failures = destination.rows("bulk_import_failures", "exception_class", "line_index", "batch_number")
    assert failures == [("object_damaged", 1, 1)]
    assert boards(destination) == ["a", "c"]
    reopened = retry(destination, row, RecordsSource(relations=BOARDS["whole"]))
    assert reopened == Reopened(entities=1, trackers=1, batches=1, records=1)
    entity = destination.entity(row.id)
    assert (entity.status.name, entity.has_failures) == ("finished", False)
    assert counts(destination.accounting(entity)) == {"boards": (3, 3, 0, 0, {})}
    assert boards(destination) == ["a", "b", "c"]
    assert destination.rows("bulk_import_failures", "id") == []


def test_what_is_nested_in_lines_that_are_tried_again_stays_counted_when_their_object_breaks(
    destination: Destination,
) -> None:
    """An issue without a title, with two comments, beside one with none."""
    notes = [{"note": "x", "author_id": 7}, {"note": "y", "author_id": 7}]
    bad, good = {**issue(1, notes=notes), "title": None}, issue(2)
    row = destination.run(RecordsSource(relations={"issues": [[bad, good]]}))
    failed = (2, 0, 0, 2)
    assert counts(destination.accounting(row))["issues.notes"] == (*failed, {"parent_failed": 2})
    for _ in range(2):
        retry(destination, row, Damaged(relations={"issues": [[bad, good]]}, relation="issues"))
        assert counts(destination.accounting(row)) == {
            "issues": (2, 1, 0, 1, {"object_damaged": 1}),
            "issues.notes": (*failed, {"object_damaged": 2}),
        }
    retry(destination, row, RecordsSource(relations={"issues": [[{**bad, "title": "one"}, good]]}))
    assert counts(destination.accounting(row)) == {"issues": (2, 2, 0, 0, {}), "issues.notes": (2, 2, 0, 0, {})}


def test_a_batch_that_is_given_up_while_some_of_its_lines_are_tried_again_fails_these_alone(
    destination: Destination,
) -> None:
    row = destination.run(RecordsSource(relations=BOARDS["bad"]))
    with destination.database.session() as session:
        control.reopen(session, row.bulk_import_id)
        batch = session.scalars(select(BatchTracker).where(BatchTracker.retried_lines.is_not(None))).one()
        tracker = session.get_one(Tracker, batch.tracker_id)
        for _ in range(2):
            abandoned.fail_batch(session, tracker, batch, Failure("Dead", "its worker died"))
            assert (batch.status.name, batch.retried_lines, batch.error) == ("finished", None, None)
    queue.clear()
    assert counts(destination.accounting(row)) == {"boards": (3, 2, 0, 1, {"given_up": 1})}
    failures = destination.rows("bulk_import_failures", "exception_class", "exception_message", "line_index")
    assert failures == [("given_up", "its worker died", 1)]


def test_an_entity_that_fails_while_some_lines_are_tried_again_counts_these_alone_as_lost(
    destination: Destination,
) -> None:
    row = destination.run(RecordsSource(relations=BOARDS["bad"]))
    retry(destination, row, FailingSource(relations=BOARDS["whole"], relation="boards"))
    entity = destination.entity(row.id)
    assert (entity.status.name, entity.error) == ("failed", "The database is gone.")
    assert counts(destination.accounting(entity)) == {"boards": (3, 2, 0, 1, {"parent_failed": 1})}
    retry(destination, row, RecordsSource(relations=BOARDS["whole"]))
    entity = destination.entity(row.id)
    assert (entity.status.name, entity.has_failures) == ("finished", False)
    assert counts(destination.accounting(entity)) == {"boards": (3, 3, 0, 0, {})}
    assert boards(destination) == ["a", "b", "c"]


def is_clean(destination: Destination, entity: ImportEntity) -> bool:
    """Whether everything of the import has come."""
    with destination.database.session() as session:
        return result.is_clean(session, entity.bulk_import_id)


def test_records_of_which_it_is_not_kept_why_they_failed_stay_failed_and_no_retry_hides_them(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_transfer.importing.pipeline.FAILURES_KEPT", 2)
    names = [{"name": name} for name in "abcde"]
    whole = RecordsSource(relations={"boards": [names]})
    row = destination.run(RecordsSource(relations={"boards": [[names[0], *[b"{"] * 4]]}))
    assert counts(destination.accounting(row)) == {"boards": (5, 1, 0, 4, {"not_json": 4})}
    for reopened in (Reopened(1, 1, 1, records=2, unkept_left=2), Reopened(entities=1, unkept_left=2)):
        assert retry(destination, row, whole) == reopened
        entity = destination.entity(row.id)
        assert counts(destination.accounting(entity)) == {"boards": (5, 3, 0, 2, {"not_json": 2})}
        assert (entity.status.name, entity.has_failures, is_clean(destination, entity)) == ("finished", True, False)
        assert boards(destination) == ["a", "b", "c"]


def test_an_object_of_which_nothing_came_is_read_again_as_a_whole(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_transfer.importing.pipeline.FAILURES_KEPT", 2)
    whole = RecordsSource(relations={"boards": [[{"name": name} for name in "abcde"]]})
    row = destination.run(RecordsSource(relations={"boards": [[b"{"] * 5]}))
    assert counts(destination.accounting(row)) == {"boards": (5, 0, 0, 5, {"not_json": 5})}
    assert retry(destination, row, whole) == Reopened(1, 1, 1, records=5)
    entity = destination.entity(row.id)
    assert counts(destination.accounting(entity)) == {"boards": (5, 5, 0, 0, {})}
    assert (entity.status.name, entity.has_failures, is_clean(destination, entity)) == ("finished", False, True)
    assert boards(destination) == ["a", "b", "c", "d", "e"]
    assert destination.rows("bulk_import_failures", "id") == []


def test_a_nested_record_that_failed_stays_as_it_is(destination: Destination) -> None:
    bad = {"issues": [[issue(1, award_emoji=[{"name": None, "user_id": 7}, {"name": "tada", "user_id": 7}])]]}
    row = destination.run(RecordsSource(relations=bad))
    counted = counts(destination.accounting(row))
    assert counted["issues.award_emoji"] == (2, 1, 0, 1, {"missing_value": 1})
    assert retry(destination, row, RecordsSource(relations=bad)) == Reopened(entities=1, nested_left=1)
    assert counts(destination.accounting(row)) == counted
    assert destination.rows("issues", "iid") == [(1,)]
    assert len(destination.rows("bulk_import_failures", "id")) == 1


def test_an_entity_that_could_not_be_made_is_tried_again(destination: Destination) -> None:
    source = RecordsSource(relations=RELATIONS)
    entity_id = destination.add_entity(source, namespace="dest/none")
    run(destination.context(source), entity_id)
    row = destination.entity(entity_id)
    assert row.status.name == "failed"
    assert counts(destination.accounting(row))["issues"] == (3, 0, 0, 3, {"parent_failed": 3})
    with destination.database.session() as session:
        session.get_one(ImportEntity, entity_id).destination_namespace = "dest"
    retry(destination, row, source)
    assert_whole(destination, entity_id)


def test_an_import_that_is_whole_cannot_be_tried_again(destination: Destination) -> None:
    row = destination.run(RecordsSource(relations=RELATIONS))
    assert_whole(destination, row.id)
    with pytest.raises(ImportNotRetryableError), destination.database.session() as session:
        control.reopen(session, row.bulk_import_id)


@pytest.mark.parametrize(
    ("state", "source_type", "error", "message"),
    [
        (
            ImportState.timeout,
            SourceType.offline_export,
            ImportFailedError,
            "Import {id} failed: nothing moved. `offline-transfer report {id}` says what became of each group and project. Once the"
            " reason is out of the way, `offline-transfer import --resume {id}` goes on.",
        ),
        (
            ImportState.failed,
            SourceType.file_export,
            LoadFailedError,
            "Nothing of the export could be loaded: nothing moved. `offline-transfer report {id}` says more. Once the reason is out"
            " of the way, load it again.",
        ),
        (
            ImportState.canceled,
            SourceType.offline_export,
            ImportCanceledError,
            "Import {id} was canceled by somebody else. `offline-transfer report {id}` says what had come by then, and"
            " `offline-transfer import --resume {id}` goes on.",
        ),
    ],
)
def test_an_import_that_brought_nothing_whole_says_why_and_what_to_do(
    destination: Destination,
    state: ImportState,
    source_type: SourceType,
    error: type[OfflineTransferError],
    message: str,
) -> None:
    import_id = destination.run(RecordsSource(relations=RELATIONS)).bulk_import_id
    with destination.database.session() as session:
        result.require_brought(session, import_id)
        row = session.get_one(BulkImport, import_id)
        row.status, row.source_type, row.error = state, source_type, "nothing moved"
    with destination.database.session() as session, pytest.raises(error) as caught:
        result.require_brought(session, import_id)
    assert str(caught.value) == message.format(id=import_id)
