"""States of our own work and the transitions between them; the integers are GitLab's."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, TypeVar

from offline_transfer.errors import ConflictError

State = TypeVar("State", bound=IntEnum)


class ExportState(IntEnum):
    """States of an offline export; `timeout` and `canceled` are ours."""

    created = 0
    started = 1
    finished = 2
    timeout = 3
    failed = -1
    canceled = -2


class RelationState(IntEnum):
    """States of the export of one relation."""

    pending = -2
    started = 0
    finished = 1
    failed = -1


class BatchState(IntEnum):
    """States of one batch of a relation export."""

    started = 0
    finished = 1
    created = 2
    failed = -1


class JobState(IntEnum):
    """States of a job of an export or import; ours."""

    waiting = 0
    released = 1
    ended = 2


class ImportState(IntEnum):
    """States of an import."""

    created = 0
    started = 1
    finished = 2
    timeout = 3
    failed = -1
    canceled = -2


class EntityState(IntEnum):
    """States of an entity of an import."""

    created = 0
    started = 1
    finished = 2
    timeout = 3
    failed = -1
    canceled = -2


class TrackerState(IntEnum):
    """States of a pipeline or of one of its batches."""

    created = 0
    started = 1
    finished = 2
    enqueued = 3
    timeout = 4
    failed = -1
    skipped = -2
    canceled = -3


class SourceType(IntEnum):
    """Where an import reads from; `file_export` is ours."""

    gitlab = 0
    offline_export = 1
    file_export = 2


class TransitionRefusedError(ConflictError):
    """A step from {old} to {new} is not allowed: somebody else has ended this work meanwhile. Look at its state again."""


_STARTABLE: Mapping[str, frozenset[str]] = {
    "created": frozenset({"started", "failed", "canceled", "timeout"}),
    "started": frozenset({"started", "finished", "failed", "canceled", "timeout"}),
}

_RETRIED: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("finished", "timeout", "failed", "canceled"), frozenset({"created"})
)
"""What has ended and is tried again, as a whole or only where it has failures."""

TRANSITIONS: Mapping[type[IntEnum], Mapping[str, frozenset[str]]] = {
    ExportState: {**_STARTABLE, **_RETRIED},
    ImportState: {**_STARTABLE, **_RETRIED},
    EntityState: {**_STARTABLE, **_RETRIED},
    RelationState: {
        "pending": frozenset({"started", "failed"}),
        "started": frozenset({"started", "finished", "failed"}),
        # Retried, or the object in the store turned out to be another's.
        "finished": frozenset({"started"}),
        "failed": frozenset({"pending", "started"}),
    },
    BatchState: {
        "created": frozenset({"started", "failed"}),
        "started": frozenset({"started", "finished", "failed"}),
        "finished": frozenset({"created"}),
        "failed": frozenset({"created"}),
    },
    JobState: {
        "waiting": frozenset({"released", "ended"}),
        "released": frozenset({"released", "waiting", "ended"}),
        "ended": frozenset({"waiting"}),
    },
    TrackerState: {
        "created": frozenset({"enqueued", "started", "failed", "skipped", "canceled", "timeout"}),
        "enqueued": frozenset({"started", "failed", "skipped", "canceled", "timeout"}),
        "started": frozenset({"started", "finished", "failed", "skipped", "canceled", "timeout"}),
        **_RETRIED,
    },
}
"""For each kind of state: from where one may go where. What is absent is an end."""

OPEN_EXPORT: Final = (ExportState.created, ExportState.started)
OPEN_RELATION: Final = (RelationState.pending, RelationState.started)
OPEN_BATCH: Final = (BatchState.created, BatchState.started)
OPEN_JOB: Final = (JobState.waiting, JobState.released)
OPEN_IMPORT: Final = (ImportState.created, ImportState.started)
OPEN_ENTITY: Final = (EntityState.created, EntityState.started)
OPEN_TRACKER: Final = (TrackerState.created, TrackerState.enqueued, TrackerState.started)
"""States of what has not ended."""


def step(old: State, new: State) -> State:
    """The new state when the step is allowed; raises TransitionRefusedError otherwise."""
    if new.name not in TRANSITIONS[type(old)].get(old.name, frozenset()):
        raise TransitionRefusedError(old=old.name, new=new.name)
    return new
