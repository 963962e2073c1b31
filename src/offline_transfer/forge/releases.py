"""Releases, their links and milestones."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import ReleaseLinkType


class Release(Base):
    """One row of `releases`."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("project_id", "tag"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tag: Mapped[str] = mapped_column(info={"present": True})
    description: Mapped[str | None]
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    name: Mapped[str | None]
    sha: Mapped[str | None]
    released_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReleaseLink(Base):
    """One row of `release_links`."""

    __tablename__ = "release_links"
    __table_args__ = (
        UniqueConstraint("release_id", "url"),
        UniqueConstraint("release_id", "name"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    release_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("releases.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(info={"format": TextFormat.URL})
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    filepath: Mapped[str | None] = mapped_column(String(128))
    link_type: Mapped[ReleaseLinkType | None] = mapped_column(EnumInteger(ReleaseLinkType), server_default="0")


class MilestoneRelease(Base):
    """One row of `milestone_releases`."""

    __tablename__ = "milestone_releases"

    milestone_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    release_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("releases.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
