"""What people are told by mail when an import has ended."""

from contextlib import closing
from itertools import islice
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer import mail
from offline_transfer.db import Database
from offline_transfer.importing import names, result
from offline_transfer.settings import Settings
from offline_transfer.transfers import telling
from offline_transfer.transfers.models import BulkImport, ImportEntity, OfflineConfiguration
from offline_transfer.transfers.states import EntityState, ImportState
from offline_transfer.transfers.telling import FAILURES_SHOWN, Letter, Telling

DESTINATIONS_SHOWN: Final = 5

_REPORT: Final = "Look into the report: GET {path}/report, or `offline-transfer report {id}` where the instance is."
_AGAIN: Final = "Correct what failed, and have that alone imported again: POST {path}/retry."
_BACK: Final = (
    "Or have everything removed that this import has made: POST {path}/rollback, or `offline-transfer rollback {id}`."
)

COMPLETE: Final = Telling(
    heading="Offline import complete",
    opening="The import is complete: everything that was asked for has come.",
    steps=(_REPORT,),
)
WITH_FAILURES: Final = Telling(
    heading="Offline import complete with failures",
    opening="The import has ended, but not everything has come.",
    steps=(_REPORT, _AGAIN, _BACK),
)
FAILED: Final = Telling(
    heading="Offline import failed",
    opening="The import failed. What it had made until then is there, and is not whole.",
    steps=(_REPORT, _AGAIN, _BACK),
)
TIMEOUT: Final = Telling(
    heading="Offline import timed out",
    opening="The import was ended because it did not get on any more. What it had made until then is there, and is not whole.",
    steps=(_REPORT, "See whether workers run, and have the rest imported: POST {path}/retry.", _BACK),
)


def send_mail(database: Database, settings: Settings, bulk_import_id: int) -> None:
    """Tell the user of an import how it has ended, as `telling.tell` does it."""
    telling.tell(database, settings, names.MAIL, (BulkImport, bulk_import_id), _letter)


def _telling(bulk_import: BulkImport) -> Telling | None:
    """How this end is told; None for one that is none yet, or that the user has asked for."""
    if bulk_import.status is ImportState.finished:
        return WITH_FAILURES if bulk_import.has_failures else COMPLETE
    return {ImportState.failed: FAILED, ImportState.timeout: TIMEOUT}.get(bulk_import.status)


def _letter(session: Session, bulk_import: BulkImport) -> Letter | None:
    how = _telling(bulk_import)
    if how is None:
        return None
    path = f"/api/v4/bulk_imports/{bulk_import.id}"
    with closing(result.failures(session, bulk_import.id)) as failures:
        shown = [
            (telling.cell(item["entity"]), telling.cell(item["path"]), telling.cell(item["message"]))
            for item in islice(failures, FAILURES_SHOWN)
        ]
    return Letter(
        id=f"bulk-import-{bulk_import.id}",
        telling=how,
        said={"path": path, "id": str(bulk_import.id)},
        facts=[*_facts(session, bulk_import), *_came(session, bulk_import)],
        failures=shown,
        more=result.failures_count(session, bulk_import.id) - len(shown),
        all_at=f"GET {path}/report",
    )


def _facts(session: Session, bulk_import: BulkImport) -> list[tuple[str, str]]:
    facts = [
        ("Import", str(bulk_import.id)),
        ("Started", mail.moment(bulk_import.started_at or bulk_import.created_at)),
        ("Ended", mail.moment(telling.end_of(bulk_import))),
        ("Source", bulk_import.source_hostname or ""),
    ]
    configuration = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.bulk_import_id == bulk_import.id)
    ).one_or_none()
    if configuration is not None:
        facts += [("Archive", configuration.export_prefix), ("Read from", configuration.location)]
    return [*facts, ("Reason", telling.cell(bulk_import.error))] if bulk_import.error else facts


def _came(session: Session, bulk_import: BulkImport) -> list[tuple[str, str]]:
    """What came, and where it went."""
    of_import = ImportEntity.bulk_import_id == bulk_import.id
    by_state = select(ImportEntity.status, func.count()).where(of_import).group_by(ImportEntity.status)
    states = {row[0]: row[1] for row in session.execute(by_state)}
    tops = of_import, ImportEntity.parent_id.is_(None)
    shown = session.scalars(select(ImportEntity).where(*tops).order_by(ImportEntity.id).limit(DESTINATIONS_SHOWN)).all()
    others = (session.scalar(select(func.count()).select_from(ImportEntity).where(*tops)) or 0) - len(shown)
    places = ", ".join(result.destination_of(entity) for entity in shown)
    records = result.totals(session, bulk_import.id)
    return [
        ("Imported to", f"{telling.cell(places)}{f' and {others:,} more' if others else ''}"),
        ("Groups and projects", f"{states.get(EntityState.finished, 0):,} of {sum(states.values()):,}"),
        (
            "Records and files",
            f"{records.imported:,} of {records.source:,}; left out on purpose: {records.skipped:,}; failed: {records.failed:,}",
        ),
    ]
