"""What a report says, section by section. Each section but the first is read while it is written out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from offline_transfer import __version__
from offline_transfer.archive.metadata import INSTANCE_VERSION
from offline_transfer.forge.enums import UserType
from offline_transfer.importing import result
from offline_transfer.importing.errors import ImportNotFoundError
from offline_transfer.transfers.models import BulkImport, OfflineConfiguration
from offline_transfer.types import JsonObject

FORMAT: Final = 1
"""Grows when a key or a column changes its meaning or goes."""

_STANDING_IN: Final = text(
    "SELECT count(*) FROM import_source_users"
    " JOIN users ON users.id = placeholder_user_id JOIN bulk_imports ON bulk_imports.id = :id"
    " WHERE import_source_users.source_hostname = bulk_imports.source_hostname"
    " AND users.user_type = :user_type AND import_source_users.namespace_id IN ("
    " SELECT routes.namespace_id FROM bulk_import_entities JOIN routes ON lower(routes.path) = split_part("
    "lower(CASE destination_namespace WHEN '' THEN destination_name ELSE destination_namespace END), '/', 1)"
    " WHERE bulk_import_id = :id AND routes.namespace_id IS NOT NULL)"
)
"""Users of the source who are known in the top-level groups of an import, and for whom a user of this kind stands."""


@dataclass(frozen=True, slots=True)
class Sections:
    """The report of one import, in the session's transaction."""

    session: Session
    bulk_import_id: int
    head: JsonObject
    """The import as a whole: small."""

    def entities(self) -> Iterator[JsonObject]:
        """Groups and projects: where they went, how they ended, why if they did not finish, and why a rollback left them."""
        for entity in result.entities(self.session, self.bulk_import_id):
            yield {**result.destination(entity), "kept": entity.kept}

    def relations(self) -> Iterator[JsonObject]:
        """Source against destination: the counts of every path of every entity."""
        for row in result.rows(self.session, self.bulk_import_id):
            yield {**row.to_json(), "fetched": row.fetched, "adds_up": row.adds_up}

    def failures(self) -> Iterator[JsonObject]:
        """Every record, object and entity that failed."""
        return result.failures(self.session, self.bulk_import_id)

    def gaps(self) -> Iterator[JsonObject]:
        """Relations of which the archive holds nothing."""
        return result.gaps(self.session, self.bulk_import_id)

    def dropped(self) -> Iterator[JsonObject]:
        """Attributes that were not taken over."""
        return result.dropped(self.session, self.bulk_import_id)

    def unchecked(self) -> Iterator[JsonObject]:
        """What nobody could check of the archive."""
        found = self.head["unchecked"]
        assert isinstance(found, list)
        for item in found:
            assert isinstance(item, dict)
            yield item


def sections(session: Session, bulk_import_id: int) -> Sections:
    """The report of an import. Raises ImportNotFoundError."""
    bulk_import = session.get(BulkImport, bulk_import_id)
    if bulk_import is None:
        raise ImportNotFoundError(id=bulk_import_id)
    return Sections(session, bulk_import_id, _head(session, bulk_import))


def _head(session: Session, bulk_import: BulkImport) -> JsonObject:
    archive = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.bulk_import_id == bulk_import.id)
    ).one_or_none()
    totals = result.totals(session, bulk_import.id)
    return {
        "report_format": FORMAT,
        "import": bulk_import.id,
        "status": bulk_import.status.name,
        "has_failures": bulk_import.has_failures,
        "error": bulk_import.error,
        "source_type": bulk_import.source_type.name,
        "source_hostname": bulk_import.source_hostname,
        "source_version": bulk_import.source_version,
        "destination_version": INSTANCE_VERSION,
        "program_version": __version__,
        "export_prefix": None if archive is None else archive.export_prefix,
        "location": None if archive is None else archive.location,
        "origin": bulk_import.origin,
        "signed_by": bulk_import.signed_by,
        "created_at": _moment(bulk_import.created_at),
        "started_at": _moment(bulk_import.started_at),
        "ended_at": _moment(bulk_import.ended_at),
        "duration_seconds": _seconds(bulk_import.started_at, bulk_import.ended_at),
        "rolled_back_at": _moment(bulk_import.rolled_back_at),
        "source": totals.source,
        "fetched": totals.fetched,
        "imported": totals.imported,
        "skipped": totals.skipped,
        "failed": totals.failed,
        "adds_up": totals.adds_up,
        "rewritten_texts": result.rewritten(session, bulk_import.id),
        "failures_count": result.failures_count(session, bulk_import.id),
        "placeholders": _standing_in(session, bulk_import, UserType.placeholder),
        "import_user_contributors": _standing_in(session, bulk_import, UserType.import_user),
        "unchecked": list(bulk_import.unchecked),
    }


def _standing_in(session: Session, bulk_import: BulkImport, user_type: UserType) -> int:
    return int(session.execute(_STANDING_IN, {"id": bulk_import.id, "user_type": user_type.value}).scalar_one())


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)
