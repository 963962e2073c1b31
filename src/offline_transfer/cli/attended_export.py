"""An export as the command that wants it watches over it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from offline_transfer.cli.live import LiveTable
from offline_transfer.exporting import control, find, progress
from offline_transfer.transfers.states import OPEN_EXPORT
from offline_transfer.types import Edition


@dataclass(frozen=True, slots=True)
class AttendedExport:
    """One export."""

    id: int
    edition: Edition

    def is_open(self, session: Session) -> bool:
        """Whether it has not ended."""
        return find.state_of(session, self.id) in OPEN_EXPORT

    def cancel(self, session: Session) -> None:
        """End it early. Raises ExportEndedError."""
        control.cancel(session, self.id)

    def draw(self, session: Session, table: LiveTable, seen: str) -> str:
        """Show its relations and sums."""
        totals = progress.totals(session, self.id, edition=self.edition)
        if totals.etag != seen:
            table.show(totals, progress.relations(session, self.id))
        return totals.etag
