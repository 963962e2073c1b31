"""Which function does the jobs of which name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from offline_transfer.queue.errors import DuplicateJobError, UnknownJobError

JobFunction = Callable[..., None]
FunctionT = TypeVar("FunctionT", bound=JobFunction)

MakeContext = Callable[[Any], Sequence[object]]
"""Makes of the instance that a worker opened what a job function is given before its ids."""


class QueueName(StrEnum):
    """The queues. A worker that does not see the data directory takes the jobs of `rows` alone."""

    ROWS = "rows"
    FILES = "files"


Subject = Callable[..., Mapping[str, object]]
"""Says what a job is about, for its log lines: given a session and the ids by name, it gives fields such as `export`."""

OnDead = Callable[..., None]
"""Told in the transaction in which a job is given up, with the session, the failure and the ids by name: nobody will try it
again, and the rows of its work are to say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The function behind a name, and what is to be known about its jobs."""

    name: str
    function: JobFunction
    queue: QueueName = QueueName.FILES
    context: MakeContext | None = None
    on_dead: OnDead | None = None
    subject: Subject | None = None
    is_routine: bool = False
    """Whether its jobs are of no interest as long as they succeed."""


class Registry:
    """The functions of a program by name."""

    def __init__(self) -> None:
        self._registrations: dict[str, Registration] = {}

    @property
    def names(self) -> frozenset[str]:
        """The jobs that have a function."""
        return frozenset(self._registrations)

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """All that is registered, in the order in which it was."""
        return tuple(self._registrations.values())

    def register(
        self,
        name: str,
        *,
        queue: QueueName = QueueName.FILES,
        context: MakeContext | None = None,
        on_dead: OnDead | None = None,
        subject: Subject | None = None,
    ) -> Callable[[FunctionT], FunctionT]:
        """A decorator: this function does the jobs of this name. It is called with its context, then the ids by name.

        A command gives the context when it runs the jobs; a worker has `context` make it of its instance, and without one the
        jobs cannot be deferred to workers. Raises DuplicateJobError.
        """

        def remember(function: FunctionT) -> FunctionT:
            known = self._registrations.get(name)
            if known is not None and _place(known.function) != _place(function):
                raise DuplicateJobError(name=name)
            self._registrations[name] = Registration(
                name=name, function=function, queue=queue, context=context, on_dead=on_dead, subject=subject
            )
            return function

        return remember

    def find(self, name: str) -> Registration:
        """The registration of a name; raises UnknownJobError."""
        found = self._registrations.get(name)
        if found is None:
            raise UnknownJobError(name=name, known=", ".join(sorted(self._registrations)) or "none")
        return found


def _place(function: JobFunction) -> tuple[str, str]:
    return function.__module__, function.__qualname__
