"""Deferring work in the transaction that makes it necessary. The transactions are real, on a database that needs no server."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.queue import DuplicateJobError, InlineQueue, Job, UnknownJobError


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_a_job_waits_for_the_commit(session: Session) -> None:
    queue.defer(session, "export", export_id=1)
    assert queue.waiting() == ()
    session.commit()
    assert queue.waiting() == (Job("export", {"export_id": 1}),)


def test_a_rollback_forgets_the_job(session: Session) -> None:
    queue.defer(session, "export", export_id=1)
    session.rollback()
    session.commit()
    assert queue.waiting() == ()


def test_a_session_that_is_closed_without_commit_forgets_the_job(session: Session) -> None:
    queue.defer(session, "export", export_id=1)
    session.close()
    queue.defer(session, "export", export_id=2)
    session.commit()
    assert queue.waiting() == (Job("export", {"export_id": 2}),)


def test_each_commit_hands_over_its_own_jobs_once(session: Session) -> None:
    queue.defer(session, "export", export_id=1)
    session.commit()
    queue.defer(session, "export", export_id=2)
    session.commit()
    assert queue.waiting() == (Job("export", {"export_id": 1}), Job("export", {"export_id": 2}))


def test_a_savepoint_that_is_released_waits_for_what_surrounds_it(session: Session) -> None:
    with session.begin_nested():
        queue.defer(session, "export", export_id=1)
    assert queue.waiting() == ()
    session.commit()
    assert queue.waiting() == (Job("export", {"export_id": 1}),)


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_along_and_no_others(session: Session) -> None:
    queue.defer(session, "export", export_id=1)
    outer = session.begin_nested()
    queue.defer(session, "export", export_id=2)
    with session.begin_nested():
        queue.defer(session, "export", export_id=3)
    outer.rollback()
    queue.defer(session, "export", export_id=4)
    session.commit()
    assert queue.waiting() == (Job("export", {"export_id": 1}), Job("export", {"export_id": 4}))


def test_a_released_savepoint_goes_with_the_transaction_that_is_rolled_back(session: Session) -> None:
    with session.begin_nested():
        queue.defer(session, "export", export_id=1)
    session.rollback()
    session.commit()
    assert queue.waiting() == ()


def test_jobs_run_in_order_and_what_they_defer_runs_after_them() -> None:
    jobs = InlineQueue()
    ran: list[tuple[str, int]] = []

    @jobs.register("parent")
    def parent(*, id: int) -> None:
        ran.append(("parent", id))
        jobs.put(Job("child", {"id": id * 10}))

    @jobs.register("child")
    def child(*, id: int) -> None:
        ran.append(("child", id))

    jobs.put(Job("parent", {"id": 1}))
    jobs.put(Job("parent", {"id": 2}))
    assert jobs.run_until_empty() == 4
    assert ran == [("parent", 1), ("parent", 2), ("child", 10), ("child", 20)]
    assert jobs.names == {"parent", "child"}


def test_functions_get_what_the_run_was_given() -> None:
    jobs = InlineQueue()
    seen: list[tuple[str, int]] = []

    def remember(context: str, *, id: int) -> None:
        seen.append((context, id))

    jobs.register("remember")(remember)
    jobs.put(Job("remember", {"id": 7}))
    jobs.run_until_empty("this instance")
    assert seen == [("this instance", 7)]


def test_a_name_without_a_function_is_named() -> None:
    jobs = InlineQueue()
    jobs.register("export")(print)
    jobs.put(Job("exprot", {}))
    with pytest.raises(
        UnknownJobError, match=r"No function is registered for the job `exprot`\. Jobs that are: export\."
    ):
        jobs.run_until_empty()


def test_a_job_that_raises_leaves_those_after_it_waiting() -> None:
    jobs = InlineQueue()
    jobs.register("divide")(divmod)
    jobs.put(Job("divide", {}))
    jobs.put(Job("divide", {}))
    with pytest.raises(ZeroDivisionError):
        jobs.run_until_empty(1, 0)
    assert len(jobs.waiting) == 1


def test_two_functions_for_one_name_are_refused() -> None:
    jobs = InlineQueue()
    jobs.register("export")(print)
    jobs.register("export")(print)
    with pytest.raises(DuplicateJobError, match="`export`"):
        jobs.register("export")(divmod)
