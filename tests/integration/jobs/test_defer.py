"""Jobs come into being with the transaction that makes them necessary, and with no other."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import sessionmaker

from offline_transfer import queue
from offline_transfer.queue import ForegroundJobError, UnknownJobError
from tests.integration.jobs.scene import Scene


def test_a_job_is_a_row_of_its_transaction(scene: Scene) -> None:
    with scene.database.session() as session:
        queue.defer(session, "test_tell", number=1)
        assert scene.jobs() == []
    assert scene.scalar("SELECT row_to_json(job)::text FROM (SELECT queue_name, args FROM procrastinate_jobs) job") == (
        '{"queue_name":"rows","args":{"number": 1}}'
    )
    assert queue.waiting() == ()


def test_a_rollback_takes_the_job_along(scene: Scene) -> None:
    with scene.database.session() as session:
        queue.defer(session, "test_tell", number=1)
        session.rollback()
    assert scene.jobs() == []


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_along_and_no_others(scene: Scene) -> None:
    with scene.database.session() as session:
        queue.defer(session, "test_tell", number=1)
        savepoint = session.begin_nested()
        queue.defer(session, "test_file", number=2)
        savepoint.rollback()
        queue.defer(session, "test_last", number=3)
    assert [job[0] for job in scene.jobs()] == ["test_tell", "test_last"]


def test_a_job_that_nobody_could_do_is_refused(scene: Scene) -> None:
    with scene.database.session() as session, pytest.raises(UnknownJobError, match="`test_tlel`"):
        queue.defer(session, "test_tlel", number=1)
    queue.register("test_foreground")(print)
    with scene.database.session() as session, pytest.raises(ForegroundJobError, match="`test_foreground`"):
        queue.defer(session, "test_foreground")


def test_a_session_that_is_not_for_workers_keeps_its_jobs_in_the_process(scene: Scene) -> None:
    database = replace(scene.database, sessions=sessionmaker(scene.database.engine))
    with database.session() as session:
        queue.defer(session, "test_tell", number=1)
    assert scene.jobs() == []
    assert [job.name for job in queue.waiting()] == ["test_tell"]
