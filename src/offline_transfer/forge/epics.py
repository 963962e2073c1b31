"""Epics (Enterprise Edition)."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import IssuableState


class Epic(Base):
    """One row of `epics`."""

    __tablename__ = "epics"
    __table_args__ = (UniqueConstraint("group_id", "iid"),)
    __polymorphic_names__ = ("Epic",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    iid: Mapped[int]
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    last_edited_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    lock_version: Mapped[int] = mapped_column(server_default="0")
    start_date: Mapped[date | None] = mapped_column(Date)
    end_date: Mapped[date | None] = mapped_column(Date)
    last_edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    title: Mapped[str] = mapped_column(info={"present": True})
    description: Mapped[str | None]
    start_date_fixed: Mapped[date | None] = mapped_column(Date)
    due_date_fixed: Mapped[date | None] = mapped_column(Date)
    start_date_is_fixed: Mapped[bool | None]
    due_date_is_fixed: Mapped[bool | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("epics.id", ondelete="SET NULL"), index=True)
    relative_position: Mapped[int | None]
    state_id: Mapped[IssuableState] = mapped_column(EnumInteger(IssuableState), server_default="1")
    confidential: Mapped[bool] = mapped_column(server_default="false")
    color: Mapped[str | None] = mapped_column(server_default="#1068bf", info={"format": TextFormat.COLOR})


class EpicIssue(Base):
    """One row of `epic_issues`."""

    __tablename__ = "epic_issues"
    __table_args__ = (UniqueConstraint("issue_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    epic_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("epics.id", ondelete="CASCADE"), index=True)
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="CASCADE"))
