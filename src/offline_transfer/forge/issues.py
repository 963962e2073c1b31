"""Issues and what belongs to one alone."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import HealthStatus, IssuableState, IssueType, ZoomMeetingStatus


class Issue(Base):
    """One row of `issues`."""

    __tablename__ = "issues"
    __table_args__ = (UniqueConstraint("project_id", "iid"),)
    __polymorphic_names__ = (
        "Issue",
        "WorkItem",
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(info={"present": True})
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    description: Mapped[str | None]
    milestone_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    iid: Mapped[int]
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    weight: Mapped[int | None]
    confidential: Mapped[bool] = mapped_column(server_default="false")
    due_date: Mapped[date | None] = mapped_column(Date)
    lock_version: Mapped[int] = mapped_column(server_default="0")
    description_html: Mapped[str | None]
    time_estimate: Mapped[int | None] = mapped_column(server_default="0")
    relative_position: Mapped[int | None]
    last_edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_edited_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    discussion_locked: Mapped[bool | None]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    state_id: Mapped[IssuableState] = mapped_column(EnumInteger(IssuableState), server_default="1")
    health_status: Mapped[HealthStatus | None] = mapped_column(EnumInteger(HealthStatus))
    sprint_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sprints.id", ondelete="SET NULL"), index=True)
    issue_type: Mapped[IssueType] = mapped_column(EnumInteger(IssueType), server_default="0")


class IssueAssignee(Base):
    """One row of `issue_assignees`."""

    __tablename__ = "issue_assignees"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    issue_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )


class ZoomMeeting(Base):
    """One row of `zoom_meetings`."""

    __tablename__ = "zoom_meetings"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    issue_status: Mapped[ZoomMeetingStatus] = mapped_column(EnumInteger(ZoomMeetingStatus), server_default="1")
    url: Mapped[str | None] = mapped_column(String(255), info={"format": TextFormat.URL})


class SentryIssue(Base):
    """One row of `sentry_issues`."""

    __tablename__ = "sentry_issues"
    __table_args__ = (UniqueConstraint("issue_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="CASCADE"))
    sentry_issue_identifier: Mapped[int] = mapped_column(BigInteger)


class IssuableSla(Base):
    """One row of `issuable_slas`."""

    __tablename__ = "issuable_slas"
    __table_args__ = (UniqueConstraint("issue_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    issue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WorkItemDescription(Base):
    """One row of `work_item_descriptions`."""

    __tablename__ = "work_item_descriptions"

    work_item_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_edited_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    description: Mapped[str | None]


class Timelog(Base):
    """One row of `timelogs`."""

    __tablename__ = "timelogs"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    time_spent: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    spent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    summary: Mapped[str | None]
    note_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("notes.id", ondelete="SET NULL"), index=True)
