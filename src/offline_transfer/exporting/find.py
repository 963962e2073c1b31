"""Finds exports by what people know of them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.exporting.errors import PrefixNotFoundError
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.states import ExportState


def by_prefix(session: Session, export_prefix: str) -> int:
    """The id of the export that writes below this prefix, the latest of several. Raises PrefixNotFoundError."""
    found = session.scalar(
        select(OfflineConfiguration.offline_export_id)
        .where(OfflineConfiguration.export_prefix == export_prefix, OfflineConfiguration.offline_export_id.is_not(None))
        .order_by(OfflineConfiguration.offline_export_id.desc())
        .limit(1)
    )
    if found is None:
        raise PrefixNotFoundError(prefix=ascii(export_prefix[:200])[1:-1])
    return found


def state_of(session: Session, offline_export_id: int) -> ExportState:
    """How an export stands at this moment."""
    return session.scalars(select(OfflineExport.status).where(OfflineExport.id == offline_export_id)).one()


def given_paths(session: Session, offline_export_id: int) -> tuple[str, ...]:
    """The full paths that were named, as they were then."""
    entities = session.scalars(select(OfflineExport.entities).where(OfflineExport.id == offline_export_id)).one()
    return tuple(str(entity["full_path"]) for entity in entities)
