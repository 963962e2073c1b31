"""What people are told by mail when an export has ended."""

from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer import mail
from offline_transfer.db import Database
from offline_transfer.exporting import names, result
from offline_transfer.settings import Settings
from offline_transfer.transfers import telling
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.states import ExportState
from offline_transfer.transfers.telling import FAILURES_SHOWN, Letter, Telling

COMPLETE: Final = Telling(
    heading="Offline export complete",
    opening="The export is complete: the archive has everything that was asked for.",
    steps=(
        "Carry the directory {prefix} to the destination as it is, and import it there.",
        "Delete it when nobody needs it any more: nothing else will.",
    ),
)
WITH_FAILURES: Final = Telling(
    heading="Offline export complete with failures",
    opening="The export has ended and there is an archive, but something is missing in it.",
    steps=(
        "Correct what failed, and have that alone exported again into the same archive: POST {path}/retry.",
        "Or carry the directory {prefix} to the destination without it. The archive names what it lacks.",
    ),
)
FAILED: Final = Telling(
    heading="Offline export failed",
    opening="The export failed. What it has written is no archive and cannot be imported.",
    steps=(
        "Correct what failed, and have the rest exported: POST {path}/retry.",
        "Or start a new export. Then the directory {prefix} can be deleted.",
    ),
)
TIMEOUT: Final = Telling(
    heading="Offline export timed out",
    opening="The export was ended because it did not get on any more. What it has written is no archive and cannot be imported.",
    steps=(
        "See whether workers run, and have the rest exported: POST {path}/retry.",
        "Or start a new export. Then the directory {prefix} can be deleted.",
    ),
)


def send_mail(database: Database, settings: Settings, offline_export_id: int) -> None:
    """Tell the user of an export how it has ended, as `telling.tell` does it."""
    telling.tell(database, settings, names.MAIL, (OfflineExport, offline_export_id), _letter)


def _telling(export: OfflineExport) -> Telling | None:
    """How this end is told; None for one that is none yet, or that the user has asked for."""
    if export.status is ExportState.finished:
        return WITH_FAILURES if export.has_failures else COMPLETE
    return {ExportState.failed: FAILED, ExportState.timeout: TIMEOUT}.get(export.status)


def _letter(session: Session, export: OfflineExport) -> Letter | None:
    how = _telling(export)
    if how is None:
        return None
    configuration = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == export.id)
    ).one()
    path = f"/api/v4/offline_exports/{export.id}"
    failures = result.failures(session, export.id)
    shown = [
        (telling.cell(item["entity"]), telling.cell(item["path"]), telling.cell(item["message"]))
        for item in islice(failures, FAILURES_SHOWN)
    ]
    return Letter(
        id=f"offline-export-{export.id}",
        telling=how,
        said={"prefix": configuration.export_prefix, "path": path},
        facts=_facts(export, configuration),
        failures=shown,
        more=sum(1 for _ in failures),
        all_at=f"GET {path}/relations",
    )


def _facts(export: OfflineExport, configuration: OfflineConfiguration) -> list[tuple[str, str]]:
    facts = [
        ("Export", str(export.id)),
        ("Started", mail.moment(export.started_at or export.created_at)),
        ("Ended", mail.moment(telling.end_of(export))),
        ("Source", configuration.source_hostname or ""),
        ("Export prefix", configuration.export_prefix),
        ("Stored in", configuration.location),
    ]
    return [*facts, ("Reason", telling.cell(export.error))] if export.error else facts
