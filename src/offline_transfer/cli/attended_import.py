"""An import as the command that wants it watches over it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from offline_transfer.cli.live import LiveTable
from offline_transfer.importing import control, progress
from offline_transfer.transfers.models import BulkImport
from offline_transfer.transfers.states import OPEN_IMPORT


@dataclass(frozen=True, slots=True)
class AttendedImport:
    """One import."""

    id: int

    def is_open(self, session: Session) -> bool:
        """Whether it has not ended."""
        return session.get_one(BulkImport, self.id).status in OPEN_IMPORT

    def cancel(self, session: Session) -> None:
        """End it early. Raises ImportEndedError."""
        control.cancel(session, self.id)

    def draw(self, session: Session, table: LiveTable, seen: str) -> str:
        """Show its relations and sums."""
        totals = progress.totals(session, self.id)
        if totals.etag != seen:
            table.show(totals, progress.relations(session, self.id))
        return totals.etag
