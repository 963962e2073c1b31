"""What becomes of a job: done, put back, tried again, given up."""

import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, PendingRollbackError
from sqlalchemy.orm import Session

from offline_transfer import logs, queue
from offline_transfer.db import DatabaseUnreachableError
from offline_transfer.errors import BadInputError
from offline_transfer.jobs import contexts, doing, outcomes
from offline_transfer.jobs.instance import Instance
from offline_transfer.transfers.failures import Failure
from tests.integration.jobs.functions import PassingError
from tests.integration.jobs.scene import Scene, take

SECRET = "glpat-hunter2"


def do(scene: Scene, *, is_asked_to_stop: bool = False) -> None:
    """Takes the next job and does it."""
    job = take(scene)
    doing.do(scene.instance, queue.find(job.name), job, lambda: is_asked_to_stop)


def test_a_job_that_may_succeed_later_waits_and_is_tried_again(scene: Scene) -> None:
    scene.defer("test_pass", number=3)
    do(scene)
    assert scene.jobs() == [("test_pass", "todo", 1)]
    assert scene.scalar("SELECT scheduled_at > now() - interval '1 minute' FROM procrastinate_jobs")
    scene.wait_until("(SELECT scheduled_at < now() FROM procrastinate_jobs)")
    do(scene)
    scene.wait_until("(SELECT scheduled_at < now() FROM procrastinate_jobs)")
    do(scene)
    assert scene.told() == [("done", 3)]
    assert scene.scalar("SELECT array_agg(kind || ': ' || message) FROM job_failures") == [
        "error: The weather is bad.",
        "error: The weather is bad.",
    ]


def test_a_job_is_not_tried_for_ever(scene: Scene) -> None:
    scene.settings = scene.settings.model_copy(update={"job_attempts": 2, "retry_seconds": 0})
    scene.defer("test_pass", number=100)
    do(scene)
    do(scene)
    assert scene.jobs() == [("test_pass", "failed", 2)]
    assert scene.told() == [("dead: The weather is bad.", 100)]


def test_a_job_that_cannot_succeed_is_given_up_at_once_and_its_rows_are_told(scene: Scene) -> None:
    scene.defer("test_last", number=7)
    do(scene)
    assert scene.jobs() == [("test_last", "failed", 1)]
    assert scene.told() == [("dead: It never works.", 7)]


def test_waits_double_up_to_a_limit() -> None:
    waits = [outcomes.wait_before(attempt, 2.0) / timedelta(seconds=1) for attempt in (1, 2, 3, 8, 9, 5000)]
    assert waits == [2, 4, 8, 256, 300, 300]


def test_a_job_knows_whether_it_is_tried_again_however_often_it_was_interrupted(scene: Scene) -> None:
    scene.settings = scene.settings.model_copy(update={"job_attempts": 2, "retry_seconds": 0})
    seen: list[bool] = []

    @queue.register("test_again", context=contexts.plain)
    def ask(instance: Instance, *, number: int) -> None:
        seen.append(queue.is_tried_again(PassingError(), instance.settings.job_attempts))
        assert not queue.is_tried_again(ValueError(), instance.settings.job_attempts)
        if len(seen) <= number:
            queue.stop_if_asked()
        raise PassingError

    scene.defer("test_again", number=3)
    for _ in range(3):
        do(scene, is_asked_to_stop=True)
    do(scene)
    do(scene)
    assert seen == [True, True, True, True, False]
    assert scene.jobs() == [("test_again", "failed", 5)]
    assert not queue.is_tried_again(PassingError(), 2)


def test_a_job_that_stops_when_asked_is_put_back_and_has_not_failed(scene: Scene) -> None:
    scene.defer("test_steps", number=1)
    do(scene, is_asked_to_stop=True)
    assert scene.jobs() == [("test_steps", "todo", 1)]
    do(scene, is_asked_to_stop=True)
    assert scene.told() == [("step", 1), ("step", 2), ("done", 1)]
    assert scene.scalar("SELECT count(*) FROM job_failures") == 0


def test_a_failure_of_a_worker_that_lost_its_job_changes_nothing(scene: Scene) -> None:
    scene.defer("test_last", number=7)
    job = take(scene)
    with scene.database.session() as session:
        session.execute(text("UPDATE procrastinate_jobs SET worker_id = NULL, status = 'todo', attempts = 1"))
    take(scene)
    doing.do(scene.instance, queue.find(job.name), job, lambda: False)
    assert scene.jobs() == [("test_last", "doing", 1)]
    assert scene.told() == []


def test_messages_of_others_are_neither_kept_nor_logged(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    @queue.register("test_leak", context=contexts.plain)
    def leak(_instance: Instance, *, number: int) -> None:
        try:
            raise ValueError(f"cannot log in with {SECRET}")
        except ValueError as error:
            raise RuntimeError(f"{number}: https://user:{SECRET}@example.com") from error

    scene.defer("test_leak", number=1)
    do(scene)
    (message, traceback), *more = (
        scene.database.sessions().execute(text("SELECT message, traceback FROM job_failures")).all()
    )
    assert (message, more) == ("RuntimeError", [])
    assert "RuntimeError: RuntimeError\n  File " in traceback
    assert "This came of:\n\nValueError: ValueError\n  File " in traceback
    # The lines of code that stand in a traceback hold the name of the variable, never what is in it.
    assert SECRET not in traceback + str(
        [record.__dict__["event"] for record in caplog.records if "event" in record.__dict__]
    )


def test_when_the_rows_cannot_be_told_the_job_has_failed_all_the_same(scene: Scene) -> None:
    def complain(session: Session, failure: Failure, **ids: int) -> None:
        raise BadInputError(problem="the row is gone")

    @queue.register("test_orphan", context=contexts.plain, on_dead=complain)
    def orphan(_instance: Instance, *, number: int) -> None:
        raise BadInputError(problem=f"no such row as {number}")

    scene.defer("test_orphan", number=1)
    do(scene)
    assert scene.jobs() == [("test_orphan", "failed", 1)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DatabaseUnreachableError(where="x", reason="y"), True),
        (BadInputError(problem="x"), False),
        (ZeroDivisionError(), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_the_error_says_whether_trying_again_can_help(error: Exception, expected: bool) -> None:
    assert doing.may_pass(error) is expected


def test_what_breaks_with_the_connection_may_pass(scene: Scene) -> None:
    broken = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OperationalError) as at_once, scene.database.session() as session:
        session.execute(broken)
    assert doing.may_pass(at_once.value)
    with scene.database.sessions() as session:
        with pytest.raises(OperationalError):
            session.execute(broken)
        with pytest.raises(PendingRollbackError) as later:
            session.execute(text("SELECT 1"))
    assert doing.may_pass(later.value)


def test_what_a_job_is_about_stands_in_its_log_lines(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    def subject(session: Session, **ids: int) -> Mapping[str, object]:
        return {"export": ids["number"] * 10}

    @queue.register("test_subject", context=contexts.plain, subject=subject)
    def look(_instance: Instance, *, number: int) -> None:
        assert number == 4

    seen: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(logs.line_of(record))  # type: ignore[method-assign]
    logger = logging.getLogger("offline_transfer.jobs.doing")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, logger.name):
            scene.defer("test_subject", number=4)
            do(scene)
    finally:
        logger.removeHandler(handler)
    assert len(seen) == 2
    assert all('"job": 1, "task": "test_subject", "export": 40' in line for line in seen)
