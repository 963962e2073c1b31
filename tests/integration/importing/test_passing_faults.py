"""Objects that cannot be read or written at the moment: what may pass is tried again, and what does not is no damage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from offline_transfer import queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge.errors import GitDiskFullError
from offline_transfer.importing.errors import BundleSpoolFullError
from offline_transfer.queue import RunningJob
from offline_transfer.storage.errors import ObjectNotFoundError, StorageFullError, StorageUnavailableError
from offline_transfer.verify.errors import SpoolFullError
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.integration.importing.test_trackers import FailingSource
from tests.support.importing import Destination, Records, run

RELATIONS: Mapping[str, Sequence[Records]] = {
    "labels": [[{"title": "bug", "color": "#ff0000"}, {"title": "urgent", "color": "#ff0000"}]],
    "issues": [[issue(1)], [issue(2), issue(3)]],
    "releases": [[{"tag": "v1", "released_at": MOMENT}]],
}
WHOLE: Mapping[str, tuple[int, int, int, int, dict[str, int]]] = {
    "labels": (2, 2, 0, 0, {}),
    "issues": (3, 3, 0, 0, {}),
    "releases": (1, 1, 0, 0, {}),
}


def away() -> StorageUnavailableError:
    """The store of the archive does not answer."""
    return StorageUnavailableError(store="s3://bucket", key="labels.ndjson.gz")


def job(failures: int) -> RunningJob:
    """The job of a worker that has failed so often."""
    return RunningJob(
        id=1,
        name="",
        attempt=failures + 1,
        worker_id=1,
        is_asked_to_stop=lambda: False,
        count_failures=lambda: failures,
    )


@pytest.mark.parametrize(("relation", "number"), [("labels", 1), ("issues", 2)])
@pytest.mark.parametrize("make", [away, lambda: GitDiskFullError(command="index-pack")])
def test_what_may_pass_has_the_job_tried_again_and_everything_comes_once(
    destination: Destination, make: Callable[[], OfflineTransferError], relation: str, number: int
) -> None:
    error = make()
    source = FailingSource(relations=RELATIONS, relation=relation, number=number, error=error)
    entity_id = destination.add_entity(source)
    with queue.running(job(0)), pytest.raises(type(error)):
        run(destination.context(source), entity_id)
    assert counts(destination.accounting(destination.entity(entity_id))).get(relation, WHOLE[relation])[3] == 0
    assert destination.rows("bulk_import_failures", "id") == []
    with queue.running(job(1)):
        run(destination.context(source), entity_id)
    row = destination.entity(entity_id)
    assert (row.status.name, row.has_failures) == ("finished", False)
    assert counts(destination.accounting(row)) == WHOLE
    assert sorted(destination.rows("issues", "iid")) == [(1,), (2,), (3,)]
    assert sorted(destination.rows("labels", "title")) == [("bug",), ("urgent",)]


@dataclass(frozen=True, slots=True)
class Case:
    """What an object meets, and what is counted then."""

    error: OfflineTransferError
    reason: str
    said: str


CASES = [
    Case(away(), "given_up", "s3://bucket did not answer, or broke off at labels.ndjson.gz."),
    Case(StorageFullError(store="files", key="x"), "given_up", "There is no room for x in files."),
    Case(BundleSpoolFullError(name="x"), "given_up", "There is no room for x in `spool`"),
    Case(SpoolFullError(name="x"), "given_up", "There is no room for x in the temporary directory."),
    Case(ObjectNotFoundError(store="s3://bucket", key="x"), "object_damaged", "There is no object x in s3://bucket."),
]


@pytest.mark.parametrize("case", CASES, ids=[type(case.error).__name__ for case in CASES])
@pytest.mark.parametrize("failures", [None, 4], ids=["command", "last attempt"])
def test_what_does_not_pass_fails_its_object_alone_and_says_whether_that_is_damaged(
    destination: Destination, case: Case, failures: int | None
) -> None:
    source = FailingSource(relations=RELATIONS, relation="labels", error=case.error)
    if failures is None:
        row = destination.run(source)
    else:
        with queue.running(job(failures)):
            row = destination.run(source, job_attempts=failures + 1)
    assert (row.status.name, row.has_failures) == ("finished", True)
    assert counts(destination.accounting(row)) == {**WHOLE, "labels": (2, 0, 0, 2, {case.reason: 2})}
    ((reason, message),) = destination.rows("bulk_import_failures", "exception_class", "exception_message")
    assert (reason, case.said in message) == (case.reason, True)


def test_what_an_entity_lost_whose_store_is_away_is_counted_when_nobody_tries_again(destination: Destination) -> None:
    source = FailingSource(relations=RELATIONS, relation="issues", number=2, error=away())
    entity_id = destination.add_entity(source, namespace="dest/none")
    with queue.running(job(0)), pytest.raises(StorageUnavailableError):
        run(destination.context(source), entity_id)
    source.failures.clear()
    with queue.running(job(4)):
        run(destination.context(source, job_attempts=5), entity_id)
    row = destination.entity(entity_id)
    assert row.status.name == "failed"
    found = counts(destination.accounting(row))
    assert found["issues"] == (3, 0, 0, 3, {"parent_failed": 1, "given_up": 2})
    assert found["labels"] == (2, 0, 0, 2, {"parent_failed": 2})
