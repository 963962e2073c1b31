"""Projects and their features."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import AutoCancelPendingPipelines, SquashSetting


class Project(Base):
    """One row of `projects`."""

    __tablename__ = "projects"
    __polymorphic_names__ = ("Project",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str | None]
    path: Mapped[str | None]
    description: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    creator_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    namespace_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True)
    visibility_level: Mapped[int] = mapped_column(server_default="0")
    archived: Mapped[bool] = mapped_column(server_default="false")
    avatar: Mapped[str | None]
    merge_requests_template: Mapped[str | None]
    merge_requests_rebase_enabled: Mapped[bool | None] = mapped_column(server_default="false")
    approvals_before_merge: Mapped[int] = mapped_column(server_default="0")
    reset_approvals_on_push: Mapped[bool | None] = mapped_column(server_default="true")
    merge_requests_ff_only_enabled: Mapped[bool | None] = mapped_column(server_default="false")
    issues_template: Mapped[str | None]
    shared_runners_enabled: Mapped[bool] = mapped_column(server_default="true")
    runners_token: Mapped[str | None]
    build_allow_git_fetch: Mapped[bool] = mapped_column(server_default="true")
    build_timeout: Mapped[int] = mapped_column(server_default="3600")
    pending_delete: Mapped[bool | None] = mapped_column(server_default="false")
    public_builds: Mapped[bool] = mapped_column(server_default="true")
    last_repository_check_failed: Mapped[bool | None]
    only_allow_merge_if_pipeline_succeeds: Mapped[bool] = mapped_column(server_default="false")
    has_external_issue_tracker: Mapped[bool | None]
    request_access_enabled: Mapped[bool] = mapped_column(server_default="true")
    has_external_wiki: Mapped[bool | None]
    only_allow_merge_if_all_discussions_are_resolved: Mapped[bool | None]
    printing_merge_request_link_enabled: Mapped[bool] = mapped_column(server_default="true")
    auto_cancel_pending_pipelines: Mapped[AutoCancelPendingPipelines] = mapped_column(
        EnumInteger(AutoCancelPendingPipelines), server_default="1"
    )
    service_desk_enabled: Mapped[bool | None] = mapped_column(server_default="true")
    disable_overriding_approvers_per_merge_request: Mapped[bool | None]
    resolve_outdated_diff_discussions: Mapped[bool | None]
    jobs_cache_index: Mapped[int | None]
    external_authorization_classification_label: Mapped[str | None]
    pages_https_only: Mapped[bool | None] = mapped_column(server_default="true")
    merge_requests_author_approval: Mapped[bool | None] = mapped_column(server_default="false")
    runners_token_encrypted: Mapped[str | None]
    merge_requests_disable_committers_approval: Mapped[bool | None]
    require_password_to_approve: Mapped[bool | None]
    max_artifacts_size: Mapped[int | None]
    remove_source_branch_after_merge: Mapped[bool | None]
    autoclose_referenced_issues: Mapped[bool | None]
    suggestion_commit_message: Mapped[str | None] = mapped_column(String(255))
    default_branch: Mapped[str | None]


class ProjectSetting(Base):
    """One row of `project_settings`."""

    __tablename__ = "project_settings"

    project_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    allow_merge_on_skipped_pipeline: Mapped[bool | None]
    squash_option: Mapped[SquashSetting | None] = mapped_column(EnumInteger(SquashSetting), server_default="3")
    merge_commit_template: Mapped[str | None]
    squash_commit_template: Mapped[str | None]


class ProjectFeature(Base):
    """One row of `project_features`."""

    __tablename__ = "project_features"
    __table_args__ = (UniqueConstraint("project_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    merge_requests_access_level: Mapped[int | None]
    issues_access_level: Mapped[int | None]
    wiki_access_level: Mapped[int | None]
    snippets_access_level: Mapped[int] = mapped_column(server_default="20")
    builds_access_level: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    repository_access_level: Mapped[int] = mapped_column(server_default="20")
    pages_access_level: Mapped[int] = mapped_column(server_default="20")
    forking_access_level: Mapped[int | None]
    metrics_dashboard_access_level: Mapped[int | None]
    requirements_access_level: Mapped[int] = mapped_column(server_default="20")
    operations_access_level: Mapped[int] = mapped_column(server_default="20")
    analytics_access_level: Mapped[int] = mapped_column(server_default="20")
    security_and_compliance_access_level: Mapped[int] = mapped_column(server_default="10")
    container_registry_access_level: Mapped[int] = mapped_column(server_default="0")
    package_registry_access_level: Mapped[int] = mapped_column(server_default="0")
    monitor_access_level: Mapped[int] = mapped_column(server_default="20")
    infrastructure_access_level: Mapped[int] = mapped_column(server_default="20")
    feature_flags_access_level: Mapped[int] = mapped_column(server_default="20")
    environments_access_level: Mapped[int] = mapped_column(server_default="20")
    releases_access_level: Mapped[int] = mapped_column(server_default="20")
    model_experiments_access_level: Mapped[int] = mapped_column(server_default="20")
    model_registry_access_level: Mapped[int] = mapped_column(server_default="20")


class ProjectCustomAttribute(Base):
    """One row of `project_custom_attributes`."""

    __tablename__ = "project_custom_attributes"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    key: Mapped[str]
    value: Mapped[str]
