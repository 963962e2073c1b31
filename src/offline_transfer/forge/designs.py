"""Design management: designs of an issue and their versions."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import DesignEvent


class Design(Base):
    """One row of `design_management_designs`."""

    __tablename__ = "design_management_designs"
    __table_args__ = (UniqueConstraint("issue_id", "filename"),)
    __polymorphic_names__ = ("DesignManagement::Design",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"))
    filename: Mapped[str]
    relative_position: Mapped[int | None]
    iid: Mapped[int | None]


class DesignVersion(Base):
    """One row of `design_management_versions`."""

    __tablename__ = "design_management_versions"
    __table_args__ = (UniqueConstraint("sha", "issue_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sha: Mapped[str]
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))


class DesignAction(Base):
    """One row of `design_management_designs_versions`."""

    __tablename__ = "design_management_designs_versions"
    __table_args__ = (UniqueConstraint("design_id", "version_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    design_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("design_management_designs.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("design_management_versions.id", ondelete="CASCADE"), index=True
    )
    event: Mapped[DesignEvent] = mapped_column(EnumInteger(DesignEvent), server_default="0")
