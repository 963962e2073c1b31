"""The rows that say what an import has done: read and written inside the transaction of the work itself."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, LiteralString, Protocol

import orjson
import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from offline_transfer.db import standstill
from offline_transfer.errors import DatabaseError
from offline_transfer.transfers.accounting import Accounting, from_json
from offline_transfer.transfers.failures import ERROR_CHARACTERS
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.models import BatchTracker, ImportFailure, Tracker
from offline_transfer.transfers.states import OPEN_TRACKER, JobState, TrackerState, step

BATCHES_AT_ONCE: Final = 100
"""How many accountings are held while they are summed up: a large relation has thousands."""

_LOCKS: Final = 0x4F54 << 48
"""Where the advisory locks of batches lie, so that they are no others'."""

_END_SECONDS: Final = 30.0
_END_MILLISECONDS: Final = 5000


class BatchHeldError(DatabaseError):
    """Another connection has held batch {number} of {relation} for {seconds:g} s, and PostgreSQL would not end it. Look for it in
    `pg_stat_activity`.
    """

    retryable = True


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at a job of an import; contested when an earlier one may live."""

    job_id: int
    attempt: int
    bulk_import_id: int
    is_contested: bool


class PipelineStep(StrEnum):
    """A step of a pipeline, as failures name it."""

    EXTRACTOR = "extractor"
    TRANSFORMER = "transformer"
    LOADER = "loader"


def pipeline_class(relation: str) -> str:
    """What failures call the pipeline of a relation, after GitLab's rule: `MergeRequestsPipeline`."""
    return "".join(word.capitalize() for word in relation.split("_")) + "Pipeline"


@dataclass(frozen=True, slots=True)
class BatchRef:
    """One batch of one pipeline of one entity, by ids, and who does it; None is whoever has it to himself."""

    entity_id: int
    tracker_id: int
    batch_id: int
    number: int
    pipeline: str
    retried_lines: Mapping[int, Mapping[str, int]] | None = None
    """Where only some lines are tried again, their numbers from 0, and how many records were nested in each by path."""
    claim: Claim | None = None


class FailedRecord(Protocol):
    """What the ledger wants to know of a failed record."""

    @property
    def path(self) -> str:
        """The relation path."""

    @property
    def line_index(self) -> int | None:
        """The line in the object, from 0."""

    @property
    def reason(self) -> str:
        """The reason, from the closed list."""

    @property
    def message(self) -> str:
        """What was objected to."""

    @property
    def title(self) -> str | None:
        """What the record of the first level is called."""

    @property
    def step(self) -> str:
        """The step of the pipeline in which it failed."""

    @property
    def accounting(self) -> Accounting | None:
        """Of a record of the first level: what was counted of its line."""


def hold(connection: psycopg.Connection, claim: Claim | None) -> None:
    """Raise WorkWithdrawnError unless an attempt is the latest at its job, and its import still runs.

    The row of the job stays locked until the transaction ends: neither a later attempt nor the end of the import comes before that.
    So it ends soon: PostgreSQL sees to that if its process stands still, see `db.lock_briefly`.
    """
    if claim is None:
        return
    held = connection.execute(
        "SELECT set_config('idle_in_transaction_session_timeout', %s, true) FROM bulk_import_jobs"
        " WHERE id = %s AND attempts = %s AND status = %s FOR SHARE",
        [standstill(), claim.job_id, claim.attempt, JobState.released.value],
    )
    if held.fetchone() is None:
        raise WorkWithdrawnError


def begin_batch(connection: psycopg.Connection, batch: BatchRef) -> Accounting | None:
    """Takes the batch for this transaction. Gives its accounting when it was ended before, None when it is to be done.

    The transaction of an earlier attempt, which may stand still for hours, is ended. Raises WorkWithdrawnError, BatchHeldError.
    """
    _take(connection, batch)
    row = connection.execute(
        "SELECT status, accounting FROM bulk_import_batch_trackers WHERE id = %s", [batch.batch_id]
    ).fetchone()
    assert row is not None
    if TrackerState(row[0]) not in OPEN_TRACKER:
        return from_json([row[1]])
    if batch.retried_lines is None:
        connection.execute(
            "DELETE FROM bulk_import_failures WHERE tracker_id = %s AND batch_number = %s",
            [batch.tracker_id, batch.number],
        )
    return None


def finish_batch(connection: psycopg.Connection, batch: BatchRef, accounting: Accounting) -> None:
    """Marks the batch as done, with what became of its records. Raises WorkWithdrawnError when it is another's by now."""
    if batch.retried_lines is not None:
        # Its other lines are counted already; those that are tried again were taken out.
        found = connection.execute(
            "SELECT accounting FROM bulk_import_batch_trackers WHERE id = %s", [batch.batch_id]
        ).fetchone()
        assert found is not None
        before = from_json([found[0]])
        before.add(accounting)
        accounting = before
    _end_batch(connection, batch, TrackerState.finished, accounting, None)


def fail_batch(connection: psycopg.Connection, batch: BatchRef, accounting: Accounting, message: str) -> None:
    """Marks the batch as failed as a whole. Raises WorkWithdrawnError when it is another's by now."""
    _end_batch(connection, batch, TrackerState.failed, accounting, message[:ERROR_CHARACTERS])


def _end_batch(
    connection: psycopg.Connection, batch: BatchRef, state: TrackerState, accounting: Accounting, error: str | None
) -> None:
    # The job before the batch, as whoever ends the whole import does it.
    hold(connection, batch.claim)
    ended = connection.execute(
        "UPDATE bulk_import_batch_trackers SET status = %s, accounting = %s, error = %s, retried_lines = NULL, updated_at = now()"
        " WHERE id = %s AND status = ANY(%s)",
        [
            step(TrackerState.started, state).value,
            Jsonb(accounting.to_json(), dumps=orjson.dumps),
            error,
            batch.batch_id,
            [open_state.value for open_state in OPEN_TRACKER],
        ],
    )
    if ended.rowcount == 0:
        raise WorkWithdrawnError


def _take(connection: psycopg.Connection, batch: BatchRef) -> None:
    """Lock the batch, which no row lock does: who cancels an import must not wait for its batches."""
    key = _LOCKS | batch.batch_id
    if batch.claim is None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        return
    deadline = time.monotonic() + _END_SECONDS
    while not _one(connection, "SELECT pg_try_advisory_xact_lock(%s)", [key]):
        if not _is_held(connection, batch.claim):
            raise WorkWithdrawnError
        if time.monotonic() > deadline:
            raise BatchHeldError(number=batch.number, relation=batch.pipeline, seconds=_END_SECONDS)
        connection.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) | objid::bigint = %s",
            [_END_MILLISECONDS, key],
        )


def _is_held(connection: psycopg.Connection, claim: Claim) -> bool:
    held = connection.execute(
        "SELECT FROM bulk_import_jobs WHERE id = %s AND attempts = %s AND status = %s",
        [claim.job_id, claim.attempt, JobState.released.value],
    )
    return held.fetchone() is not None


def _one(connection: psycopg.Connection, statement: LiteralString, values: Sequence[object]) -> bool:
    row = connection.execute(statement, values).fetchone()
    return row is not None and bool(row[0])


def has_failures(session: Session, entity_id: int) -> bool:
    """Whether any record of an entity failed. Of more failures than are kept the counts alone know."""
    if session.scalar(select(exists().where(ImportFailure.bulk_import_entity_id == entity_id))):
        return True
    return any(count.failed for count in accountings(session, entity_id).paths.values())


def accountings(session: Session, entity_id: int) -> Accounting:
    """What became of all records of an entity so far."""
    rows = session.scalars(
        select(BatchTracker.accounting)
        .join(Tracker, Tracker.id == BatchTracker.tracker_id)
        .where(Tracker.bulk_import_entity_id == entity_id)
        .order_by(Tracker.stage, Tracker.id, BatchTracker.batch_number)
        .execution_options(yield_per=BATCHES_AT_ONCE)
    )
    return from_json(rows)


def note_failures(connection: psycopg.Connection, batch: BatchRef, failures: Iterable[FailedRecord]) -> None:
    """Keeps the records that failed, one row each."""
    rows: Sequence[Sequence[object]] = [
        (
            batch.entity_id,
            batch.tracker_id,
            pipeline_class(batch.pipeline),
            str(failure.step),
            str(failure.reason),
            failure.message[:ERROR_CHARACTERS],
            failure.path,
            batch.number,
            failure.line_index,
            None if failure.title is None else failure.title[:ERROR_CHARACTERS],
            None if failure.accounting is None else Jsonb(failure.accounting.to_json(), dumps=orjson.dumps),
        )
        for failure in failures
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO bulk_import_failures (bulk_import_entity_id, tracker_id, pipeline_class, pipeline_step,"
            " exception_class, exception_message, subrelation, batch_number, line_index, source_title,"
            " accounting) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
