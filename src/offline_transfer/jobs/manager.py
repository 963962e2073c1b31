"""Procrastinate's manager of jobs, for workers that may be given up while they live.

A worker that was suspended wakes to find its job with another. What it then says of the job must not count, so each statement
about a job holds only for the worker that has it.
"""

import os
import socket
from collections.abc import Sequence
from typing import Final

import psutil
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException, NoResult
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from offline_transfer.jobs.errors import WorkerGivenUpError

_FINISH: Final = """
WITH mine AS MATERIALIZED (
    SELECT id FROM procrastinate_jobs
    WHERE id = %(job_id)s AND status = 'doing' AND worker_id = %(worker_id)s AND attempts = %(attempts)s
    FOR UPDATE
)
SELECT procrastinate_finish_job_v1(mine.id, %(status)s, %(delete_job)s) FROM mine
"""

_BEAT: Final = """
WITH beat AS (
    UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %(worker_id)s RETURNING id
)
INSERT INTO job_workers (worker_id, host, pid, queues, memory_bytes)
SELECT id, %(host)s, %(pid)s, %(queues)s, %(memory_bytes)s FROM beat
ON CONFLICT (worker_id) DO UPDATE SET memory_bytes = excluded.memory_bytes
RETURNING worker_id
"""


class FencedJobManager(JobManager):
    """Ends jobs only for the worker that has them, and says with each heartbeat what the worker is."""

    def __init__(self, connector: BaseConnector, queues: Sequence[str], transient: frozenset[str]) -> None:
        super().__init__(connector)
        self._queues = list(queues)
        self._transient = transient
        self._process = psutil.Process()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """End a job that this worker has; one that it has no longer stays as it is. Sweeps that succeeded leave no row."""
        await self.connector.execute_query_async(
            _FINISH,
            job_id=job.id,
            worker_id=job.worker_id,
            attempts=job.attempts,
            status=status.value,
            delete_job=delete_job or (status is Status.SUCCEEDED and job.task_name in self._transient),
        )

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that this worker lives. Raises WorkerGivenUpError when it was taken for dead."""
        try:
            await self.connector.execute_query_one_async(
                _BEAT,
                worker_id=worker_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                queues=self._queues,
                memory_bytes=self._process.memory_info().rss,
            )
        except NoResult:
            raise WorkerGivenUpError from None
        except ConnectorException:
            # The database is away. Whether this worker was given up meanwhile is seen when it is back.
            return
