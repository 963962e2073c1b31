"""An export that is killed, and relations that cannot be written."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from offline_transfer import queue
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.exporting.names import EXPORT
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.planning import Label, Milestone
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageFullError
from offline_transfer.transfers.models import ExportBatch, RelationExport
from offline_transfer.transfers.states import BatchState, ExportState, RelationState
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.stores import Faulty, with_store


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def issues(exporter: Exporter) -> Exporter:
    """The instance with seven issues, which leave in batches of two."""
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 8)))
    exporter.add(Label(title="bug", project_id=5, type="ProjectLabel"))
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def go_on(exporter: Exporter, created: CreatedExport) -> Exported:
    """What a new process does after the old one was killed: the jobs are gone, the rows are there."""
    queue.clear()
    with exporter.database.session() as session:
        queue.defer(session, EXPORT, offline_export_id=created.id)
    queue.run_until_empty(exporter.context())
    return exporter.exported(created)


def objects(exported: Exported) -> dict[str, bytes]:
    return {key: (exported.directory / key).read_bytes() for key in exported.object_keys() if "_5/" in key}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("labels/batch_1.ndjson.gz", None),
        (None, "issues/batch_2.ndjson.gz"),
        (None, "repository.tar.gz"),
        ("user_contributions.ndjson.gz", None),
    ],
)
def test_a_killed_export_goes_on_and_writes_the_same(issues: Exporter, before: str | None, after: str | None) -> None:
    whole = issues.export("top/sub/app")
    store = Faulty(DiskStore(issues.out), {before: Killed()} if before else {}, {after: Killed()} if after else {})
    killed = with_store(issues, store)
    created = killed.create("top/sub/app")
    with pytest.raises(Killed):
        queue.run_until_empty(killed.context())
    store.before.clear()
    store.after.clear()
    exported = go_on(killed, created)
    assert objects(exported) == objects(whole)
    assert exported.rows == whole.rows
    assert (exported.row.status, exported.is_clean) == (ExportState.finished, True)
    # Only the object whose end was not written down may have been written twice.
    assert len(store.written) - len(set(store.written)) == (1 if after else 0)


def test_records_that_come_after_a_batch_was_fixed_change_no_object(issues: Exporter) -> None:
    store = Faulty(DiskStore(issues.out), before={"issues/batch_2.ndjson.gz": Killed()})
    killed = with_store(issues, store)
    created = killed.create("top/sub/app")
    with pytest.raises(Killed):
        queue.run_until_empty(killed.context())
    store.before.clear()
    issues.add(Issue(iid=8, title="Late", project_id=5, relative_position=-1))
    exported = go_on(killed, created)
    assert [issue["iid"] for issue in exported.relation("project_5", "issues")] == [1, 2, 3, 4, 5, 6, 7]


def test_what_a_dead_attempt_left_in_the_store_is_removed(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    left = Path(issues.out / "archives" / str(created.prefix) / "project_5" / "issues.ndjson.gz")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"from an attempt before the first issue came")
    queue.run_until_empty(issues.context())
    exported = issues.exported(created)
    keys = [item["key"] for item in exported.manifest()["objects"]]
    assert sorted([*keys, "manifest.json.gz", "SHA256SUMS", "metadata.json.gz"]) == exported.object_keys()


def test_a_relation_that_cannot_be_written_fails_and_the_others_go_on(issues: Exporter) -> None:
    fault = StorageFullError(key="issues/batch_2", store="the directory")
    exported = with_store(issues, Faulty(DiskStore(issues.out), before={"issues/batch_2.ndjson.gz": fault})).export(
        "top/sub/app"
    )
    message = fault.message
    assert exported.failures == [{"entity": "top/sub/App", "path": "issues", "message": message}]
    assert exported.manifest()["failed_relations"] == [{"entity": "project_5", "relation": "issues", "reason": message}]
    assert exported.object_keys("project_5/issues") == [
        f"project_5/issues/batch_{number}.ndjson.gz" for number in (1, 3, 4)
    ]
    assert [row for row in exported.rows if row["path"] == "issues"] == [
        {
            "entity": "top/sub/App",
            "path": "issues",
            "source": 7,
            "imported": 5,
            "skipped": 0,
            "failed": 2,
            "reasons": {"unreadable": 2},
        }
    ]
    assert [label["title"] for label in exported.relation("project_5", "labels")] == ["bug"]
    assert (exported.row.status, exported.row.has_failures, exported.is_clean) == (ExportState.finished, True, False)


def test_a_table_that_cannot_be_read_fails_its_relation(issues: Exporter) -> None:
    with issues.database.raw_connection() as connection:
        connection.execute("ALTER TABLE boards RENAME COLUMN name TO title")
        connection.execute("ALTER TABLE ci_pipeline_schedules RENAME COLUMN id TO number")
        connection.commit()
    issues.add(Milestone(iid=1, title="One", project_id=5))
    with issues.database.raw_connection() as connection:
        connection.execute("INSERT INTO boards (project_id) VALUES (5)")
        connection.commit()
    exported = issues.export("top/sub/app")
    assert exported.failures == [
        {
            "entity": "top/sub/App",
            "path": "pipeline_schedules",
            "message": "the database refused: column ci_pipeline_schedules.id does not exist",
        },
        {
            "entity": "top/sub/App",
            "path": "boards",
            "message": "the database refused: column boards.name does not exist",
        },
    ]
    with issues.database.session() as session:
        states = dict(session.execute(select(RelationExport.relation, RelationExport.status)).all())
        batches = session.scalars(select(ExportBatch.status).where(ExportBatch.status != BatchState.finished)).all()
    failed = [name for name, state in states.items() if state is not RelationState.finished]
    assert sorted(failed) == ["boards", "pipeline_schedules"]
    assert batches == [BatchState.failed]


def test_an_export_of_which_nothing_can_be_written_has_failed_and_is_no_archive(issues: Exporter) -> None:
    fault = StorageFullError(key="anything", store="the directory")
    exported = with_store(issues, Faulty(DiskStore(issues.out), before={"": fault})).export("top/sub/app")
    assert (exported.row.status, exported.row.error) == (ExportState.failed, fault.message)
    assert exported.object_keys() == []


def test_an_archive_that_cannot_be_described_is_none(issues: Exporter) -> None:
    fault = StorageFullError(key="manifest.json.gz", store="the directory")
    exported = with_store(issues, Faulty(DiskStore(issues.out), before={"/manifest.json.gz": fault})).export("top")
    assert (exported.row.status, exported.row.error) == (ExportState.failed, fault.message)
    assert "metadata.json.gz" not in exported.object_keys()


def test_progress_is_told_as_objects_are_written(issues: Exporter) -> None:
    told: list[tuple[str, str, int]] = []

    def progress(entity: str, relation: str, *, records: int, size: int) -> None:
        assert size > 0
        told.append((entity, relation, records))

    created = issues.create("top/sub/app")
    context = issues.context()
    queue.run_until_empty(replace(context, progress=progress))
    assert [item for item in told if item[1] == "issues"] == [
        ("top/sub/App", "issues", count) for count in (2, 2, 2, 1)
    ]
    assert told[0] == ("top/sub/App", "self", 1)
    assert issues.exported(created).is_clean
