"""What is done again and again, since no event calls for it: looking for what slipped through.

A sweep is a function of an instance that gives how much it found. It may run on several workers at once, and runs no job: it
defers them.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from offline_transfer import logs
from offline_transfer.db import lock_briefly
from offline_transfer.exporting import overdue
from offline_transfer.forge import lfs_objects
from offline_transfer.forge.attempts import SPOOL, Attempts
from offline_transfer.importing import overdue as overdue_imports
from offline_transfer.importing import places
from offline_transfer.jobs import log_files, stalled
from offline_transfer.jobs.instance import FILES, Instance
from offline_transfer.queue import QueueName
from offline_transfer.storage.disk import DiskStore

Sweep = Callable[[Instance], int]

PREFIX: Final = "sweep:"
PRIORITY: Final = 100
"""Sweeps go before all jobs that wait."""
_DEATHS_WITHIN: Final = timedelta(minutes=10)

logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegisteredSweep:
    """A sweep, and the queue whose workers can do it."""

    name: str
    sweep: Sweep
    queue: QueueName


_sweeps: Final[dict[str, RegisteredSweep]] = {}


def register(name: str, *, queue: QueueName = QueueName.ROWS) -> Callable[[Sweep], Sweep]:
    """A decorator: have this done every `sweep_seconds` by one of the workers of a queue."""

    def remember(sweep: Sweep) -> Sweep:
        _sweeps[name] = RegisteredSweep(name, sweep, queue)
        return sweep

    return remember


def registered() -> tuple[RegisteredSweep, ...]:
    """All sweeps."""
    return tuple(_sweeps.values())


def run(registered_sweep: RegisteredSweep, instance: Instance, *, timestamp: int | None = None) -> None:
    """Do one sweep. What it raises is its job's failure; `timestamp` is when it was due."""
    del timestamp
    began = time.monotonic()
    with logs.bound(sweep=registered_sweep.name):
        count = registered_sweep.sweep(instance)
        if count:
            logger.info("sweep.found", extra={"count": count, "duration": round(time.monotonic() - began, 3)})


def cron_of(seconds: int) -> str:
    """The schedule that is as close to every so many seconds as cron can say: seconds, minutes or hours that divide the next."""
    for size, count, form in ((1, 60, "* * * * * */{0}"), (60, 60, "*/{0} * * * *"), (3600, 24, "0 */{0} * * *")):
        if seconds < size * count:
            every = max(1, round(seconds / size))
            return form.format(every) if every > 1 else form.format("1")
    return "0 0 * * *"


@register("stalled_jobs")
def stalled_jobs(instance: Instance) -> int:
    """Give the jobs of dead workers to others."""
    return stalled.sweep(instance.database, instance.settings.stalled_seconds)


@register("old_jobs")
def old_jobs(instance: Instance) -> int:
    """Remove the rows of jobs that ended long ago, with their failures and events."""
    old = text(
        """
        DELETE FROM procrastinate_jobs job
        WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
            SELECT FROM procrastinate_events event WHERE event.job_id = job.id AND event.at > now() - make_interval(days => :days)
        )
        """
    )
    with instance.database.session() as session:
        lock_briefly(session)
        return session.connection().execute(old, {"days": instance.settings.keep_days}).rowcount


@register("old_logs", queue=QueueName.FILES)
def old_logs(instance: Instance) -> int:
    """Remove log files of days that are long past."""
    return log_files.remove_older(instance.settings.data_dir, timedelta(days=instance.settings.keep_days))


@register("dead_repositories", queue=QueueName.FILES)
def dead_repositories(instance: Instance) -> int:
    """Remove what attempts that died left beside the repositories."""
    return instance.repositories.sweep()


@register("dead_spool", queue=QueueName.FILES)
def dead_spool(instance: Instance) -> int:
    """Remove what loads, dumps and imports that died had unpacked."""
    return Attempts(instance.settings.data_dir / SPOOL).sweep()


@register("dead_files", queue=QueueName.FILES)
def dead_files(instance: Instance) -> int:
    """Remove the uploads and LFS objects that workers had begun to write which died a while ago.

    All of the files have to be looked at, so it is done only when a worker has died lately. Where sweeps are rare, a death has to
    be remembered until the next but one.
    """
    within = max(_DEATHS_WITHIN, timedelta(seconds=2 * instance.settings.sweep_seconds))
    if not stalled.has_found_any(instance.database, within=within):
        return 0
    return DiskStore(instance.settings.data_dir / FILES).sweep()


@register("unused_lfs_objects", queue=QueueName.FILES)
def unused_lfs_objects(instance: Instance) -> int:
    """Remove LFS objects that no project uses, as RemoveUnreferencedLfsObjectsWorker does."""
    return lfs_objects.remove_unused(instance.database, instance.files)


@register("stuck_exports")
def stuck_exports(instance: Instance) -> int:
    """Fail what was begun of exports and does not move."""
    return overdue.fail_stuck(instance.database)


@register("stale_exports")
def stale_exports(instance: Instance) -> int:
    """End exports that nobody works on any more."""
    return overdue.time_out_stale(instance.database)


@register("export_credentials")
def export_credentials(instance: Instance) -> int:
    """Forget the credentials of exports that ended long ago."""
    return overdue.purge_credentials(instance.database)


@register("import_credentials")
def import_credentials(instance: Instance) -> int:
    """Forget what opens the stores and archives of imports that ended long ago."""
    return places.purge(instance.database)


@register("stale_imports")
def stale_imports(instance: Instance) -> int:
    """End imports that nobody works on any more, as StaleImportWorker does."""
    return overdue_imports.time_out_stale(instance.database)


@register("stale_batches")
def stale_batches(instance: Instance) -> int:
    """Fail batches of imports that were begun and do not move."""
    return overdue_imports.find_stale_batches(instance.database)
