"""What an import says of itself: per entity and relation path what became of the records, and what was dropped."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.transfers import ledger
from offline_transfer.transfers.models import BulkImport, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import EntityState, ImportState, TrackerState
from offline_transfer.types import JsonObject


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
    for entity in _entities(session, bulk_import_id):
        accounting = ledger.accountings(session, entity.id)
        for path, count in accounting.paths.items():
            reasons = {str(reason): number for reason, number in sorted(count.reasons.items())}
            yield Row(entity.source_full_path, path, count.source, count.imported, count.skipped, count.failed, reasons)


def dropped(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Attributes that were not taken over, by entity, path, name and reason."""
    for entity in _entities(session, bulk_import_id):
        for (path, name, reason), count in sorted(ledger.accountings(session, entity.id).dropped.items()):
            yield {
                "entity": entity.source_full_path,
                "path": path,
                "name": name,
                "reason": reason,
                "count": count,
            }


def failures(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Every record, object and entity that failed, with the reason."""
    for entity in _entities(session, bulk_import_id):
        if entity.error is not None:
            yield _failure(entity, "self", entity.error)
        found = session.scalars(
            select(ImportFailure)
            .where(ImportFailure.bulk_import_entity_id == entity.id)
            .order_by(ImportFailure.id)
            .execution_options(yield_per=500)
        )
        for failure in found:
            yield _failure(entity, failure.subrelation, failure.exception_message) | {
                "reason": failure.exception_class,
                "batch": failure.batch_number,
                "line": failure.line_index,
                "record": failure.source_title,
            }


def gaps(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Relations that the archive does not hold at all."""
    for entity in _entities(session, bulk_import_id):
        trackers = session.scalars(
            select(Tracker)
            .where(Tracker.bulk_import_entity_id == entity.id, Tracker.status == TrackerState.skipped)
            .order_by(Tracker.id)
        )
        for tracker in trackers:
            yield {"entity": entity.source_full_path, "relation": tracker.relation, "reason": tracker.error}


def destinations(session: Session, bulk_import_id: int) -> Iterator[JsonObject]:
    """Where each entity went, and how it ended."""
    for entity in _entities(session, bulk_import_id):
        yield {
            "entity": entity.source_full_path,
            "destination": f"{entity.destination_namespace}/{entity.destination_name}".lstrip("/"),
            "status": entity.status.name,
            "error": entity.error,
        }


def is_clean(session: Session, bulk_import_id: int) -> bool:
    """Whether everything that should come has come."""
    bulk_import = session.get_one(BulkImport, bulk_import_id)
    ended = all(entity.status is EntityState.finished for entity in _entities(session, bulk_import_id))
    return bulk_import.status is ImportState.finished and not bulk_import.has_failures and ended


def _entities(session: Session, bulk_import_id: int) -> list[ImportEntity]:
    return list(
        session.scalars(
            select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id).order_by(ImportEntity.id)
        )
    )


def _failure(entity: ImportEntity, path: str, message: str) -> JsonObject:
    return {"entity": entity.source_full_path, "path": path, "message": message}
