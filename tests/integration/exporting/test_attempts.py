"""Jobs that run twice at once, and jobs that nobody will do."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from offline_transfer import queue
from offline_transfer.archive.encryption import EncryptionRequest
from offline_transfer.db import Database
from offline_transfer.exporting import abandoned, control, finish, names, overdue, portable, process, schedule
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.exporting.lease import LeasedStore, lease_of_job
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.exporting.schedule import Subject
from offline_transfer.forge import application_settings
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.planning import Label
from offline_transfer.queue import Job, RunningJob
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageAccessDeniedError, StorageUnavailableError
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.models import ExportBatch, ExportJob, ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, JobState, RelationState
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.stores import Faulty, with_store
from tests.support.standstill import stand_still

STUCK = "It did not move for 6 hours. The log of its job says where it stood; retry it."
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


class Dead(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def issues(exporter: Exporter) -> Exporter:
    """The instance with seven issues, which leave in batches of two, and a label."""
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 8)))
    exporter.add(Label(title="bug", project_id=5, type="ProjectLabel"))
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def started(exporter: Exporter, *paths: str) -> CreatedExport:
    """An export whose first jobs were released, and taken from the queue."""
    created = exporter.create(*paths)
    queue.clear()
    process.start(exporter.context(), created.id)
    return created


def own_row_of(exporter: Exporter, created: CreatedExport) -> int:
    with exporter.database.session() as session:
        return session.scalars(
            select(RelationExport.id).where(
                RelationExport.offline_export_id == created.id,
                RelationExport.relation == "self",
                RelationExport.project_id == 5,
            )
        ).one()


def contents(exported: Exported) -> dict[str, tuple[str, dict[str, int]]]:
    objects = exported.manifest()["objects"]
    return {item["key"]: (item["content_sha256"], item["records"]) for item in objects}


def sums_hold(exported: Exported) -> bool:
    lines = exported.content("SHA256SUMS").decode().splitlines()
    pairs = [line.split("  ") for line in lines]
    return all(hashlib.sha256((exported.directory / key).read_bytes()).hexdigest() == sha256 for sha256, key in pairs)


@pytest.mark.parametrize("meanwhile", ["self.json.gz", "labels/batch_1.ndjson.gz", "wiki.tar.gz"])
def test_an_attempt_that_was_overtaken_writes_nothing_any_more(issues: Exporter, meanwhile: str) -> None:
    """A worker stands still in the middle of an object; its job is given to another, which does all of it; then it wakes."""
    whole = contents(issues.export("top/sub/app"))
    created = started(issues, "top/sub/app")
    own = own_row_of(issues, created)
    store = Faulty(DiskStore(issues.out))

    def overtake() -> None:
        store.during.clear()
        portable.export_portable(issues.context(), own)
        queue.run_until_empty(issues.context())

    store.during[meanwhile] = overtake
    portable.export_portable(with_store(issues, store).context(), own)
    exported = issues.run(created)
    assert exported.is_clean
    assert contents(exported) == whole
    assert sums_hold(exported)
    assert not any(key.endswith(meanwhile) for key in store.written)


@pytest.mark.parametrize("encryption", [None, EncryptionRequest((RECIPIENT,))])
def test_an_object_that_a_late_attempt_replaced_is_written_again(
    issues: Exporter, encryption: EncryptionRequest | None
) -> None:
    """The last step of a write cannot be taken back by us: a worker may stand still in it, and wake when another has done all."""
    created = issues.ask(RequestedEntity(full_path="top/sub/app"), encryption=encryption)
    queue.clear()
    process.start(issues.context(), created.id)
    own = own_row_of(issues, created)
    suffix = "" if encryption is None else ".age"
    store = Faulty(DiskStore(issues.out), after={f"labels/batch_1.ndjson.gz{suffix}": Dead()})
    with pytest.raises(Dead):
        portable.export_portable(with_store(issues, store).context(), own)
    directory = issues.exported(created).directory
    path = directory / f"project_5/labels/batch_1.ndjson.gz{suffix}"
    late = path.read_bytes()
    with issues.database.session() as session:
        session.execute(update(Label).values(title="renamed"))
    portable.export_portable(issues.context(), own)
    assert path.read_bytes() != late
    path.write_bytes(late)
    exported = issues.run(created)
    assert exported.is_clean
    assert path.read_bytes() != late
    assert sums_hold(exported)
    with issues.database.session() as session:
        assert session.scalars(select(ExportObject).where(ExportObject.key.contains("labels"))).one().is_contested


def test_what_cannot_be_read_back_is_taken_as_it_is(issues: Exporter) -> None:
    """Stores may let an export write and list, and nothing else."""

    class WriteOnly(Faulty):
        def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
            raise StorageAccessDeniedError(key=f"{key} from {start}", store="the directory")

    created = started(issues, "top/sub/app")
    own = own_row_of(issues, created)
    with pytest.raises(Dead):
        portable.export_portable(
            with_store(issues, Faulty(DiskStore(issues.out), after={"self.json.gz": Dead()})).context(), own
        )
    exporter = with_store(issues, WriteOnly(DiskStore(issues.out)))
    portable.export_portable(exporter.context(), own)
    assert exporter.run(created).is_clean


def test_objects_of_attempts_that_ended_well_are_not_looked_at(issues: Exporter) -> None:
    issues.export("top/sub/app")
    with issues.database.session() as session:
        assert not any(session.scalars(select(ExportObject.is_contested)))
        assert set(session.execute(select(ExportJob.attempts, ExportJob.ended_attempts)).all()) == {(1, 1)}


def test_two_batches_of_one_job_number_are_one(issues: Exporter) -> None:
    """The same batch twice at once: the second begins while the first has put its object and not said so yet."""
    whole = contents(issues.export("top/sub/app"))
    created = started(issues, "top/sub/app")
    portable.export_portable(issues.context(), own_row_of(issues, created))
    with issues.database.session() as session:
        batch = session.scalars(
            select(ExportJob.batch_id).where(ExportJob.offline_export_id == created.id, ExportJob.name == names.BATCH)
        ).all()[0]
    assert batch is not None
    store = Faulty(DiskStore(issues.out))

    def overtake() -> None:
        store.during.clear()
        portable.export_batch(issues.context(), batch)

    store.during["issues/batch_1.ndjson.gz"] = overtake
    portable.export_batch(with_store(issues, store).context(), batch)
    exported = issues.run(created)
    assert contents(exported) == whole
    with issues.database.session() as session:
        relation = session.scalars(
            select(RelationExport).where(
                RelationExport.offline_export_id == created.id, RelationExport.relation == "issues"
            )
        ).one()
    assert (relation.exported_count, relation.total_objects_count) == (7, 7)


def test_no_more_jobs_of_an_export_are_released_than_may_run_at_once(issues: Exporter) -> None:
    with issues.database.session() as session:
        application_settings.change(session, "concurrent_relation_exports", "2")
    created = started(issues, "top")
    assert len(queue.waiting()) == 2
    most = 0
    context = issues.context()
    while waiting := queue.waiting():
        most = max(most, sum(job.name != names.FINISH for job in waiting))
        queue.clear()
        for job in waiting[1:]:
            with issues.database.session() as session:
                queue.defer(session, job.name, **job.ids)
        queue.find(waiting[0].name).function(context, **waiting[0].ids)
    assert most == 2
    assert issues.exported(created).is_clean


def test_two_exports_of_one_group_do_not_disturb_each_other(issues: Exporter) -> None:
    whole = contents(issues.export("top"))
    first, second = issues.create("top"), issues.create("top")
    context = issues.context()
    while waiting := queue.waiting():
        # The jobs of both take turns.
        queue.clear()
        for job in [*waiting[1:]]:
            with issues.database.session() as session:
                queue.defer(session, job.name, **job.ids)
        queue.find(waiting[0].name).function(context, **waiting[0].ids)
    assert contents(issues.exported(first)) == contents(issues.exported(second)) == whole


@pytest.mark.parametrize("failures", [0, 3, 4])
def test_a_store_that_may_answer_later_fails_a_relation_when_its_job_has_failed_often_and_not_when_it_was_interrupted(
    issues: Exporter, failures: int
) -> None:
    """A job that was begun nine times has not failed nine times: workers are told to end, and exports are tried again."""
    created = started(issues, "top/sub/app")
    own = own_row_of(issues, created)
    with issues.database.session() as session:
        session.execute(update(ExportJob).values(attempts=9, ended_attempts=9))
    away = StorageUnavailableError(key="labels", store="the directory")
    faulty = with_store(issues, Faulty(DiskStore(issues.out), before={"labels/batch_1.ndjson.gz": away}))
    job = RunningJob(
        id=1,
        name=names.PORTABLE,
        attempt=10,
        worker_id=1,
        is_asked_to_stop=lambda: False,
        count_failures=lambda: failures,
    )
    # It is tried five times, unless somebody has set something else.
    with queue.running(job), contextlib.ExitStack() as stack:
        if failures < 4:
            stack.enter_context(pytest.raises(StorageUnavailableError))
        portable.export_portable(faulty.context(), own)
    queue.clear()
    with issues.database.session() as session:
        failed = RelationExport.offline_export_id == created.id, RelationExport.status == RelationState.failed
        assert session.scalars(select(RelationExport.relation).where(*failed)).all() == (
            ["labels"] if failures == 4 else []
        )


def test_a_group_or_project_whose_job_was_given_up_fails_alone(issues: Exporter) -> None:
    created = started(issues, "top")
    own = own_row_of(issues, created)
    with issues.database.session() as session:
        abandoned.relation_given_up(session, Failure("Dead", "its worker died three times"), export_id=own)
    exported = issues.run(created)
    assert exported.failures == [{"entity": "top/sub/App", "path": "self", "message": "its worker died three times"}]
    assert exported.manifest()["metadata"]["entities_mapping"] == {"top": "group_2", "top/sub": "group_3"}
    assert (exported.row.status, exported.row.has_failures) == (ExportState.finished, True)
    with issues.database.session() as session:
        abandoned.relation_given_up(session, Failure("Dead", "and again"), export_id=own)
    assert queue.waiting() == ()


def test_a_group_or_project_whose_job_is_given_up_in_its_middle_keeps_what_is_done(issues: Exporter) -> None:
    created = started(issues, "top/sub/app")
    own = own_row_of(issues, created)
    store = Faulty(DiskStore(issues.out), before={"/repository.tar.gz": Dead()})
    with pytest.raises(Dead):
        portable.export_portable(with_store(issues, store).context(), own)
    with issues.database.session() as session:
        abandoned.relation_given_up(session, Failure("Dead", "it died"), export_id=own)
    exported = issues.run(created)
    failed = {item["path"] for item in exported.failures}
    assert {"repository", "uploads", "wiki"} <= failed
    assert not failed & {"self", "labels", "issues", "user_contributions"}
    assert len(exported.relation("project_5", "issues")) == 7
    assert len(exported.relation("project_5", "user_contributions")) == 1


def test_a_batch_whose_job_was_given_up_fails_its_relation_and_no_other(issues: Exporter) -> None:
    created = started(issues, "top/sub/app")
    portable.export_portable(issues.context(), own_row_of(issues, created))
    with issues.database.session() as session:
        batch = session.scalars(select(ExportBatch).where(ExportBatch.batch_number == 4)).one()
        abandoned.batch_given_up(session, Failure("Dead", "out of memory"), batch_id=batch.id)
    exported = issues.run(created)
    assert exported.failures == [{"entity": "top/sub/App", "path": "issues", "message": "out of memory"}]
    assert len(exported.relation("project_5", "issues")) == 6


def test_an_export_that_nobody_can_start_or_end_has_failed(issues: Exporter) -> None:
    created = issues.create("top")
    with issues.database.session() as session:
        abandoned.export_given_up(session, Failure("Dead", "it cannot be read"), offline_export_id=created.id)
    exported = issues.run(created)
    assert (exported.row.status, exported.row.error) == (ExportState.failed, "it cannot be read")


def make_old(database: Database, **ago: int) -> None:
    with database.session() as session:
        for table in ("import_offline_exports", "bulk_import_exports", "import_offline_export_jobs"):
            session.execute(
                text(f"UPDATE {table} SET updated_at = now() - :ago"),
                {"ago": timedelta(**ago)},
            )


def test_work_that_does_not_move_for_hours_fails(issues: Exporter) -> None:
    created = started(issues, "top")
    own = own_row_of(issues, created)
    with issues.database.session() as session:
        assert schedule.claim(session, Subject(export_id=own)) is not None
    make_old(issues.database, hours=5, minutes=59)
    assert overdue.fail_stuck(issues.database) == 0
    make_old(issues.database, hours=6, minutes=1)
    assert overdue.fail_stuck(issues.database) == 1
    exported = issues.run(created)
    with issues.database.session() as session:
        assert session.get_one(RelationExport, own).exception_class == "WorkStuckError"
    assert exported.failures == [{"entity": "top/sub/App", "path": "self", "message": STUCK}]


def test_work_that_nobody_has_begun_is_not_stuck(issues: Exporter) -> None:
    started(issues, "top")
    make_old(issues.database, hours=7)
    assert overdue.fail_stuck(issues.database) == 0


@pytest.mark.parametrize(
    "moving", ["import_offline_exports", "bulk_import_exports", "import_offline_export_jobs", None]
)
def test_an_export_of_which_nothing_moves_for_a_day_times_out(issues: Exporter, moving: str | None) -> None:
    created = started(issues, "top")
    make_old(issues.database, hours=25)
    if moving is not None:
        with issues.database.session() as session:
            session.execute(text(f"UPDATE {moving} SET updated_at = now()"))
    assert overdue.time_out_stale(issues.database) == (1 if moving is None else 0)
    exported = issues.run(created)
    assert exported.row.status is (ExportState.timeout if moving is None else ExportState.finished)
    if moving is None:
        assert exported.row.failure == Failure(
            "WorkStaleError", "Nothing moved for 24 hours. See whether workers run, then retry it."
        )
        assert exported.object_keys() == []


def test_a_lease_is_lost_with_the_attempt_the_job_and_the_export(issues: Exporter) -> None:
    created = started(issues, "top")
    own = own_row_of(issues, created)
    with issues.database.session() as session:
        first = schedule.claim(session, Subject(export_id=own))
        assert first is not None
    with lease_of_job(issues.database, first.job_id, first.attempt) as lease:
        lease.require()
        store = LeasedStore(DiskStore(issues.out), lease)
        assert store.put("whole", lambda: [b"a", b"b"]) == 2
        with issues.database.session() as session:
            second = schedule.claim(session, Subject(export_id=own))
            assert second is not None
            assert (second.attempt, second.is_contested) == (2, True)
        with pytest.raises(WorkWithdrawnError):
            lease.require()
        with pytest.raises(WorkWithdrawnError):
            store.put("late", lambda: [b"a", b"b"])
        assert sorted(path.name for path in issues.out.iterdir()) == ["whole"]
        with pytest.raises(WorkWithdrawnError):
            store.delete("whole")
    with issues.database.session() as session:
        schedule.withdraw(session, created.id)
    with (
        lease_of_job(issues.database, second.job_id, second.attempt) as lease,
        pytest.raises(WorkWithdrawnError),
    ):
        lease.require()


def test_the_same_export_started_twice_has_one_job_of_each(issues: Exporter) -> None:
    created = started(issues, "top")
    process.start(issues.context(), created.id)
    with issues.database.session() as session:
        jobs = session.execute(select(ExportJob.name, ExportJob.status, func.count()).group_by("name", "status")).all()
    assert jobs == [(names.PORTABLE, JobState.released, 3)]
    exported = issues.run(created)
    assert exported.is_clean
    assert exported.row.attempts == 3


def test_an_end_that_finds_open_relations_without_jobs_has_them_done(issues: Exporter) -> None:
    created = started(issues, "top/sub/app")
    queue.clear()
    with issues.database.session() as session:
        session.execute(update(ExportJob).values(status=JobState.ended))
        queue.defer(session, names.FINISH, offline_export_id=created.id)
    assert queue.waiting() == (Job(names.FINISH, {"offline_export_id": created.id}),)
    assert issues.run(created).is_clean


def test_the_end_of_an_export_that_runs_twice_at_once_ends_it_once(issues: Exporter) -> None:
    created = issues.create("top/sub/app")
    store = Faulty(DiskStore(issues.out))

    def overtake() -> None:
        store.during.clear()
        finish.finish(issues.context(), created.id)

    store.during["manifest.json.gz"] = overtake
    exported = with_store(issues, store).run(created)
    assert exported.is_clean
    assert sums_hold(exported)
    assert not any(key.endswith(("manifest.json.gz", "SHA256SUMS", "metadata.json.gz")) for key in store.written)
    with issues.database.session() as session:
        row = session.get_one(OfflineExport, created.id)
        states = set(session.scalars(select(RelationExport.status)))
    assert (row.status, states) == (ExportState.finished, {RelationState.finished})


def test_who_stands_still_with_a_lock_does_not_keep_others_waiting_for_ever(exporter: Exporter) -> None:
    created = started(exporter, "top/sub/app")
    with contextlib.ExitStack() as stack:
        standing = exporter.database.sessions()
        # Its connection is gone: there is nothing that could be rolled back.
        stack.callback(standing.invalidate)
        schedule.lock(standing, created.id)
        stand_still(standing)
        with exporter.database.session() as session:
            session.execute(text("SET LOCAL lock_timeout = '30s'"))
            control.cancel(session, created.id)
        with pytest.raises(DBAPIError):
            standing.execute(text("SELECT 1"))
    assert exporter.exported(created).row.status is ExportState.canceled
