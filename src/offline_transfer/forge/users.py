"""Users of every kind, and their tokens."""

from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import UserType

INTERNAL_USERNAMES: Final = MappingProxyType({UserType.ghost: "ghost", UserType.import_user: "import_user"})
"""The users of whom an instance has one of each type, made when first needed: what they are called unless the name is taken."""


class User(Base):
    """A person, a bot, the ghost user of deleted accounts, or a stand-in for a user of a source instance."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    email: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    name: Mapped[str | None]
    admin: Mapped[bool] = mapped_column(server_default="false")
    username: Mapped[str] = mapped_column(unique=True)
    encrypted_password: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="active")
    public_email: Mapped[str | None]
    user_type: Mapped[UserType] = mapped_column(EnumInteger(UserType), server_default="0")


Index(
    "unique_users_of_internal_types",
    User.user_type,
    unique=True,
    postgresql_where=User.user_type.in_(INTERNAL_USERNAMES),
)


class PersonalAccessToken(Base):
    """A token that stands for its user; only its digest is kept."""

    __tablename__ = "personal_access_tokens"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    token_digest: Mapped[str] = mapped_column(unique=True)
    revoked: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[date | None] = mapped_column(Date)
