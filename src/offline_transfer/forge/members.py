"""Memberships and badges of groups and projects."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, TextFormat


class Member(Base):
    """One row of `members`."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("source_type", "source_id", "user_id"),
        Index(None, "source_id", "source_type"),
    )
    __polymorphic__ = ("source_type", "source_id")

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    access_level: Mapped[int]
    source_id: Mapped[int] = mapped_column(BigInteger)
    source_type: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    notification_level: Mapped[int]
    type: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    invite_email: Mapped[str | None]
    invite_token: Mapped[str | None]
    invite_accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[date | None] = mapped_column(Date)
    ldap: Mapped[bool] = mapped_column(server_default="false")
    override: Mapped[bool] = mapped_column(server_default="false")


class Badge(Base):
    """One row of `badges`."""

    __tablename__ = "badges"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    link_url: Mapped[str] = mapped_column(info={"format": TextFormat.URL})
    image_url: Mapped[str] = mapped_column(info={"format": TextFormat.URL})
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
    type: Mapped[str]
    name: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
