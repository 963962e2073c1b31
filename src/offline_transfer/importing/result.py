"""What an import says of itself: per entity and relation path what became of the records, and what was dropped."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.orm import Session

from offline_transfer.importing import references_pipeline
from offline_transfer.importing.errors import ImportCanceledError, ImportFailedError, LoadFailedError
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import NOT_FETCHED, fetched
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import EntityState, ImportState, SourceType, TrackerState
from offline_transfer.types import JsonObject

BATCHES_NAMED: Final = 10
ROWS_AT_ONCE: Final = 500
"""How many rows are held while they are told: never all of them."""

_NOT_FETCHED: Final = "".join(f" - coalesce((reasons->>'{reason}')::bigint, 0)" for reason in NOT_FETCHED)
_TOTALS: Final = text(
    f"SELECT coalesce(sum(source), 0), coalesce(sum(source{_NOT_FETCHED}), 0), coalesce(sum(imported), 0),"  # noqa: S608 - our names
    " coalesce(sum(skipped), 0), coalesce(sum(failed), 0), coalesce(bool_and(source = imported + skipped + failed), true)"
    " FROM bulk_import_entities JOIN bulk_import_trackers ON bulk_import_entity_id = bulk_import_entities.id"
    " JOIN bulk_import_batch_trackers ON tracker_id = bulk_import_trackers.id, jsonb_each(accounting->'paths') AS path,"
    " jsonb_to_record(path.value) AS counts(source bigint, imported bigint, skipped bigint, failed bigint, reasons jsonb)"
    " WHERE bulk_import_id = :id"
)

_REWRITTEN: Final = text(
    "SELECT coalesce(sum((accounting->>:count)::bigint), 0) FROM bulk_import_entities"
    " JOIN bulk_import_trackers ON bulk_import_entity_id = bulk_import_entities.id"
    " JOIN bulk_import_batch_trackers ON tracker_id = bulk_import_trackers.id"
    " WHERE bulk_import_id = :id AND relation = :relation"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of all records of an import."""

    source: int
    fetched: int
    imported: int
    skipped: int
    failed: int
    adds_up: bool
    """Whether every record of every path is accounted for."""


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one relation path of one entity."""

    entity: str
    path: str
    source: int
    imported: int
    skipped: int
    failed: int
    reasons: dict[str, int]

    @property
    def fetched(self) -> int:
        """How many could be read in the archive."""
        return fetched(self.source, self.reasons)

    @property
    def adds_up(self) -> bool:
        """Whether every record is accounted for."""
        return self.source == self.imported + self.skipped + self.failed

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "entity": self.entity,
            "path": self.path,
            "source": self.source,
            "imported": self.imported,
            "skipped": self.skipped,
            "failed": self.failed,
            "reasons": dict(self.reasons),
        }


def rows(session: Session, bulk_import_id: int) -> Iterator[Row]:
    """Every path that occurs, entity by entity in the order in which they were taken on."""
    for entity in entities(session, bulk_import_id):
        accounting = ledger.accountings(session, entity.id)
        for path, count in accounting.paths.items():
            reasons = {str(reason): number for reason, number in sorted(count.reasons.items())}
            yield Row(entity.source_full_path, path, count.source, count.imported, count.skipped, count.failed, reasons)


def dropped(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Attributes that were not taken over, by entity, path, name and reason."""
    for entity in entities(session, bulk_import_id):
        for (path, name, reason), count in sorted(ledger.accountings(session, entity.id).dropped.items()):
            yield {
                "entity": entity.source_full_path,
                "path": path,
                "name": name,
                "reason": reason,
                "count": count,
            }


def failures(session: Session, bulk_import_id: int) -> Generator[JsonObject]:
    """Every record, object and entity that failed, with the reason. To be closed by who does not want all of them."""
    with closing(entities(session, bulk_import_id)) as found:
        for entity in found:
            if entity.error is not None:
                yield _failure(entity, "self", entity.error)
            yield from _failures_of(session, entity)


def _failures_of(session: Session, entity: ImportEntity) -> Generator[JsonObject]:
    statement = select(ImportFailure).where(ImportFailure.bulk_import_entity_id == entity.id).order_by(ImportFailure.id)
    with closing(session.scalars(statement.execution_options(yield_per=ROWS_AT_ONCE))) as found:
        for failure in found:
            yield _failure(entity, failure.subrelation, failure.exception_message) | {
                "reason": failure.exception_class,
                "batch": failure.batch_number,
                "line": failure.line_index,
                "record": failure.source_title,
            }


def gaps(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Relations that the archive does not hold at all, and batches that it lacks between others."""
    for entity in entities(session, bulk_import_id):
        trackers = session.execute(
            select(Tracker.relation, Tracker.error, Tracker.status, func.array_agg(BatchTracker.batch_number))
            .outerjoin(BatchTracker, BatchTracker.tracker_id == Tracker.id)
            .where(Tracker.bulk_import_entity_id == entity.id, Tracker.relation != references_pipeline.RELATION)
            .group_by(Tracker.id)
            .having(
                or_(
                    Tracker.status == TrackerState.skipped,
                    func.max(BatchTracker.batch_number) > func.count(BatchTracker.id),
                )
            )
            .order_by(Tracker.id)
        )
        for relation, error, status, batches in trackers:
            reason = error if status is TrackerState.skipped else _missing(batches)
            yield {"entity": entity.source_full_path, "relation": relation, "reason": reason}


def _missing(batches: Sequence[int]) -> str:
    """Which batches are not there."""
    last = max(batches)
    there = frozenset(batches)
    missing = list(islice((number for number in range(1, last) if number not in there), BATCHES_NAMED + 1))
    named = ", ".join(map(str, missing[:BATCHES_NAMED])) + (" and more" if len(missing) > BATCHES_NAMED else "")
    return f"of its batches 1 to {last} the archive lacks {named}"


def destinations(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Where each entity went, and how it ended."""
    return map(destination, entities(session, bulk_import_id))


def destination(entity: ImportEntity) -> JsonObject:
    """Where an entity went, and how it ended."""
    return {
        "entity": entity.source_full_path,
        "destination": destination_of(entity),
        "status": entity.status.name,
        "error": entity.error,
    }


def is_clean(session: Session, bulk_import_id: int) -> bool:
    """Whether everything that should come has come."""
    bulk_import = session.get_one(BulkImport, bulk_import_id)
    of_import = ImportEntity.bulk_import_id == bulk_import_id
    is_open = session.scalar(select(exists().where(of_import, ImportEntity.status != EntityState.finished)))
    return bulk_import.status is ImportState.finished and not bulk_import.has_failures and not is_open


def require_brought(session: Session, bulk_import_id: int) -> None:
    """Raise ImportFailedError, LoadFailedError or ImportCanceledError when an import ended and is not finished."""
    bulk_import = session.get_one(BulkImport, bulk_import_id)
    if bulk_import.status is ImportState.finished:
        return
    if bulk_import.status is ImportState.canceled:
        raise ImportCanceledError(id=bulk_import_id)
    reason = bulk_import.error or _first_error(session, bulk_import_id) or f"it is {bulk_import.status.name}"
    is_load = bulk_import.source_type is SourceType.file_export
    failed = LoadFailedError if is_load else ImportFailedError
    raise failed(id=bulk_import_id, reason=f"{reason.rstrip('.')}.")


def _first_error(session: Session, bulk_import_id: int) -> str | None:
    """Why the first entity failed: what lies in it failed with it."""
    of_import = ImportEntity.bulk_import_id == bulk_import_id, ImportEntity.error.is_not(None)
    return session.scalar(select(ImportEntity.error).where(*of_import).order_by(ImportEntity.id).limit(1))


def totals(session: Session, bulk_import_id: int) -> Totals:
    """The sums over all paths of all entities."""
    source, fetched, imported, skipped, failed, adds_up = session.execute(_TOTALS, {"id": bulk_import_id}).one()
    return Totals(int(source), int(fetched), int(imported), int(skipped), int(failed), adds_up)


def rewritten(session: Session, bulk_import_id: int) -> int:
    """How many texts were rewritten since they point to what came along."""
    given = {"id": bulk_import_id, "relation": references_pipeline.RELATION, "count": references_pipeline.REWRITTEN}
    return int(session.scalar(_REWRITTEN, given) or 0)


def failures_count(session: Session, bulk_import_id: int) -> int:
    """How many `failures` gives."""
    of_import = ImportEntity.bulk_import_id == bulk_import_id
    records = select(func.count(ImportFailure.id)).join(ImportEntity).where(of_import)
    entities = select(func.count(ImportEntity.id)).where(of_import, ImportEntity.error.is_not(None))
    return (session.scalar(records) or 0) + (session.scalar(entities) or 0)


def entities(session: Session, bulk_import_id: int) -> Generator[ImportEntity]:
    """The entities of an import in the order in which they were taken on."""
    statement = select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id).order_by(ImportEntity.id)
    with closing(session.scalars(statement.execution_options(yield_per=ROWS_AT_ONCE))) as found:
        yield from found


def destination_of(entity: ImportEntity) -> str:
    """The full path at which an entity is put."""
    return f"{entity.destination_namespace}/{entity.destination_name}".lstrip("/")


def _failure(entity: ImportEntity, path: str, message: str) -> JsonObject:
    return {"entity": entity.source_full_path, "path": path, "message": message}
