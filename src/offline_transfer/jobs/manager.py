"""Procrastinate's manager of jobs, for workers that may be given up while they live.

A worker that was suspended wakes to find its job with another. What it then says of the job must not count, so each statement
about a job holds only for the worker that has it.
"""

from typing import Final

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

_FINISH: Final = """
WITH mine AS MATERIALIZED (
    SELECT id FROM procrastinate_jobs
    WHERE id = %(job_id)s AND status = 'doing' AND worker_id = %(worker_id)s AND attempts = %(attempts)s
    FOR UPDATE
)
SELECT procrastinate_finish_job_v1(mine.id, %(status)s, %(delete_job)s) FROM mine
"""


class FencedJobManager(JobManager):
    """Ends jobs only for the worker that has them."""

    def __init__(self, connector: BaseConnector, transient: frozenset[str]) -> None:
        super().__init__(connector)
        self._transient = transient

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
