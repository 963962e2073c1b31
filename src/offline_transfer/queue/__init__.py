"""Background work: `defer` names a job in the transaction that makes it necessary.

A job is a name and ids. It comes into being when the session commits, and never if the session, or the savepoint in which it was
deferred, rolls back. Services call `defer`, and `stop_if_asked` between the steps of long work; `jobs` registers the functions
behind the names.

A session decides where its jobs go. Those of a `durable` database become rows that workers take; those of an `inline` one wait in a
queue that its maker empties. Sessions of neither kind put their jobs into one queue of this process: nothing in the program empties
that, so all that is to be done has to go through one of the two. The demonstration, the benchmark and tests, which do the jobs of a
database by themselves, empty it with `run_until_empty`.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from offline_transfer.db import Database
from offline_transfer.queue.durable import DurableQueue
from offline_transfer.queue.errors import (
    DuplicateJobError,
    ForegroundJobError,
    JobInterruptedError,
    UnknownJobError,
)
from offline_transfer.queue.inline import InlineQueue, Job
from offline_transfer.queue.registry import QueueName, Registration, Registry
from offline_transfer.queue.work import RunningJob, current, is_tried_again, running, stop_if_asked

__all__ = [
    "DuplicateJobError",
    "ForegroundJobError",
    "InlineQueue",
    "Job",
    "JobInterruptedError",
    "QueueName",
    "Registration",
    "Registry",
    "RunningJob",
    "UnknownJobError",
    "clear",
    "current",
    "defer",
    "durable",
    "find",
    "inline",
    "is_tried_again",
    "names",
    "register",
    "registrations",
    "run_until_empty",
    "running",
    "stop_if_asked",
    "waiting",
]

QUEUE: Final = "offline_transfer.queue"

_registry: Final = Registry()
_inline: Final = InlineQueue(_registry)
_durable: Final = DurableQueue(_registry)

register = _registry.register
find = _registry.find
run_until_empty = _inline.run_until_empty
clear = _inline.clear


def names() -> frozenset[str]:
    """The jobs that have a function."""
    return _registry.names


def registrations() -> tuple[Registration, ...]:
    """All functions that are registered."""
    return _registry.registrations


def waiting() -> tuple[Job, ...]:
    """The jobs of sessions without a queue of their own that were committed and have not begun."""
    return _inline.waiting


def durable(database: Database) -> Database:
    """The same database, with sessions whose jobs are for workers."""
    return replace(database, sessions=sessionmaker(database.engine, expire_on_commit=False, info={QUEUE: _durable}))


def inline(database: Database, jobs: InlineQueue) -> Database:
    """The same database, with sessions whose jobs wait in this queue."""
    return replace(database, sessions=sessionmaker(database.engine, expire_on_commit=False, info={QUEUE: jobs}))


def defer(session: Session, name: str, **ids: int) -> None:
    """Have a job done once this session's transaction is committed.

    For workers it has to be registered, and raises UnknownJobError or ForegroundJobError otherwise.
    """
    queue = session.info.get(QUEUE, _inline)
    queue.defer(session, Job(name, dict(ids)))
