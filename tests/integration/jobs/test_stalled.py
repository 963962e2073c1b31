"""Jobs of workers that died, or were silent for too long."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest
from procrastinate import PsycopgConnector
from procrastinate.jobs import Job, Status
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import db
from offline_transfer.db import Database
from offline_transfer.jobs import doing, heartbeats, stalled
from offline_transfer.jobs.errors import WorkerGivenUpError
from offline_transfer.jobs.manager import FencedJobManager
from offline_transfer.jobs.outcomes import HeldJob
from offline_transfer.queue import QueueName
from tests.integration.jobs.scene import Scene, silence, take
from tests.support.standstill import stand_still

DEAD_THREE_TIMES = (
    "The worker died 3 times while it did this job: the log of the job says where it was, and the system's log whether"
    " memory ran out. Less at once may help: a smaller batch size, or fewer worker processes."
)


def test_the_job_of_a_silent_worker_is_put_back_and_that_of_a_living_one_is_not(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    scene.defer("test_tell", number=2)
    silent, _ = take(scene), take(scene)
    silence(scene, silent)
    assert stalled.sweep(scene.database, 30) == 1
    assert scene.jobs() == [("test_tell", "todo", 1), ("test_tell", "doing", 0)]
    assert stalled.sweep(scene.database, 30) == 0


def be_away(scene: Scene) -> None:
    """Makes all workers ones of which nobody has heard for long, as when the database was away."""
    with scene.database.session() as session:
        session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))


def test_a_database_that_was_away_is_no_death_whoever_comes_back_first(scene: Scene) -> None:
    for number in (1, 2, 3):
        scene.defer("test_tell", number=number)
    first, _second, dead = (take(scene) for _ in range(3))
    be_away(scene)
    assert stalled.sweep(scene.database, 30) == 0
    be_away(scene)
    beat(scene, first)
    assert stalled.sweep(scene.database, 30) == 0
    assert scene.scalar("SELECT count(*) FROM procrastinate_workers") == 3
    # Whoever stays silent from then on is dead.
    silence(scene, dead)
    assert stalled.sweep(scene.database, 30) == 1
    assert scene.jobs() == [("test_tell", "doing", 0), ("test_tell", "doing", 0), ("test_tell", "todo", 1)]


def test_an_absence_that_leaves_too_little_time_to_be_heard_again_is_forgiven_and_a_short_one_is_not(
    scene: Scene,
) -> None:
    scene.defer("test_tell", number=1)
    take(scene)
    silent = "SELECT round(extract(epoch FROM now() - last_heartbeat)) FROM procrastinate_workers"
    for seconds, expected in ((25, 0), (20, 20)):
        with scene.database.session() as session:
            ago = text("UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => :seconds)")
            session.execute(ago, {"seconds": seconds})
        assert stalled.sweep(scene.database, 30) == 0
        assert scene.scalar(silent) == expected


def test_a_job_whose_worker_has_no_row_any_more_is_found_too(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    take(scene)
    with scene.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_workers"))
    assert stalled.sweep(scene.database, 30) == 1


def test_a_job_that_killed_three_workers_is_given_up_and_its_rows_are_told(scene: Scene) -> None:
    scene.defer("test_once", number=5)
    for _ in range(3):
        silence(scene, take(scene))
        assert stalled.sweep(scene.database, 30) == 1
    assert scene.jobs() == [("test_once", "failed", 3)]
    assert scene.told() == [(f"dead: {DEAD_THREE_TIMES}", 5)]


def test_waiting_workers_are_woken_for_a_job_that_is_put_back(scene: Scene) -> None:
    scene.ears.execute('LISTEN "procrastinate_queue_v1#rows"')
    scene.defer("test_tell", number=1)
    scene.wait_for('{"type"')
    silence(scene, take(scene))
    stalled.sweep(scene.database, 30)
    assert scene.wait_for('{"type"') == '{"type": "job_inserted", "job_id": 1}'


@pytest.fixture
def impatient(scene: Scene) -> Iterator[Database]:
    """The database for one who does not wait for ever."""
    with closing(db.connect(make_conninfo(scene.database.conninfo, options="-c lock_timeout=30s"))) as database:
        yield database


def test_a_sweep_that_stands_still_does_not_keep_others_waiting_for_ever(
    scene: Scene, impatient: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.defer("test_tell", number=1)
    silence(scene, take(scene))
    settle = stalled._settle
    found = []

    def settle_after_another_sweep(session: Session, job: HeldJob) -> None:
        monkeypatch.setattr(stalled, "_settle", settle)
        stand_still(session)
        found.append(stalled.sweep(impatient, 30))
        settle(session, job)

    monkeypatch.setattr(stalled, "_settle", settle_after_another_sweep)
    with pytest.raises(DBAPIError) as caught:
        stalled.sweep(scene.database, 30)
    assert doing.may_pass(caught.value)
    # It passed over the job, which was locked then; whoever sweeps next finds it.
    assert found == [0]
    assert stalled.sweep(scene.database, 30) == 1
    assert scene.jobs() == [("test_tell", "todo", 1)]


def test_a_worker_that_stands_still_in_a_heartbeat_does_not_keep_sweeps_waiting_for_ever(
    scene: Scene, impatient: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.defer("test_tell", number=1)
    job = take(scene)
    be_away(scene)
    forgive = heartbeats.forgive_silence_of_all
    found = []

    def forgive_before_a_sweep(session: Session, stalled_seconds: float) -> None:
        monkeypatch.setattr(heartbeats, "forgive_silence_of_all", forgive)
        forgive(session, stalled_seconds)
        stand_still(session)
        found.append(stalled.sweep(impatient, 30))

    monkeypatch.setattr(heartbeats, "forgive_silence_of_all", forgive_before_a_sweep)
    with pytest.raises(DBAPIError) as caught:
        beat(scene, job)
    assert found == [0]
    assert doing.may_pass(caught.value)
    beat(scene, job)
    assert scene.jobs() == [("test_tell", "doing", 0)]


def manage(
    scene: Scene, job: HeldJob, *, status: Status = Status.SUCCEEDED, transient: frozenset[str] = frozenset()
) -> None:
    """What Procrastinate's worker does when a job has ended."""

    async def finish() -> None:
        connector = PsycopgConnector(conninfo=scene.database.conninfo, min_size=1)
        await connector.open_async()
        try:
            manager = FencedJobManager(connector, transient)
            found = Job(
                id=job.id,
                queue=job.queue,
                lock=None,
                queueing_lock=None,
                task_name=job.name,
                attempts=job.attempts,
                worker_id=job.worker_id,
            )
            await manager.finish_job(found, status, delete_job=False)
        finally:
            await connector.close_async()

    asyncio.run(finish())


def beat(scene: Scene, job: HeldJob) -> None:
    """What the worker of a job does every few seconds."""
    assert job.worker_id is not None
    heartbeats.beat(scene.database, job.worker_id, queues=[QueueName.ROWS], stalled_seconds=30)


def test_a_worker_that_has_its_job_ends_it_and_says_what_it_is(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    job = take(scene)
    manage(scene, job)
    beat(scene, job)
    assert scene.jobs() == [("test_tell", "succeeded", 1)]
    assert scene.scalar("SELECT memory_bytes > 1000000 AND queues = '{rows}' FROM job_workers")


def test_a_worker_that_lost_its_job_ends_nothing_and_learns_it_with_its_next_heartbeat(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    lost = take(scene)
    silence(scene, lost)
    stalled.sweep(scene.database, 30)
    take(scene)
    manage(scene, lost)
    with pytest.raises(WorkerGivenUpError):
        beat(scene, lost)
    assert scene.jobs() == [("test_tell", "doing", 1)]


def test_a_sweep_that_succeeded_leaves_no_row(scene: Scene) -> None:
    scene.defer("test_tell", number=1)
    manage(scene, take(scene), transient=frozenset({"test_tell"}))
    assert scene.jobs() == []
