"""Settings of a project that live in tables of their own."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import (
    DeployStrategy,
    PipelineCancellationRole,
    PipelineVariablesRole,
    ResourceGroupProcessMode,
)


class ProjectAutoDevops(Base):
    """One row of `project_auto_devops`."""

    __tablename__ = "project_auto_devops"
    __table_args__ = (UniqueConstraint("project_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    enabled: Mapped[bool | None]
    deploy_strategy: Mapped[DeployStrategy] = mapped_column(EnumInteger(DeployStrategy), server_default="0")


class ContainerExpirationPolicy(Base):
    """One row of `container_expiration_policies`."""

    __tablename__ = "container_expiration_policies"

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    next_run_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name_regex: Mapped[str | None] = mapped_column(String(255), server_default=".*")
    cadence: Mapped[str] = mapped_column(String(12), server_default="1d")
    older_than: Mapped[str | None] = mapped_column(String(12), server_default="90d")
    keep_n: Mapped[int | None] = mapped_column(server_default="10")
    enabled: Mapped[bool] = mapped_column(server_default="false")
    name_regex_keep: Mapped[str | None]


class ProjectCiCdSetting(Base):
    """One row of `project_ci_cd_settings`."""

    __tablename__ = "project_ci_cd_settings"
    __table_args__ = (UniqueConstraint("project_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    group_runners_enabled: Mapped[bool] = mapped_column(server_default="true")
    merge_pipelines_enabled: Mapped[bool | None]
    default_git_depth: Mapped[int | None]
    forward_deployment_enabled: Mapped[bool | None]
    merge_trains_enabled: Mapped[bool | None] = mapped_column(server_default="false")
    auto_rollback_enabled: Mapped[bool] = mapped_column(server_default="false")
    keep_latest_artifact: Mapped[bool] = mapped_column(server_default="true")
    job_token_scope_enabled: Mapped[bool] = mapped_column(server_default="false")
    runner_token_expiration_interval: Mapped[int | None]
    separated_caches: Mapped[bool] = mapped_column(server_default="true")
    allow_fork_pipelines_to_run_in_parent_project: Mapped[bool] = mapped_column(server_default="true")
    inbound_job_token_scope_enabled: Mapped[bool] = mapped_column(server_default="true")
    forward_deployment_rollback_allowed: Mapped[bool] = mapped_column(server_default="true")
    merge_trains_skip_train_allowed: Mapped[bool] = mapped_column(server_default="false")
    restrict_pipeline_cancellation_role: Mapped[PipelineCancellationRole] = mapped_column(
        EnumInteger(PipelineCancellationRole), server_default="0"
    )
    pipeline_variables_minimum_override_role: Mapped[PipelineVariablesRole] = mapped_column(
        EnumInteger(PipelineVariablesRole), server_default="3"
    )
    push_repository_for_job_token_allowed: Mapped[bool] = mapped_column(server_default="false")
    id_token_sub_claim_components: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{project_path,ref_type,ref}"
    )
    delete_pipelines_in_seconds: Mapped[int | None]
    allow_composite_identities_to_run_pipelines: Mapped[bool] = mapped_column(server_default="false")
    display_pipeline_variables: Mapped[bool] = mapped_column(server_default="false")
    resource_group_default_process_mode: Mapped[ResourceGroupProcessMode] = mapped_column(
        EnumInteger(ResourceGroupProcessMode), server_default="0"
    )


class ProjectErrorTrackingSetting(Base):
    """One row of `project_error_tracking_settings`."""

    __tablename__ = "project_error_tracking_settings"

    project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    api_url: Mapped[str | None] = mapped_column(info={"format": TextFormat.URL})
    encrypted_token: Mapped[str | None]
    encrypted_token_iv: Mapped[str | None]
    project_name: Mapped[str | None]
    organization_name: Mapped[str | None]


class ServiceDeskSetting(Base):
    """One row of `service_desk_settings`."""

    __tablename__ = "service_desk_settings"

    project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    issue_template_key: Mapped[str | None] = mapped_column(String(255))
    project_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ProjectSecuritySetting(Base):
    """One row of `project_security_settings`."""

    __tablename__ = "project_security_settings"

    project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PushRule(Base):
    """One row of `push_rules`."""

    __tablename__ = "push_rules"
    __table_args__ = (UniqueConstraint("project_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    commit_message_regex: Mapped[str | None]
    deny_delete_tag: Mapped[bool | None]
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    author_email_regex: Mapped[str | None]
    member_check: Mapped[bool] = mapped_column(server_default="false")
    file_name_regex: Mapped[str | None]
    is_sample: Mapped[bool | None] = mapped_column(server_default="false")
    max_file_size: Mapped[int] = mapped_column(server_default="0")
    prevent_secrets: Mapped[bool] = mapped_column(server_default="false")
    branch_name_regex: Mapped[str | None]
    reject_unsigned_commits: Mapped[bool | None]
    commit_committer_check: Mapped[bool | None]
    regexp_uses_re2: Mapped[bool | None] = mapped_column(server_default="true")
    commit_message_negative_regex: Mapped[str | None]
    reject_non_dco_commits: Mapped[bool | None]
