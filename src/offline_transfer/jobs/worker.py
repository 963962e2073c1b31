"""One worker process: it does one job at a time until it is told to end, or has grown too large."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import psutil
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.worker import Worker as ProcrastinateWorker
from sqlalchemy.exc import SQLAlchemyError

from offline_transfer import queue
from offline_transfer.db import CONNECTION_PARAMETERS
from offline_transfer.jobs import contexts, doing, heartbeats, outcomes, stalled, sweeps
from offline_transfer.jobs.errors import WorkerGivenUpError
from offline_transfer.jobs.instance import Instance
from offline_transfer.jobs.manager import FencedJobManager
from offline_transfer.jobs.outcomes import HeldJob
from offline_transfer.jobs.sweeps import RegisteredSweep
from offline_transfer.queue import Registration
from offline_transfer.settings import MEBIBYTE

# Procrastinate's own heartbeat stops as soon as a worker is told to end, when its job may yet take a while; ours goes on. It takes
# workers for dead of which nobody was heard while the database was away; ours does not.
_NEVER: Final = 10.0**9

logger: Final = logging.getLogger(__name__)


class Worker:
    """Takes jobs of some queues, one after another."""

    def __init__(self, instance: Instance, queues: Sequence[str]) -> None:
        self._instance = instance
        self._settings = instance.settings
        self._queues = list(queues)
        self._process = psutil.Process()
        self._stopping = threading.Event()
        self._job: HeldJob | None = None
        self._app = self._make_app()
        self._worker: ProcrastinateWorker | None = None

    def run(self) -> None:
        """Work until `stop`, or until this process has more memory than it may."""
        stalled.sweep(self._instance.database, self._settings.stalled_seconds)
        asyncio.run(self._run())

    def stop(self) -> None:
        """End: the job is asked to stop at its next step, and after the grace time the process ends at once.

        Any thread may call this.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        logger.info("worker.stopping")
        threading.Thread(target=self._end_hard, name="grace", daemon=True).start()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]  # Procrastinate annotates it half

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        async with self._app.open_async():
            self._worker = ProcrastinateWorker(
                self._app,
                queues=self._queues,
                concurrency=1,
                fetch_job_polling_interval=self._settings.poll_seconds,
                update_heartbeat_interval=_NEVER,
                stalled_worker_timeout=_NEVER,
                install_signal_handlers=False,
            )
            if self._stopping.is_set():
                return
            logger.info("worker.started", extra={"queues": self._queues})
            beating = asyncio.create_task(self._beat(self._worker))
            try:
                await self._worker.run()  # type: ignore[no-untyped-call]  # the same
            finally:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beating
        logger.info("worker.ended")

    async def _beat(self, worker: ProcrastinateWorker) -> None:
        while True:
            if self._stopping.is_set():
                # A wish that came while it was starting was forgotten by the start.
                worker.stop()  # type: ignore[no-untyped-call]  # as above
            if worker.worker_id is not None:
                try:
                    await asyncio.to_thread(self._say_that_it_lives, worker.worker_id)
                except WorkerGivenUpError as error:
                    logger.warning("worker.given_up", extra={"error": error.message})
                    self.stop()
                    return
                except SQLAlchemyError:
                    # The database is away. Whether this worker was given up meanwhile is seen when it is back.
                    logger.warning("worker.not_heard")
            await asyncio.sleep(self._settings.heartbeat_seconds if worker.worker_id is not None else 0.01)

    def _say_that_it_lives(self, worker_id: int) -> None:
        # Not over Procrastinate's connections: their pool waits longer and longer before it looks for a database again.
        heartbeats.beat(
            self._instance.database,
            worker_id,
            queues=self._queues,
            stalled_seconds=self._settings.stalled_seconds,
        )

    def _make_app(self) -> App:
        connector = PsycopgConnector(
            conninfo=self._instance.database.conninfo, kwargs=CONNECTION_PARAMETERS, min_size=1, max_size=4
        )
        app = App(connector=connector)
        for registration in queue.registrations():
            if registration.context is not None:
                task = app.task(name=registration.name, queue=registration.queue, pass_context=True)
                task(partial(self._do, registration))
        swept = [sweep for sweep in sweeps.registered() if sweep.queue in self._queues]
        for sweep in swept:
            self._add_sweep(app, sweep)
        app.job_manager = FencedJobManager(
            connector, transient=frozenset(sweeps.PREFIX + sweep.name for sweep in swept)
        )
        return app

    def _add_sweep(self, app: App, sweep: RegisteredSweep) -> None:
        """Have one of the workers of its queue do a sweep from time to time; it waits in the queue once at most."""
        name = sweeps.PREFIX + sweep.name
        registration = Registration(
            name=name, function=partial(sweeps.run, sweep), queue=sweep.queue, context=contexts.plain, is_routine=True
        )
        task = app.task(name=name, queue=sweep.queue, pass_context=True, priority=sweeps.PRIORITY, queueing_lock=name)(
            partial(self._do, registration)
        )
        app.periodic(cron=sweeps.cron_of(self._settings.sweep_seconds), periodic_id=sweep.name)(task)

    def _do(self, registration: Registration, context: JobContext, **ids: Any) -> None:
        job = context.job
        assert job.id is not None
        held = HeldJob(
            id=job.id, name=job.task_name, queue=job.queue, ids=ids, worker_id=job.worker_id, attempts=job.attempts
        )
        self._job = held
        try:
            doing.do(self._instance, registration, held, self._is_asked_to_stop)
        finally:
            self._job = None
        # A sweep is not work: a limit below what an idle worker holds would let it do nothing else.
        if not registration.is_routine and self._is_too_large():
            logger.info("worker.too_large", extra={"memory_bytes": self._process.memory_info().rss})
            self.stop()

    def _is_asked_to_stop(self) -> bool:
        return self._stopping.is_set() or self._is_too_large()

    def _is_too_large(self) -> bool:
        memory: int = self._process.memory_info().rss
        return memory > self._settings.worker_memory_mib * MEBIBYTE

    def _end_hard(self) -> None:
        """End this process and its children when the grace time is over, whatever they are at; the job is put back before."""
        threading.Event().wait(self._settings.worker_grace_seconds)
        # What has to happen here may hang as well.
        threading.Timer(5, _kill_all).start()
        logger.warning("worker.killed", extra={"job": self._job.id if self._job else None})
        with contextlib.suppress(Exception):
            self._abandon()
        _kill_all()

    def _abandon(self) -> None:
        job = self._job
        if job is None:
            return
        with self._instance.database.session() as session:
            if outcomes.lock(session, job):
                outcomes.put_back(session, job)


def _kill_all() -> None:
    """End this process and its children, such as git, which lead process groups of their own."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    os.kill(os.getpid(), signal.SIGKILL)
