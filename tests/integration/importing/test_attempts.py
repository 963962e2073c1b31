"""Jobs of an import that run twice at once, that nobody will do, or that do not move; and how many there are at once."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import db, queue
from offline_transfer.contributions import lookup
from offline_transfer.db import psycopg_connection
from offline_transfer.forge import application_settings
from offline_transfer.importing import abandoned, control, entity, foreground, names, overdue, process, schedule
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.scopes import Scoping
from offline_transfer.jobs import doing
from offline_transfer.transfers import ledger
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.ledger import Claim
from offline_transfer.transfers.models import BulkImport, ImportEntity, ImportJob
from offline_transfer.types import PortableKind
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, Records, RecordsObject, RecordsSource
from tests.support.standstill import stand_still

SECONDS = 30
LABELS: Mapping[str, Sequence[Records]] = {"labels": [[{"title": "bug", "color": "#ff0000"}]], "issues": [[issue(1)]]}
BATCHED: Mapping[str, Sequence[Records]] = {
    "issues": [[issue(1)], [issue(2)], [issue(3)]],
    "releases": [[{"tag": "v1"}]],
}


@pytest.fixture(autouse=True)
def no_jobs_of_others() -> Iterator[None]:
    """The queue of this process is empty before and after."""
    queue.clear()
    yield
    queue.clear()


@dataclass(frozen=True, slots=True)
class Standing(RecordsObject):
    """Its reader stands still in its middle, the first time."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its records."""
        if not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(SECONDS)
        with RecordsObject.lines(self) as lines:
            yield lines


@dataclass(frozen=True, slots=True)
class StandingSource(RecordsSource):
    """Its issues are read by somebody who stands still."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def objects(self, relation: str) -> Sequence[RecordsObject]:
        """The same objects."""
        found = RecordsSource.objects(self, relation)
        if relation != "issues":
            return found
        return [Standing(item.number, relation, item.content, self.reached, self.go_on) for item in found]


def started(destination: Destination, source: RecordsSource) -> tuple[ImportContext, int, int]:
    """An import whose first job was released, and taken from the queue; its context, and the ids of its entity and its own."""
    entity_id = destination.add_entity(source)
    bulk_import_id = destination.entity(entity_id).bulk_import_id
    context = destination.context(source)
    process.start(context, bulk_import_id)
    queue.clear()
    return context, entity_id, bulk_import_id


def states(destination: Destination, table: str) -> list[str]:
    return [status.name for (status,) in destination.rows(table, "status")]


def age(destination: Destination, *models: type) -> None:
    """Nothing has moved for two days."""
    with destination.database.session() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for model in models:
            session.execute(update(model).values(updated_at=func.now() - timedelta(days=2)))


def test_an_attempt_that_stands_still_is_ended_by_a_later_one_and_changes_nothing(destination: Destination) -> None:
    source = StandingSource(relations=LABELS)
    context, entity_id, bulk_import_id = started(destination, source)

    def stand() -> None:
        # Its connection was ended; whether it sees that first, or that its work was taken back, depends on the moment.
        with suppress(DBAPIError, psycopg.Error):
            entity.import_entity(context, entity_id)

    first = threading.Thread(target=stand)
    first.start()
    try:
        assert source.reached.wait(SECONDS)
        entity.import_entity(context, entity_id)
        foreground.carry_out(context, bulk_import_id)
    finally:
        source.go_on.set()
        first.join(SECONDS)
    assert not first.is_alive()
    row = destination.entity(entity_id)
    assert (row.status.name, row.has_failures) == ("finished", False)
    assert counts(destination.accounting(row)) == {"labels": (1, 1, 0, 0, {}), "issues": (1, 1, 0, 0, {})}
    assert destination.rows("issues", "iid") == [(1,)]
    assert destination.rows("projects", "id") == [(row.project_id,)]


def test_no_more_batches_are_released_at_once_than_the_settings_say(destination: Destination) -> None:
    with destination.database.session() as session:
        application_settings.change(session, "bulk_import_concurrent_pipeline_batch_limit", "2")
    context, entity_id, bulk_import_id = started(destination, RecordsSource(relations=BATCHED))
    entity.import_entity(context, entity_id)
    assert [job.name for job in queue.waiting()] == [names.PIPELINE_BATCH] * 2
    assert sorted(states(destination, "bulk_import_jobs")) == ["ended", "released", "released", "waiting"]
    # The stage is not over: what comes after it waits.
    trackers = {name: status.name for name, status in destination.rows("bulk_import_trackers", "relation", "status")}
    assert (trackers["issues"], trackers["releases"]) == ("started", "created")
    foreground.carry_out(context, bulk_import_id)
    assert sorted(destination.rows("issues", "iid")) == [(1,), (2,), (3,)]


def test_what_was_in_an_entity_that_was_given_up_is_accounted_for(destination: Destination) -> None:
    source = RecordsSource(relations=LABELS)
    context, entity_id, bulk_import_id = started(destination, source)
    with destination.database.session() as session:
        abandoned.entity_given_up(session, Failure("Dead", "its worker died"), entity_id=entity_id)
    foreground.carry_out(context, bulk_import_id)
    row = destination.entity(entity_id)
    assert (row.status.name, row.error) == ("failed", "its worker died")
    assert counts(destination.accounting(row)) == {
        "labels": (1, 0, 0, 1, {"parent_failed": 1}),
        "issues": (1, 0, 0, 1, {"parent_failed": 1}),
    } | {path: count for path, count in counts(destination.accounting(row)).items() if path == "self"}
    assert states(destination, "bulk_imports") == ["failed"]


def test_a_batch_that_does_not_move_fails_and_the_others_go_on(destination: Destination) -> None:
    source = RecordsSource(relations=BATCHED, below={"issues": {"issues.notes": 2}})
    context, entity_id, bulk_import_id = started(destination, source)
    entity.import_entity(context, entity_id)
    with destination.database.session() as session:
        first = update(ImportJob).where(ImportJob.batch_tracker_id.is_not(None), ImportJob.attempts == 0)
        session.execute(
            first.values(attempts=1).where(ImportJob.id == text("(SELECT min(id) + 1 FROM bulk_import_jobs)"))
        )
    assert overdue.find_stale_batches(destination.database) == 0
    age(destination, ImportJob)
    assert overdue.find_stale_batches(destination.database) == 1
    ((tracker_id,),) = destination.rows("bulk_import_trackers", "id", relation="issues")
    overdue.finish_batched_pipeline(destination.database, tracker_id)
    foreground.carry_out(context, bulk_import_id)
    row = destination.entity(entity_id)
    assert (row.status.name, row.has_failures) == ("finished", True)
    found = counts(destination.accounting(row))
    assert found["issues"] == (3, 2, 0, 1, {"given_up": 1})
    # Those of the others were announced and are not there.
    assert found["issues.notes"] == (6, 0, 0, 6, {"gap": 4, "given_up": 2})


def test_an_import_that_nobody_works_on_times_out_with_all_that_is_open_in_it(destination: Destination) -> None:
    context, entity_id, _ = started(destination, RecordsSource(relations=BATCHED))
    entity.import_entity(context, entity_id)
    assert overdue.time_out_stale(destination.database) == 0
    age(destination, ImportJob, ImportEntity, BulkImport)
    assert overdue.time_out_stale(destination.database) == 1
    assert states(destination, "bulk_imports") == states(destination, "bulk_import_entities") == ["timeout"]
    assert states(destination, "bulk_import_batch_trackers").count("timeout") == 3
    assert set(states(destination, "bulk_import_jobs")) == {"ended"}
    ((error,),) = destination.rows("bulk_imports", "error")
    assert error == "Nothing moved for 24 hours. See whether workers run, then retry it."


def lock_import(session: Session, bulk_import_id: int) -> None:
    schedule.lock(session, bulk_import_id)


def hold_job(session: Session, bulk_import_id: int) -> None:
    job = session.scalars(select(ImportJob).where(ImportJob.bulk_import_id == bulk_import_id)).one()
    ledger.hold(psycopg_connection(session), Claim(job.id, job.attempts, bulk_import_id, is_contested=False))


def claim_job(session: Session, bulk_import_id: int) -> None:
    entity_id = session.scalars(select(ImportEntity.id).where(ImportEntity.bulk_import_id == bulk_import_id)).one()
    assert schedule.claim(session, schedule.Subject(entity_id=entity_id)) is not None


@pytest.mark.parametrize("lock", [lock_import, hold_job, claim_job])
def test_who_stands_still_with_a_lock_does_not_keep_others_waiting_for_ever(
    destination: Destination, lock: Callable[[Session, int], None]
) -> None:
    _, _, bulk_import_id = started(destination, RecordsSource(relations=LABELS))
    with ExitStack() as stack:
        standing = destination.database.sessions()
        # Its connection is gone: there is nothing that could be rolled back.
        stack.callback(standing.invalidate)
        lock(standing, bulk_import_id)
        stand_still(standing)
        with destination.database.session() as session:
            session.execute(text("SET LOCAL lock_timeout = '30s'"))
            control.cancel(session, bulk_import_id)
        with pytest.raises(DBAPIError) as caught:
            standing.execute(text("SELECT 1"))
    assert doing.may_pass(caught.value)
    assert states(destination, "bulk_imports") == ["canceled"]
    # Whoever has the connection next may stand still where he locks nothing.
    with destination.database.session() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "0"


def test_who_stands_still_over_shared_records_does_not_keep_others_waiting_for_ever(database_url: str) -> None:
    scoping = Scoping(PortableKind.PROJECT, 1, (1,))
    with ExitStack() as stack:
        standing = psycopg.connect(database_url)
        stack.callback(standing.close)
        scoping.lock_record(standing, "milestones", 1)
        stand_still(standing)
        with psycopg.connect(database_url) as other:
            other.execute("SET lock_timeout = '30s'")
            scoping.lock_record(other, "milestones", 1)
        with pytest.raises((psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)):
            standing.execute("SELECT 1")


def test_who_stands_still_over_users_does_not_keep_others_waiting_for_ever(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((group_id,),) = destination.rows("namespaces", "id")
    impatient = db.connect(make_conninfo(destination.database.conninfo, options="-c lock_timeout=30s"))
    standing, other = (
        lookup.StandIns(
            database,
            namespace_id=group_id,
            source_hostname="https://old.example",
            import_type="gitlab",
            source_ghost_user_id=None,
            importer_id=1,
        )
        for database in (destination.database, impatient)
    )

    def make_while_another_wants_the_same(session: Session, sources: Sequence[Any]) -> dict[int, int]:
        monkeypatch.setattr(lookup, "_make_stand_ins", make)
        stand_still(session)
        other.resolve([7])
        return make(session, sources)

    make = lookup._make_stand_ins
    monkeypatch.setattr(lookup, "_make_stand_ins", make_while_another_wants_the_same)
    with closing(impatient), pytest.raises(DBAPIError) as caught:
        standing.resolve([7])
    assert doing.may_pass(caught.value)
    standing.resolve([7])
    assert standing.get(7) == other.get(7)
