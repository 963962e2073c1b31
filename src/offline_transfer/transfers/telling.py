"""Tells people by mail how an export or import has ended.

A mail is sent, then the end that it tells of is written down. If that fails between the two, the mail is sent again: at least once,
and with the same Message-ID, so that it is one mail to programs that care. Two workers never send it at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from offline_transfer import mail
from offline_transfer.db import Database
from offline_transfer.forge.access import ACTIVE
from offline_transfer.forge.users import User
from offline_transfer.mail import Mail
from offline_transfer.settings import Settings
from offline_transfer.transfers.models import BulkImport, OfflineExport

FAILURES_SHOWN: Final = 20
LONGEST_CELL: Final = 300

Transfer = TypeVar("Transfer", OfflineExport, BulkImport)


@dataclass(frozen=True, slots=True)
class Telling:
    """How one kind of end is told. Braces in the steps are filled in."""

    heading: str
    opening: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one mail says."""

    id: str
    """Part of its Message-ID: letters, digits and `-`."""
    telling: Telling
    said: dict[str, str]
    """What the braces of the steps stand for."""
    facts: Sequence[tuple[str, str]]
    failures: Sequence[tuple[str, str, str]]
    """Group or project, relation and reason: `FAILURES_SHOWN` at most."""
    more: int
    """How many there are besides."""
    all_at: str
    """Where all of them are."""


def tell(
    database: Database,
    settings: Settings,
    job: str,
    transfer: tuple[type[Transfer], int],
    compose: Callable[[Session, Transfer], Letter | None],
) -> None:
    """Send the letter of an export or import to its user, unless there is nobody to tell, nothing, or it was told.

    `job` is the name of the job that does this, the model and the id say of what it tells. Raises what `mail.send` raises.
    """
    model, number = transfer
    with database.session() as session:
        # Whoever sends at this moment has a job of its own, which is tried again if it does not succeed.
        lock = func.hashtextextended(f"{job} {number}", 0)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
            return
        found = _untold(session, model, number)
        if found is None:
            return
        row, user = found
        letter = compose(session, row)
        if letter is None:
            return
        mail.send(settings, _mail(settings, letter, end=end_of(row), user=user))
        told = update(model).where(model.id == number)
        session.execute(told.values(mailed_end=end_of(row), updated_at=model.updated_at))


def end_of(transfer: OfflineExport | BulkImport) -> datetime:
    """When it ended, as its mail counts ends."""
    return transfer.ended_at or transfer.updated_at


def cell(value: object) -> str:
    """A text as a mail shows it: with an end."""
    text = str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


def _untold(session: Session, model: type[Transfer], number: int) -> tuple[Transfer, User] | None:
    """The export or import and its user, when there is something to tell and somebody who can be told."""
    row = session.execute(
        select(model, User)
        .join(User, User.id == model.user_id)
        .where(model.id == number, User.email != "", User.state == ACTIVE)
    ).one_or_none()
    if row is None or row[0].mailed_end == end_of(row[0]):
        return None
    return row[0], row[1]


def _mail(settings: Settings, letter: Letter, *, end: datetime, user: User) -> Mail:
    values = {
        "heading": letter.telling.heading,
        "opening": letter.telling.opening,
        "steps": [step.format(**letter.said) for step in letter.telling.steps],
        "facts": letter.facts,
        "failures": letter.failures,
        "more": letter.more,
        "all_at": letter.all_at,
        "instance_url": settings.instance_url,
    }
    words = mail.render("offline_transfer.transfers", "ended", values)
    return Mail(
        id=f"{letter.id}-{end:%Y%m%d%H%M%S%f}",
        to=user.email,
        name=user.name or user.username,
        subject=letter.telling.heading,
        text=words.text,
        html=words.html,
    )
