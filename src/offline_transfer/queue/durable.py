"""Jobs of a service: rows that Procrastinate's workers take, in whatever process and on whatever machine they run.

A job is written on the session's own connection, so it is a part of the session's transaction and of the savepoint that is open.
"""

from collections.abc import Mapping
from typing import Final

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.orm import Session

from offline_transfer.db import psycopg_connection
from offline_transfer.queue.errors import ForegroundJobError
from offline_transfer.queue.inline import Job
from offline_transfer.queue.registry import Registry

# Never opened: it only ever writes on connections that it is given.
_APP: Final = App(connector=SyncPsycopgConnector())


class DurableQueue:
    """Writes jobs for workers."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def defer(self, session: Session, job: Job) -> None:
        """Write a job in this session's transaction. Raises UnknownJobError, ForegroundJobError."""
        registration = self._registry.find(job.name)
        if registration.context is None:
            raise ForegroundJobError(name=job.name)
        write(session, job.name, queue=registration.queue, ids=job.ids)


def write(session: Session, name: str, *, queue: str, ids: Mapping[str, int]) -> int:
    """Write a job of any name into a queue, and give its id."""
    deferrer = _APP.configure_task(name, queue=queue, connection=psycopg_connection(session), allow_unknown=True)
    try:
        return deferrer.defer(**ids)
    except ConnectorException as error:
        # The driver's own error says more, and the session's other users know it.
        raise error.__cause__ or error from None
