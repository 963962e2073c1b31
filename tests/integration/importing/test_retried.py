"""What is tried again comes whole, and everything is counted once."""

from offline_transfer.importing.reopening import Reopened
from tests.integration.importing.test_control import Damaged, retry
from tests.integration.importing.test_records import counts
from tests.support.importing import Destination, RecordsSource

MERGE_REQUEST = {"iid": 1, "title": "x", "source_branch": "a", "target_branch": "b", "author_id": 7}
PIPELINE = {"iid": 5, "sha": "a" * 40, "ref": "a", "merge_request": MERGE_REQUEST}


def test_what_is_nested_in_a_shared_record_that_fails_is_counted_once_however_often_it_is_tried(
    destination: Destination,
) -> None:
    events = [{"action": "closed", "author_id": 7, "target_type": "Milestone"}] * 2
    source = RecordsSource(relations={"milestones": [[{"title": None, "iid": 1, "events": events}]]})
    row = destination.run(source)
    counted = counts(destination.accounting(row))
    assert counted == {
        "milestones": (1, 0, 0, 1, {"missing_value": 1}),
        "milestones.events": (2, 0, 0, 2, {"parent_failed": 2}),
    }
    for _ in range(2):
        assert retry(destination, row, source) == Reopened(entities=1, trackers=1, batches=1, records=1)
        assert counts(destination.accounting(row)) == counted


def test_merge_requests_that_failed_come_whole_although_pipelines_name_them(destination: Destination) -> None:
    request = {**MERGE_REQUEST, "notes": [{"note": "x", "author_id": 7}]}
    relations = {"merge_requests": [[request]], "ci_pipelines": [[PIPELINE]]}
    row = destination.run(Damaged(relations=relations, relation="merge_requests"))
    counted = counts(destination.accounting(row))
    assert counted["merge_requests"] == (1, 0, 0, 1, {"object_damaged": 1})
    assert counted["ci_pipelines"] == (1, 1, 0, 0, {})
    assert counted["ci_pipelines.merge_request"] == (1, 0, 1, 0, {"not_found": 1})
    retry(destination, row, RecordsSource(relations=relations))
    counted = counts(destination.accounting(row))
    assert (counted["merge_requests"], counted["merge_requests.notes"]) == ((1, 1, 0, 0, {}), (1, 1, 0, 0, {}))
    assert destination.rows("merge_requests", "iid") == [(1,)]
    assert destination.rows("notes", "note") == [("x",)]
