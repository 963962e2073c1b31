"""Where to ask for a report."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer.db import Database
from offline_transfer.importing.report import as_csv, as_html, as_json
from offline_transfer.importing.report.contents import Sections, sections

BLOCK_BYTES: Final = 64 * 1024


class ReportFormat(StrEnum):
    """The forms that a report has."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final[Mapping[ReportFormat, str]] = {
    ReportFormat.JSON: "application/json",
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.HTML: "text/html; charset=utf-8",
}
_PIECES: Final[Mapping[ReportFormat, Callable[[Sections], Iterator[bytes]]]] = {
    ReportFormat.JSON: as_json.pieces,
    ReportFormat.CSV: as_csv.pieces,
    ReportFormat.HTML: as_html.pieces,
}


def file_name(bulk_import_id: int, form: ReportFormat) -> str:
    """What a file with a report is called; nothing in it comes from the archive."""
    return f"import-{bulk_import_id}-report.{form}"


def render(session: Session, bulk_import_id: int, form: ReportFormat) -> Iterator[bytes]:
    """A report in blocks, which read on in the session while they are taken. Raises ImportNotFoundError, at once."""
    return _blocks(_PIECES[form](sections(session, bulk_import_id)))


def stream(database: Database, bulk_import_id: int, form: ReportFormat) -> Iterator[bytes]:
    """The same in a transaction of its own, in which nothing moves, and which ends with the last block.

    Raises ImportNotFoundError, at once.
    """
    blocks = _in_transaction(database, bulk_import_id, form)
    # The first thing that it gives is that the import is there.
    next(blocks)
    return blocks


def _in_transaction(database: Database, bulk_import_id: int, form: ReportFormat) -> Iterator[bytes]:
    with database.session() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        blocks = render(session, bulk_import_id, form)
        yield b""
        yield from blocks


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces together, so that not every cell is a write of its own."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
