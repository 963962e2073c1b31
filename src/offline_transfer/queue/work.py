"""The job that this thread works on, as services see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from offline_transfer.errors import OfflineTransferError
from offline_transfer.queue.errors import JobInterruptedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """A job that a worker does; `attempt` counts from 1, and `worker_id` is the row of the worker that was given it."""

    id: int
    name: str
    attempt: int
    worker_id: int
    is_asked_to_stop: Callable[[], bool]
    count_failures: Callable[[], int]
    """How many attempts have failed before this one. Those that were interrupted, or whose worker died, have not."""


_current: Final[ContextVar[RunningJob | None]] = ContextVar("offline_transfer.queue.running", default=None)


def current() -> RunningJob | None:
    """The job of a worker that this code is a part of; None in a command."""
    return _current.get()


def is_tried_again(error: Exception, attempts: int) -> bool:
    """Whether this job is tried again when it fails now with this error: that may help, and it has not been tried so often.

    A command tries nothing again.
    """
    job = _current.get()
    is_retryable = isinstance(error, OfflineTransferError) and error.retryable
    return is_retryable and job is not None and job.count_failures() + 1 < attempts


def stop_if_asked() -> None:
    """Raise JobInterruptedError when the worker is to end or has too much memory: to be called between two steps of a long job.

    The job is then put back, which is no failure, and another worker goes on with it. It has to have got on: a job that gives up
    before its first step would never end.
    """
    job = _current.get()
    if job is not None and job.is_asked_to_stop():
        raise JobInterruptedError


@contextmanager
def running(job: RunningJob) -> Iterator[None]:
    """Make this the job of the thread for as long as the block."""
    token = _current.set(job)
    try:
        yield
    finally:
        _current.reset(token)
