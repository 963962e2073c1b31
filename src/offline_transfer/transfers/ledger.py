"""The rows that say what an import has done: read and written inside the transaction of the work itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import orjson
import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from offline_transfer.transfers.accounting import Accounting, from_json
from offline_transfer.transfers.models import ERROR_CHARACTERS, BatchTracker, ImportFailure, Tracker
from offline_transfer.transfers.states import TrackerState, step


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
    """One batch of one pipeline of one entity, by ids."""

    entity_id: int
    tracker_id: int
    batch_id: int
    number: int
    pipeline: str
    retried_lines: frozenset[int] | None = None
    """Where only some lines are tried again, their numbers from 0."""


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


def begin_batch(connection: psycopg.Connection, batch: BatchRef) -> Accounting | None:
    """Takes the batch for this transaction. Gives its accounting when it was ended before, None when it is to be done."""
    row = connection.execute(
        "SELECT status, accounting FROM bulk_import_batch_trackers WHERE id = %s FOR UPDATE", [batch.batch_id]
    ).fetchone()
    assert row is not None
    state = TrackerState(row[0])
    if state in (TrackerState.finished, TrackerState.failed):
        return from_json([row[1]])
    step(state, TrackerState.started)
    connection.execute(
        "UPDATE bulk_import_batch_trackers SET status = %s WHERE id = %s", [TrackerState.started.value, batch.batch_id]
    )
    connection.execute(
        "DELETE FROM bulk_import_failures WHERE tracker_id = %s AND batch_number = %s", [batch.tracker_id, batch.number]
    )
    return None


def finish_batch(connection: psycopg.Connection, batch: BatchRef, accounting: Accounting) -> None:
    """Marks the batch as done, with what became of its records."""
    connection.execute(
        "UPDATE bulk_import_batch_trackers SET status = %s, accounting = %s, updated_at = now() WHERE id = %s",
        [TrackerState.finished.value, Jsonb(accounting.to_json(), dumps=orjson.dumps), batch.batch_id],
    )


def fail_batch(connection: psycopg.Connection, batch: BatchRef, accounting: Accounting, message: str) -> None:
    """Marks the batch as failed as a whole."""
    connection.execute(
        "UPDATE bulk_import_batch_trackers SET status = %s, accounting = %s, error = %s, updated_at = now() WHERE id = %s",
        [
            TrackerState.failed.value,
            Jsonb(accounting.to_json(), dumps=orjson.dumps),
            message[:ERROR_CHARACTERS],
            batch.batch_id,
        ],
    )


def has_failures(session: Session, entity_id: int) -> bool:
    """Whether any record of an entity failed."""
    return session.scalar(select(exists().where(ImportFailure.bulk_import_entity_id == entity_id))) is True


def accountings(session: Session, entity_id: int) -> Accounting:
    """What became of all records of an entity so far."""
    rows = session.scalars(
        select(BatchTracker.accounting)
        .join(Tracker, Tracker.id == BatchTracker.tracker_id)
        .where(Tracker.bulk_import_entity_id == entity_id)
        .order_by(Tracker.stage, Tracker.id, BatchTracker.batch_number)
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
        )
        for failure in failures
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO bulk_import_failures (bulk_import_entity_id, tracker_id, pipeline_class, pipeline_step,"
            " exception_class, exception_message, subrelation, batch_number, line_index, source_title)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
