"""Personal access tokens: made once, shown once, kept as a digest."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.forge.errors import BadExpiryError, TokenNotFoundError
from offline_transfer.forge.users import PersonalAccessToken, User

PREFIX: Final = "glpat-"
RANDOM_BYTES: Final = 24
LONGEST_TOKEN: Final = 1024


class Scope(StrEnum):
    """What a token may be used for; the names are GitLab's."""

    API = "api"
    READ_API = "read_api"


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token that was just made: the only moment at which it can be read."""

    id: int
    text: str


def digest(token: str) -> str:
    """What is kept of a token. A plain hash does: there is nothing to guess in 192 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    session: Session,
    user: User,
    *,
    scopes: Collection[Scope],
    name: str = "offline-transfer",
    expires_at: date | None = None,
) -> MadeToken:
    """A new token of a user, good until the day on which it expires (UTC, that day excluded). Raises BadExpiryError."""
    if expires_at is not None and expires_at <= datetime.now(UTC).date():
        raise BadExpiryError(day=expires_at)
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    row = PersonalAccessToken(
        user_id=user.id, name=name, scopes=sorted(set(scopes)), token_digest=digest(text), expires_at=expires_at
    )
    session.add(row)
    session.flush()
    return MadeToken(row.id, text)


def revoke(session: Session, token_id: int) -> None:
    """Have a token stand for nobody from now on. Raises TokenNotFoundError."""
    row = session.get(PersonalAccessToken, token_id)
    if row is None:
        raise TokenNotFoundError(id=token_id)
    row.revoked = True


def listed(session: Session, username: str | None = None) -> list[tuple[PersonalAccessToken, str]]:
    """All tokens, or those of one user, each with its user's name; the oldest first."""
    statement = (
        select(PersonalAccessToken, User.username)
        .join(User, User.id == PersonalAccessToken.user_id)
        .order_by(PersonalAccessToken.id)
    )
    if username is not None:
        statement = statement.where(User.username == username)
    return [(token, name) for token, name in session.execute(statement)]
