"""Iterations and their cadences (Enterprise Edition)."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class Iteration(Base):
    """One row of `sprints`."""

    __tablename__ = "sprints"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    start_date: Mapped[date | None] = mapped_column(Date)
    due_date: Mapped[date | None] = mapped_column(Date)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True)
    iid: Mapped[int]
    title: Mapped[str | None]
    description: Mapped[str | None]
    iterations_cadence_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("iterations_cadences.id", ondelete="SET NULL"), index=True
    )
    sequence: Mapped[int | None]


class IterationsCadence(Base):
    """One row of `iterations_cadences`."""

    __tablename__ = "iterations_cadences"
    __table_args__ = (UniqueConstraint("group_id", "title"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    start_date: Mapped[date | None] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(server_default="true")
    title: Mapped[str]
    roll_over: Mapped[bool] = mapped_column(server_default="false")
    description: Mapped[str | None]
