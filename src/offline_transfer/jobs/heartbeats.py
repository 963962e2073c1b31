"""Who lives: each worker says so from time to time, and whoever is not heard of is taken for dead (`stalled.py`).

While the database is away nobody is heard of, although nobody has died. Whoever reaches it first afterwards gives all others their
time anew: a worker is judged only by a silence during which another one was heard.
"""

import os
import socket
from collections.abc import Sequence
from typing import Final

import psutil
from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer.db import Database, lock_briefly
from offline_transfer.jobs.errors import WorkerGivenUpError

_ALL_SILENT: Final = 0.75
"""After this part of the time after which a worker is taken for dead: what is left is enough for all to be heard again."""

_FORGIVE: Final = text(
    """
    UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id IN (
        SELECT id FROM procrastinate_workers
        WHERE (SELECT max(last_heartbeat) FROM procrastinate_workers) < now() - make_interval(secs => :seconds)
        ORDER BY id FOR UPDATE
    )
    """
)
_BEAT: Final = text(
    """
    WITH beat AS (
        UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :worker_id RETURNING id
    )
    INSERT INTO job_workers (worker_id, host, pid, queues, memory_bytes)
    SELECT id, :host, :pid, :queues, :memory_bytes FROM beat
    ON CONFLICT (worker_id) DO UPDATE SET memory_bytes = excluded.memory_bytes
    RETURNING worker_id
    """
)


def beat(database: Database, worker_id: int, *, queues: Sequence[str], stalled_seconds: float) -> None:
    """Say that this worker lives, and what it is. Raises WorkerGivenUpError when it was taken for dead."""
    with database.session() as session:
        lock_briefly(session)
        forgive_silence_of_all(session, stalled_seconds)
        values = {
            "worker_id": worker_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": list(queues),
            "memory_bytes": psutil.Process().memory_info().rss,
        }
        if session.execute(_BEAT, values).first() is None:
            raise WorkerGivenUpError


def forgive_silence_of_all(session: Session, stalled_seconds: float) -> None:
    """Let the silence of all workers begin now, if none was heard of for a while."""
    session.execute(_FORGIVE, {"seconds": stalled_seconds * _ALL_SILENT})
