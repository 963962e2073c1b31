"""What people are told by mail when an export has ended.

A mail is sent, then the end that it tells of is written down. If that fails between the two, the mail is sent again: at least once,
and with the same Message-ID, so that it is one mail to programs that care. Two workers never send it at once.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from offline_transfer import mail
from offline_transfer.db import Database
from offline_transfer.exporting import result
from offline_transfer.forge.access import ACTIVE
from offline_transfer.forge.users import User
from offline_transfer.mail import Mail
from offline_transfer.settings import Settings
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.states import ExportState

FAILURES_SHOWN: Final = 20
LONGEST_CELL: Final = 300
LOCK: Final = "offline_export_mail"


@dataclass(frozen=True, slots=True)
class Telling:
    """How one kind of end is told. Braces are filled in."""

    heading: str
    opening: str
    steps: tuple[str, ...]


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
    """Tell the user of an export how it has ended, unless there is nobody to tell or it was told.

    Raises what `mail.send` raises.
    """
    with database.session() as session:
        # Whoever sends at this moment has a job of its own, which is tried again if it does not succeed.
        lock = func.hashtextextended(f"{LOCK} {offline_export_id}", 0)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
            return
        found = _untold(session, offline_export_id)
        if found is None:
            return
        export, user = found
        telling = _telling(export)
        if telling is None:
            return
        mail.send(settings, _compose(session, settings, telling, export=export, user=user))
        told = update(OfflineExport).where(OfflineExport.id == export.id)
        session.execute(told.values(mailed_end=_end(export), updated_at=OfflineExport.updated_at))


def _untold(session: Session, offline_export_id: int) -> tuple[OfflineExport, User] | None:
    """The export and its user, when there is something to tell and somebody who can be told."""
    row = session.execute(
        select(OfflineExport, User)
        .join(User, User.id == OfflineExport.user_id)
        .where(OfflineExport.id == offline_export_id, User.email != "", User.state == ACTIVE)
    ).one_or_none()
    if row is None or row[0].mailed_end == _end(row[0]):
        return None
    return row[0], row[1]


def _telling(export: OfflineExport) -> Telling | None:
    """How this end is told; None for one that is none yet, or that the user has asked for."""
    if export.status is ExportState.finished:
        return WITH_FAILURES if export.has_failures else COMPLETE
    return {ExportState.failed: FAILED, ExportState.timeout: TIMEOUT}.get(export.status)


def _end(export: OfflineExport) -> datetime:
    return export.ended_at or export.updated_at


def _compose(session: Session, settings: Settings, telling: Telling, *, export: OfflineExport, user: User) -> Mail:
    configuration = session.scalars(
        select(OfflineConfiguration).where(OfflineConfiguration.offline_export_id == export.id)
    ).one()
    path = f"/api/v4/offline_exports/{export.id}"
    said = {"prefix": configuration.export_prefix, "path": path}
    failures = result.failures(session, export.id)
    shown = [
        tuple(_cell(item[name]) for name in ("entity", "path", "message")) for item in islice(failures, FAILURES_SHOWN)
    ]
    values = {
        "heading": telling.heading,
        "opening": telling.opening,
        "steps": [step.format(**said) for step in telling.steps],
        "facts": _facts(export, configuration),
        "failures": shown,
        "more": sum(1 for _ in failures),
        "relations_path": f"GET {path}/relations",
        "instance_url": settings.instance_url,
    }
    words = mail.render("offline_transfer.exporting", "export", values)
    return Mail(
        id=f"offline-export-{export.id}-{_end(export):%Y%m%d%H%M%S%f}",
        to=user.email,
        name=user.name or user.username,
        subject=telling.heading,
        text=words.text,
        html=words.html,
    )


def _facts(export: OfflineExport, configuration: OfflineConfiguration) -> list[tuple[str, str]]:
    facts = [
        ("Export", str(export.id)),
        ("Started", mail.moment(export.started_at or export.created_at)),
        ("Ended", mail.moment(_end(export))),
        ("Source", configuration.source_hostname or ""),
        ("Export prefix", configuration.export_prefix),
        ("Stored in", configuration.location),
    ]
    return [*facts, ("Reason", _cell(export.error))] if export.error else facts


def _cell(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
