"""Does one job in a worker: calls its function, and says what became of it."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

import psycopg
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from offline_transfer import logs, queue
from offline_transfer.errors import OfflineTransferError
from offline_transfer.jobs import outcomes
from offline_transfer.jobs.instance import Instance
from offline_transfer.jobs.outcomes import FailureKind, HeldJob
from offline_transfer.queue import JobInterruptedError, Registration, RunningJob

# How long to wait for a database that is away before a job's end cannot be written down, which counts as the death of its worker.
_DATABASE_AWAY_SECONDS: Final = 3600

logger: Final = logging.getLogger(__name__)


def do(instance: Instance, registration: Registration, job: HeldJob, is_asked_to_stop: Callable[[], bool]) -> None:
    """Do a job. Whatever the function raises ends here: the job is put back, tried again later or given up."""
    assert registration.context is not None
    assert job.worker_id is not None
    current = RunningJob(
        id=job.id,
        name=job.name,
        attempt=job.attempts + 1,
        worker_id=job.worker_id,
        is_asked_to_stop=is_asked_to_stop,
        count_failures=partial(_failures, instance, job),
    )
    with queue.running(current), logs.bound(job=job.id, task=job.name, **_subject(instance, registration, job)):
        began = time.monotonic()
        level = logging.DEBUG if registration.is_routine else logging.INFO
        logger.log(level, "job.started", extra={"attempt": current.attempt, **job.ids})
        try:
            registration.function(*registration.context(instance), **job.ids)
        except JobInterruptedError:
            logger.info("job.interrupted", extra={"duration": _since(began)})
            _put_back(instance, job)
        except Exception as error:  # noqa: BLE001 - the worker's loop: whatever it is, it ends this job and no other
            _fail(instance, job, error, began)
        else:
            logger.log(level, "job.finished", extra={"duration": _since(began)})


def may_pass(error: BaseException) -> bool:
    """Whether trying again can help."""
    if isinstance(error, OfflineTransferError):
        return error.retryable
    cause = error.orig if isinstance(error, DBAPIError) else error
    # Lost connections, restarts, deadlocks and serialization failures, transactions that stood still; and what SQLAlchemy says of a
    # connection that was lost earlier in a transaction.
    return isinstance(cause, (psycopg.OperationalError, IdleInTransactionSessionTimeout, PendingRollbackError))


_when_the_database_is_back: Final = retry(
    retry=retry_if_exception(may_pass),
    stop=stop_after_delay(_DATABASE_AWAY_SECONDS),
    wait=wait_fixed(0.5),
    reraise=True,
)


@_when_the_database_is_back
def _put_back(instance: Instance, job: HeldJob) -> None:
    with instance.database.session() as session:
        if outcomes.lock(session, job):
            outcomes.put_back(session, job)


def _fail(instance: Instance, job: HeldJob, error: Exception, began: float) -> None:
    fate = _write_failure(instance, job, error)
    logger.error("job.failed", exc_info=error, extra={"duration": _since(began), "then": fate})


@_when_the_database_is_back
def _write_failure(instance: Instance, job: HeldJob, error: Exception) -> str:
    settings = instance.settings
    with instance.database.session() as session:
        if not outcomes.lock(session, job):
            return "another worker has it"
        failures = outcomes.note(session, job, FailureKind.ERROR, error)
        if may_pass(error) and failures < settings.job_attempts:
            wait = outcomes.wait_before(failures, settings.retry_seconds)
            outcomes.put_back(session, job, wait=wait)
            return f"again in {wait / timedelta(seconds=1):g} s"
        outcomes.give_up(session, job, error)
        return "given up"


def _failures(instance: Instance, job: HeldJob) -> int:
    with instance.database.session() as session:
        return outcomes.failures(session, job, FailureKind.ERROR)


def _subject(instance: Instance, registration: Registration, job: HeldJob) -> Mapping[str, object]:
    """What the job is about, for its log lines."""
    if registration.subject is None:
        return {}
    try:
        with instance.database.session() as session:
            return registration.subject(session, **job.ids)
    except SQLAlchemyError:
        return {}  # The job itself will find what is wrong, and say it.


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
