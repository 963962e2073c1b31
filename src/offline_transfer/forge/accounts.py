"""The people who may sign in here: made and listed, stopped and let in again."""

import re
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.forge.access import ACTIVE
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.errors import (
    BadEmailError,
    BadUserNameError,
    NameOfStandInError,
    UserExistsError,
    UserNotFoundError,
)
from offline_transfer.forge.users import INTERNAL_USERNAMES, User
from offline_transfer.mail import is_address

BLOCKED: Final = "blocked"
LONGEST_SHOWN: Final = 100
LOCK: Final = "create user"

_USERNAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")


def create(session: Session, username: str, *, email: str, name: str | None = None, admin: bool = False) -> User:
    """A new active person. Raises BadUserNameError, BadEmailError, UserExistsError, NameOfStandInError."""
    if _USERNAME.fullmatch(username) is None:
        raise BadUserNameError(name=username[:LONGEST_SHOWN], reason="it has other characters, or is too long")
    if username.lower().endswith((".git", ".atom")):
        raise BadUserNameError(name=username, reason="it ends like an address of something else")
    if username.lower() in INTERNAL_USERNAMES.values():
        raise BadUserNameError(name=username, reason="it belongs to a user of the program itself")
    if not is_address(email):
        raise BadEmailError(email=email[:LONGEST_SHOWN])
    _require_free(session, username, email)
    statement = (
        insert(User)
        .values(
            username=username, email=email, name=name or username, admin=admin, user_type=UserType.human, state=ACTIVE
        )
        .on_conflict_do_nothing()
        .returning(User.id)
    )
    made = session.scalar(statement)
    if made is None:
        raise UserExistsError(what="name", value=username)
    return session.get_one(User, made)


def find(session: Session, username: str) -> User:
    """The person with this name, in any case. Raises UserNotFoundError, also for what is not a person."""
    found = session.scalars(
        select(User).where(func.lower(User.username) == username.lower(), User.user_type == UserType.human)
    ).first()
    if found is None:
        raise UserNotFoundError(name=username[:LONGEST_SHOWN])
    return found


def block(session: Session, username: str) -> User:
    """Let a person do nothing from now on, also in jobs that run. Raises UserNotFoundError."""
    return _put(session, username, BLOCKED)


def unblock(session: Session, username: str) -> User:
    """Let a person do again what tokens and memberships allow. Raises UserNotFoundError."""
    return _put(session, username, ACTIVE)


def people(session: Session) -> list[User]:
    """Everybody who may sign in, or might again, by name."""
    return list(session.scalars(select(User).where(User.user_type == UserType.human).order_by(User.username)))


def _put(session: Session, username: str, state: str) -> User:
    user = find(session, username)
    user.state = state
    user.updated_at = datetime.now(UTC)
    return user


def _require_free(session: Session, username: str, email: str) -> None:
    # Nobody else makes a user before this transaction ends, so what is free stays free: PostgreSQL compares names with their case.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK, 0))))
    kinds = session.scalars(select(User.user_type).where(func.lower(User.username) == username.lower())).all()
    if UserType.human in kinds:
        raise UserExistsError(what="name", value=username)
    if kinds:
        raise NameOfStandInError(name=username)
    if session.scalar(select(User.id).where(func.lower(User.email) == email.lower()).limit(1)) is not None:
        raise UserExistsError(what="e-mail address", value=email)
