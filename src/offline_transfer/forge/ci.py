"""Pipelines, stages, jobs, schedules and external pull requests."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Double, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import (
    ExternalPullRequestStatus,
    JobFailureReason,
    PipelineConfigSource,
    PipelineFailureReason,
    PipelineSource,
    SchedulingType,
    StageStatus,
)


class ExternalPullRequest(Base):
    """One row of `external_pull_requests`."""

    __tablename__ = "external_pull_requests"
    __table_args__ = (UniqueConstraint("project_id", "pull_request_iid", "source_branch", "target_branch"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    pull_request_iid: Mapped[int]
    status: Mapped[ExternalPullRequestStatus] = mapped_column(EnumInteger(ExternalPullRequestStatus))
    source_branch: Mapped[str] = mapped_column(String(255))
    target_branch: Mapped[str] = mapped_column(String(255))
    source_repository: Mapped[str] = mapped_column(String(255))
    target_repository: Mapped[str] = mapped_column(String(255))
    source_sha: Mapped[str]
    target_sha: Mapped[str]


class Pipeline(Base):
    """One row of `p_ci_pipelines`."""

    __tablename__ = "p_ci_pipelines"
    __table_args__ = (UniqueConstraint("project_id", "iid"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ref: Mapped[str | None]
    sha: Mapped[str | None]
    before_sha: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tag: Mapped[bool | None] = mapped_column(server_default="false")
    yaml_errors: Mapped[str | None]
    committed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    status: Mapped[str | None]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    duration: Mapped[int | None]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    lock_version: Mapped[int] = mapped_column(server_default="0")
    source: Mapped[PipelineSource | None] = mapped_column(EnumInteger(PipelineSource))
    config_source: Mapped[PipelineConfigSource | None] = mapped_column(EnumInteger(PipelineConfigSource))
    protected: Mapped[bool | None]
    failure_reason: Mapped[PipelineFailureReason | None] = mapped_column(EnumInteger(PipelineFailureReason))
    iid: Mapped[int | None]
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    source_sha: Mapped[str | None]
    target_sha: Mapped[str | None]
    external_pull_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("external_pull_requests.id", ondelete="SET NULL"), index=True
    )


class Stage(Base):
    """One row of `p_ci_stages`."""

    __tablename__ = "p_ci_stages"
    __table_args__ = (UniqueConstraint("pipeline_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    name: Mapped[str | None]
    status: Mapped[StageStatus | None] = mapped_column(EnumInteger(StageStatus))
    lock_version: Mapped[int] = mapped_column(server_default="0")
    position: Mapped[int | None]
    pipeline_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("p_ci_pipelines.id", ondelete="SET NULL"))


class CommitStatus(Base):
    """One row of `p_ci_builds`."""

    __tablename__ = "p_ci_builds"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status: Mapped[str | None]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    coverage: Mapped[float | None] = mapped_column(Double)
    name: Mapped[str | None]
    allow_failure: Mapped[bool] = mapped_column(server_default="false")
    stage_idx: Mapped[int | None]
    tag: Mapped[bool | None]
    ref: Mapped[str | None]
    type: Mapped[str | None]
    target_url: Mapped[str | None] = mapped_column(info={"format": TextFormat.URL})
    description: Mapped[str | None]
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    artifacts_expire_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    environment: Mapped[str | None]
    queued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lock_version: Mapped[int] = mapped_column(server_default="0")
    coverage_regex: Mapped[str | None]
    retried: Mapped[bool | None]
    protected: Mapped[bool | None]
    failure_reason: Mapped[JobFailureReason | None] = mapped_column(EnumInteger(JobFailureReason))
    scheduled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    token_encrypted: Mapped[str | None]
    scheduling_type: Mapped[SchedulingType | None] = mapped_column(EnumInteger(SchedulingType))
    stage_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("p_ci_stages.id", ondelete="SET NULL"), index=True
    )
    commit_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("p_ci_pipelines.id", ondelete="SET NULL"), index=True
    )
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))


class PipelineMetadata(Base):
    """One row of `ci_pipeline_metadata`."""

    __tablename__ = "ci_pipeline_metadata"

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    pipeline_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("p_ci_pipelines.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str | None]


class PipelineSchedule(Base):
    """One row of `ci_pipeline_schedules`."""

    __tablename__ = "ci_pipeline_schedules"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    description: Mapped[str | None]
    ref: Mapped[str | None]
    cron: Mapped[str | None]
    cron_timezone: Mapped[str | None]
    next_run_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    owner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    active: Mapped[bool | None] = mapped_column(server_default="true")
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
