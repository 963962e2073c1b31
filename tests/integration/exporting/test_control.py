"""Exports that are canceled and tried again."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from offline_transfer import queue
from offline_transfer.exporting import control, ending, overdue, portable
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.exporting.errors import (
    ExportEndedError,
    ExportNotRetryableError,
)
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.planning import Label
from offline_transfer.forge.users import User
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageAccessDeniedError, StorageFullError
from offline_transfer.transfers.errors import CredentialsPurgedError, OtherPlaceError
from offline_transfer.transfers.models import (
    ExportJob,
    ExportObject,
    OfflineConfiguration,
    OfflineExport,
    RelationExport,
)
from offline_transfer.transfers.states import ExportState, JobState, RelationState
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.stores import Faulty, with_store


@pytest.fixture
def issues(exporter: Exporter) -> Exporter:
    """The instance with seven issues, which leave in batches of two, and a label."""
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 8)))
    exporter.add(Label(title="bug", project_id=5, type="ProjectLabel"))
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def cancel(exporter: Exporter, created: CreatedExport) -> None:
    with exporter.database.session() as session:
        control.cancel(session, created.id)


def run_and_cancel(exporter: Exporter, created: CreatedExport, *, after: str) -> Exported:
    """Export until a relation is done, and then cancel."""

    def canceling(entity: str, relation: str, *, records: int, size: int) -> None:
        if relation == after:
            cancel(exporter, created)

    queue.run_until_empty(replace(exporter.context(), progress=canceling))
    return exporter.exported(created)


def retry(exporter: Exporter, created: CreatedExport) -> Exported:
    control.retry(exporter.context(), created.id)
    return exporter.run(created)


def contents(exported: Exported) -> dict[str, tuple[str, dict[str, int]]]:
    """What has to be the same in two exports of the same: for each object the hash of its content and its counts."""
    objects = exported.manifest()["objects"]
    return {item["key"]: (item["content_sha256"], item["records"]) for item in objects}


def test_a_canceled_export_starts_nothing_new_and_is_no_archive(issues: Exporter) -> None:
    created = issues.create("top")
    exported = run_and_cancel(issues, created, after="max_iids")
    assert exported.row.status is ExportState.canceled
    assert exported.row.ended_at is not None
    # The first group was begun: itself and its counters are there, and nothing else.
    assert exported.object_keys() == ["group_2/max_iids.json.gz", "group_2/self.json.gz"]
    assert queue.waiting() == ()
    with issues.database.session() as session:
        assert set(session.scalars(select(ExportJob.status))) == {JobState.ended}


def test_an_object_that_is_being_written_when_its_export_is_canceled_does_not_appear(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    store = Faulty(DiskStore(issues.out))
    store.during["self.json.gz"] = lambda: cancel(issues, created)
    queue.run_until_empty(with_store(issues, store).context())
    exported = issues.exported(created)
    assert exported.row.status is ExportState.canceled
    assert exported.object_keys() == []


def test_what_is_canceled_twice_or_after_its_end_stays_as_it_is(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    assert issues.run(created).is_clean
    with pytest.raises(ExportEndedError) as caught:
        cancel(issues, created)
    assert caught.value.message == f"The export {created.id} is finished: there is nothing to cancel."
    other = issues.create("top/sub/app")
    cancel(issues, other)
    with pytest.raises(ExportEndedError):
        cancel(issues, other)
    assert issues.run(other).object_keys() == []


def test_a_cancellation_waits_for_the_last_step_and_then_comes_too_late(issues: Exporter) -> None:
    """Between the metadata and the state nothing fits."""
    created = issues.create("top/sub/app")
    store = Faulty(DiskStore(issues.out))
    blocked: list[bool] = []

    def try_to_cancel() -> None:
        with issues.database.session() as session:
            statement = select(OfflineExport.id).where(OfflineExport.id == created.id)
            locked = session.scalar(statement.with_for_update(key_share=True, skip_locked=True))
            blocked.append(locked is None)

    store.during["/metadata.json.gz"] = try_to_cancel
    exported = with_store(issues, store).run(created)
    assert (blocked, exported.row.status) == ([True], ExportState.finished)


def test_metadata_that_came_although_the_store_said_no_are_taken_away(issues: Exporter) -> None:
    fault = StorageFullError(key="metadata.json.gz", store="the directory")
    exported = with_store(issues, Faulty(DiskStore(issues.out), after={"/metadata.json.gz": fault})).export(
        "top/sub/app"
    )
    assert (exported.row.status, exported.row.error) == (ExportState.failed, fault.message)
    assert "manifest.json.gz" in exported.object_keys()
    assert "metadata.json.gz" not in exported.object_keys()


def test_only_an_archive_that_did_not_finish_is_withdrawn(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    exported = issues.run(created)
    ending.withdraw(issues.context(), created.id)
    assert "metadata.json.gz" in exported.object_keys()


@pytest.mark.parametrize("after", ["self", "labels", "issues", "repository"])
def test_a_canceled_export_goes_on_and_is_like_one_that_was_not(issues: Exporter, after: str) -> None:
    whole = contents(issues.export("top"))
    created = issues.create("top")
    run_and_cancel(issues, created, after=after)
    exported = retry(issues, created)
    assert exported.is_clean
    assert contents(exported) == whole
    assert exported.directory.name == str(created.prefix)


def test_a_failed_export_is_tried_again_without_what_is_done(issues: Exporter) -> None:
    whole = contents(issues.export("top/sub/app"))
    fault = StorageAccessDeniedError(key="issues", store="the directory")
    store = Faulty(DiskStore(issues.out), before={"issues/batch_2.ndjson.gz": fault, "/repository.tar.gz": fault})
    failing = with_store(issues, store)
    created = failing.create("top/sub/app")
    assert failing.run(created).row.has_failures
    store.before.clear()
    store.written.clear()
    exported = retry(failing, created)
    assert exported.is_clean
    assert exported.failures == []
    assert contents(exported) == whole
    written = [key.removeprefix(f"archives/{created.prefix}/") for key in store.written]
    assert written == [
        "project_5/repository.tar.gz",
        "project_5/issues/batch_2.ndjson.gz",
        "project_5/user_contributions.ndjson.gz",
        "manifest.json.gz",
        "SHA256SUMS",
        "metadata.json.gz",
    ]


def test_an_export_of_which_everything_failed_can_be_tried_again(issues: Exporter) -> None:
    store = Faulty(DiskStore(issues.out), before={"": StorageAccessDeniedError(key="x", store="the directory")})
    failing = with_store(issues, store)
    created = failing.create("top/sub/app")
    assert failing.run(created).row.status is ExportState.failed
    store.before.clear()
    exported = retry(failing, created)
    assert exported.is_clean
    assert contents(exported) == contents(issues.export("top/sub/app"))
    assert (exported.row.error, exported.row.has_failures) == (None, False)


def test_a_relation_with_a_gap_is_tried_again_as_well(exporter: Exporter) -> None:
    exporter.add(
        Upload(
            size=4,
            path="0" * 32 + "/late.txt",
            checksum="",
            model_id=5,
            model_type="Project",
            uploader="FileUploader",
            secret="0" * 32,
            storage_key="uploads/late",
        )
    )
    created = exporter.create("top/sub/app")
    first = exporter.run(created)
    assert [item["path"] for item in first.failures] == ["uploads"]
    store = DiskStore(exporter.directory / "files")
    store.put("uploads/late", lambda: [b"late"])
    exported = retry(exporter, created)
    assert exported.is_clean
    assert exported.members("project_5/uploads/batch_1.tar.gz") == {"0" * 32 + "/late.txt": b"late"}
    assert [row for row in exported.rows if row["path"] == "uploads"] == [
        {
            "entity": "top/sub/App",
            "path": "uploads",
            "source": 1,
            "imported": 1,
            "skipped": 0,
            "failed": 0,
            "reasons": {},
        }
    ]


def test_users_that_a_second_attempt_names_are_written_with_the_others(issues: Exporter) -> None:
    fault = StorageAccessDeniedError(key="issues", store="the directory")
    issues.add(User(id=70, username="late", name="Late"), Issue(iid=8, title="Late", project_id=5, author_id=70))
    store = Faulty(DiskStore(issues.out), before={"issues/batch_4.ndjson.gz": fault})
    failing = with_store(issues, store)
    created = failing.create("top/sub/app")
    first = failing.run(created)
    assert [user["id"] for user in first.relation("project_5", "user_contributions")] == [3]
    store.before.clear()
    assert [user["id"] for user in retry(failing, created).relation("project_5", "user_contributions")] == [3, 70]


def test_while_an_archive_is_worked_on_again_it_is_none(issues: Exporter) -> None:
    fault = StorageAccessDeniedError(key="issues", store="the directory")
    store = Faulty(DiskStore(issues.out), before={"labels/batch_1.ndjson.gz": fault})
    failing = with_store(issues, store)
    created = failing.create("top/sub/app")
    first = failing.run(created)
    assert "metadata.json.gz" in first.object_keys()
    store.before.clear()
    seen: list[list[str]] = []
    store.during["labels/batch_1.ndjson.gz"] = lambda: seen.append(first.object_keys())
    assert retry(failing, created).is_clean
    assert "metadata.json.gz" not in seen[0]
    assert "manifest.json.gz" in seen[0]


def test_what_is_clean_or_runs_cannot_be_tried_again(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    for _ in range(2):
        with pytest.raises(ExportNotRetryableError):
            control.retry(issues.context(), created.id)
        issues.run(created)


def test_credentials_that_were_purged_have_to_be_given_again(issues: Exporter, tmp_path: Path) -> None:
    created = issues.create("top/sub/app")
    cancel(issues, created)
    with issues.database.session() as session:
        session.execute(update(OfflineConfiguration).values(disk_configuration=None))
        session.execute(update(OfflineConfiguration).values(object_storage_credentials="sealed"))
        session.execute(update(OfflineExport).values(ended_at=func.now() - overdue.PURGED_AFTER))
    assert overdue.purge_credentials(issues.database) == 1
    assert overdue.purge_credentials(issues.database) == 0
    with pytest.raises(CredentialsPurgedError):
        control.retry(issues.context(), created.id)
    elsewhere = Exporter(issues.database, tmp_path / "elsewhere").storage
    with pytest.raises(OtherPlaceError):
        control.retry(issues.context(), created.id, storage=elsewhere)
    control.retry(issues.context(), created.id, storage=issues.storage)
    assert issues.run(created).is_clean


def test_credentials_of_what_runs_or_ended_a_moment_ago_stay(issues: Exporter) -> None:
    issues.create("top/sub/app")
    ended = issues.create("top/sub/app")
    cancel(issues, ended)
    with issues.database.session() as session:
        session.execute(update(OfflineConfiguration).values(object_storage_credentials="sealed"))
    assert overdue.purge_credentials(issues.database) == 0


def test_jobs_of_a_canceled_export_that_come_late_do_nothing(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    with issues.database.session() as session:
        own = session.scalars(select(RelationExport.id)).one()
    cancel(issues, created)
    portable.export_portable(issues.context(), own)
    assert issues.run(created).object_keys() == []
    with issues.database.session() as session:
        assert session.scalars(select(RelationExport.status)).all() == [RelationState.pending]
        assert session.scalars(select(ExportObject.id)).all() == []
