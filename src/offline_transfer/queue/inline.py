"""Jobs of a command: they run in its own process, one after another."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from offline_transfer.queue.registry import FunctionT, Registry

PENDING: Final = "offline_transfer.queue.pending"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: which, and on which rows."""

    name: str
    ids: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Deferred:
    """A job that waits for its transaction."""

    job: Job
    transaction: SessionTransaction | None

    def belongs_to(self, transaction: SessionTransaction) -> bool:
        """Whether it was deferred in this transaction, or in a savepoint inside it."""
        current = self.transaction
        while current is not None:
            if current is transaction:
                return True
            current = current.parent
        return False


class InlineQueue:
    """Runs jobs in this process, in the order in which they were deferred."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = Registry() if registry is None else registry
        self._waiting: deque[Job] = deque()

    @property
    def names(self) -> frozenset[str]:
        """The jobs that have a function."""
        return self._registry.names

    @property
    def waiting(self) -> tuple[Job, ...]:
        """The jobs that were committed and have not begun."""
        return tuple(self._waiting)

    def register(self, name: str) -> Callable[[FunctionT], FunctionT]:
        """A decorator: this function does the jobs of this name. It gets what `run_until_empty` got, then the ids by name."""
        return self._registry.register(name)

    def put(self, job: Job) -> None:
        """Add a job whose transaction was committed."""
        self._waiting.append(job)

    def defer(self, session: Session, job: Job) -> None:
        """Add a job once this session's transaction is committed."""
        if PENDING not in session.info:
            session.info[PENDING] = []
            event.listen(session, "after_commit", self._hand_over)
            event.listen(session, "after_soft_rollback", _forget)
        transaction = session.get_nested_transaction() or session.get_transaction() or session.begin()
        session.info[PENDING].append(_Deferred(job, transaction))

    def run_until_empty(self, *context: object) -> int:
        """Run what waits and what that defers in turn; gives how many ran.

        A job that raises ends the run, and those after it keep waiting. Raises UnknownJobError for a name without a function.
        """
        done = 0
        while self._waiting:
            job = self._waiting.popleft()
            self._registry.find(job.name).function(*context, **job.ids)
            done += 1
        return done

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _hand_over(self, session: Session) -> None:
        # The event is raised for savepoints too, and those may still be rolled back with what surrounds them.
        transaction = session.get_transaction()
        if session.in_nested_transaction() or transaction is None:
            return
        pending: list[_Deferred] = session.info[PENDING]
        # What a closed transaction left belongs to none that commits.
        for deferred in pending:
            if deferred.belongs_to(transaction):
                self.put(deferred.job)
        pending.clear()


def _forget(session: Session, transaction: SessionTransaction) -> None:
    pending: list[_Deferred] = session.info[PENDING]
    pending[:] = [deferred for deferred in pending if not deferred.belongs_to(transaction)]
