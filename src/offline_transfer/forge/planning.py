"""Labels and milestones: what issues, merge requests and epics are planned with."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, TextFormat


class Label(Base):
    """One row of `labels`."""

    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("project_id", "title"),
        UniqueConstraint("group_id", "title"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(info={"present": True})
    color: Mapped[str | None] = mapped_column(info={"format": TextFormat.COLOR})
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    template: Mapped[bool | None] = mapped_column(server_default="false")
    description: Mapped[str | None]
    type: Mapped[str | None]
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))


class LabelPriority(Base):
    """One row of `label_priorities`."""

    __tablename__ = "label_priorities"
    __table_args__ = (UniqueConstraint("project_id", "label_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    label_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="CASCADE"), index=True)
    priority: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LabelLink(Base):
    """One row of `label_links`."""

    __tablename__ = "label_links"
    __table_args__ = (Index(None, "target_id", "target_type"),)
    __polymorphic__ = ("target_type", "target_id")

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    label_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="SET NULL"), index=True)
    target_id: Mapped[int | None] = mapped_column(BigInteger)
    target_type: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Milestone(Base):
    """One row of `milestones`."""

    __tablename__ = "milestones"
    __table_args__ = (
        UniqueConstraint("project_id", "iid"),
        UniqueConstraint("group_id", "iid"),
    )
    __polymorphic_names__ = ("Milestone",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(info={"present": True})
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    description: Mapped[str | None]
    due_date: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[str | None] = mapped_column(info={"format": TextFormat.WORD})
    iid: Mapped[int]
    start_date: Mapped[date | None] = mapped_column(Date)
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
