"""Jobs for tests, which worker processes import. What they do is told by rows, and by notifications of the channel `told`."""

import os
import subprocess
import time

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.jobs import contexts
from offline_transfer.jobs.instance import Instance
from offline_transfer.queue import QueueName
from offline_transfer.transfers.failures import Failure

TABLE = "CREATE TABLE IF NOT EXISTS told (id bigserial PRIMARY KEY, what text NOT NULL, number bigint NOT NULL)"


class PassingError(OfflineTransferError):
    """The weather is bad."""

    retryable = True


class LastingError(OfflineTransferError):
    """It never works."""


def tell(session: Session, what: str, number: int) -> None:
    """Writes a row, and says so."""
    session.execute(text("INSERT INTO told (what, number) VALUES (:what, :number)"), {"what": what, "number": number})
    session.execute(text("SELECT pg_notify('told', :told)"), {"told": f"{what} {number}"})


def told_dead(session: Session, failure: Failure, **ids: int) -> None:
    """What is told of a job that was given up."""
    tell(session, f"dead: {failure.message}", ids["number"])


@queue.register("test_tell", queue=QueueName.ROWS, context=contexts.plain)
def tell_number(instance: Instance, *, number: int) -> None:
    """Tells its number."""
    with instance.database.session() as session:
        tell(session, "done", number)


@queue.register("test_file", context=contexts.plain)
def tell_file(instance: Instance, *, number: int) -> None:
    """The same, in the queue of files."""
    tell_number(instance, number=number)


@queue.register("test_pass", queue=QueueName.ROWS, context=contexts.plain, on_dead=told_dead)
def fail_for_now(instance: Instance, *, number: int) -> None:
    """Fails in a way that may pass, until so many attempts were made."""
    job = queue.current()
    assert job is not None
    if job.attempt < number:
        raise PassingError
    tell_number(instance, number=number)


@queue.register("test_last", queue=QueueName.ROWS, context=contexts.plain, on_dead=told_dead)
def fail_for_good(_instance: Instance, *, number: int) -> None:
    """Fails in a way that will not pass."""
    raise LastingError(number=number)


@queue.register("test_once", queue=QueueName.ROWS, context=contexts.plain, on_dead=told_dead)
def hang_once(instance: Instance, *, number: int) -> None:
    """Tells the pid of its process and hangs at the first attempt; is done at the second."""
    job = queue.current()
    assert job is not None
    with instance.database.session() as session:
        tell(session, "pid", os.getpid())
    if job.attempt == 1:
        with (
            subprocess.Popen(["sleep", "600"], start_new_session=True) as child,
            instance.database.session() as session,
        ):
            tell(session, "child", child.pid)
            session.commit()
            child.wait()
    tell_number(instance, number=number)


@queue.register("test_steps", queue=QueueName.ROWS, context=contexts.plain)
def go_in_steps(instance: Instance, *, number: int) -> None:
    """Does a step, tells it, and stops between steps if asked; the first attempt never ends by itself."""
    job = queue.current()
    assert job is not None
    while True:
        with instance.database.session() as session:
            tell(session, "step", job.attempt)
        if job.attempt > 1:
            break
        time.sleep(0.05)
        queue.stop_if_asked()
    tell_number(instance, number=number)


@queue.register("test_cut", queue=QueueName.ROWS, context=contexts.plain, on_dead=told_dead)
def lose_the_database(instance: Instance, *, number: int) -> None:
    """The first attempt cuts all connections, as a database does that is restarted."""
    job = queue.current()
    assert job is not None
    if job.attempt == 1:
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query NOT LIKE :ears"
        )
        with instance.database.session() as session:
            session.execute(text(others), {"ears": "%LISTEN told%"})
    tell_number(instance, number=number)
