"""Merge requests and who takes part in them."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import IssuableState, ReviewerState


class MergeRequest(Base):
    """One row of `merge_requests`."""

    __tablename__ = "merge_requests"
    __table_args__ = (UniqueConstraint("target_project_id", "iid"),)
    __polymorphic_names__ = ("MergeRequest",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    target_branch: Mapped[str]
    source_branch: Mapped[str]
    source_project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(info={"present": True})
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    milestone_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    merge_status: Mapped[str] = mapped_column(server_default="unchecked", info={"format": TextFormat.WORD})
    target_project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    iid: Mapped[int]
    description: Mapped[str | None]
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    merge_error: Mapped[str | None]
    merge_params: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    merge_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    merge_commit_sha: Mapped[str | None]
    approvals_before_merge: Mapped[int | None]
    rebase_commit_sha: Mapped[str | None]
    in_progress_merge_commit_sha: Mapped[str | None]
    lock_version: Mapped[int] = mapped_column(server_default="0")
    time_estimate: Mapped[int | None] = mapped_column(server_default="0")
    squash: Mapped[bool] = mapped_column(server_default="false")
    last_edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_edited_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    discussion_locked: Mapped[bool | None]
    allow_maintainer_to_push: Mapped[bool | None] = mapped_column(server_default="true")
    state_id: Mapped[IssuableState] = mapped_column(EnumInteger(IssuableState), server_default="1")
    squash_commit_sha: Mapped[str | None]
    merge_ref_sha: Mapped[str | None]
    draft: Mapped[bool] = mapped_column(server_default="false")
    source_branch_sha: Mapped[str | None]
    target_branch_sha: Mapped[str | None]


class Approval(Base):
    """One row of `approvals`."""

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("user_id", "merge_request_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    merge_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MergeRequestMetrics(Base):
    """One row of `merge_request_metrics`."""

    __tablename__ = "merge_request_metrics"
    __table_args__ = (UniqueConstraint("merge_request_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    merge_request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("merge_requests.id", ondelete="CASCADE"))
    latest_build_started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    latest_build_finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_deployed_to_production_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    merged_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    latest_closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    latest_closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_comment_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_commit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_commit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    diff_size: Mapped[int | None]
    modified_paths_size: Mapped[int | None]
    commits_count: Mapped[int | None]
    first_approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_reassigned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    added_lines: Mapped[int | None]
    removed_lines: Mapped[int | None]
    target_project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )


class MergeRequestAssignee(Base):
    """One row of `merge_request_assignees`."""

    __tablename__ = "merge_request_assignees"
    __table_args__ = (UniqueConstraint("merge_request_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    merge_request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("merge_requests.id", ondelete="CASCADE"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MergeRequestReviewer(Base):
    """One row of `merge_request_reviewers`."""

    __tablename__ = "merge_request_reviewers"
    __table_args__ = (UniqueConstraint("merge_request_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    merge_request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("merge_requests.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[ReviewerState] = mapped_column(EnumInteger(ReviewerState), server_default="0")
