"""forge and transfers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "lfs_objects",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("oid", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("lfs_objects_pkey")),
        sa.UniqueConstraint("oid", name=op.f("unique_lfs_objects_on_oid")),
    )
    op.create_table(
        "merge_request_diff_commit_users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_diff_commit_users_pkey")),
        sa.UniqueConstraint(
            "name",
            "email",
            name=op.f("unique_merge_request_diff_commit_users_on_name_email"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "namespaces",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("type", sa.Text(), server_default="User", nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("membership_lock", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("share_with_group_lock", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("visibility_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("request_access_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("lfs_enabled", sa.Boolean(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("require_two_factor_authentication", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("two_factor_grace_period", sa.BigInteger(), server_default="48", nullable=False),
        sa.Column("project_creation_level", sa.BigInteger(), nullable=True),
        sa.Column("runners_token", sa.Text(), nullable=True),
        sa.Column("runners_token_encrypted", sa.Text(), nullable=True),
        sa.Column("auto_devops_enabled", sa.Boolean(), nullable=True),
        sa.Column("subgroup_creation_level", sa.BigInteger(), server_default="1", nullable=True),
        sa.Column("max_artifacts_size", sa.BigInteger(), nullable=True),
        sa.Column("mentions_disabled", sa.Boolean(), nullable=True),
        sa.Column("default_branch_protection", sa.SmallInteger(), nullable=True),
        sa.Column("shared_runners_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "allow_descendants_override_disabled_shared_runners", sa.Boolean(), server_default="false", nullable=False
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("emails_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["namespaces.id"], name=op.f("fk_namespaces_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("namespaces_pkey")),
    )
    op.create_index(op.f("index_namespaces_on_parent_id"), "namespaces", ["parent_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("model_type", sa.Text(), nullable=False),
        sa.Column("uploader", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("mount_point", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("uploads_pkey")),
        sa.UniqueConstraint(
            "model_type",
            "model_id",
            "secret",
            "path",
            name=op.f("unique_uploads_on_model_type_model_id_secret_path"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("storage_key", name=op.f("unique_uploads_on_storage_key")),
    )
    op.create_index(op.f("index_uploads_on_model_id_model_type"), "uploads", ["model_id", "model_type"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("admin", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("encrypted_password", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("public_email", sa.Text(), nullable=True),
        sa.Column("user_type", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("username", name=op.f("unique_users_on_username")),
    )
    op.create_table(
        "award_emoji",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("awardable_type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("awardable_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_award_emoji_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("award_emoji_pkey")),
    )
    op.create_index(
        op.f("index_award_emoji_on_awardable_id_awardable_type"),
        "award_emoji",
        ["awardable_id", "awardable_type"],
        unique=False,
    )
    op.create_table(
        "boards_epic_boards",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("hide_backlog_list", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("hide_closed_list", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(), server_default="Development", nullable=False),
        sa.Column("display_colors", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_boards_epic_boards_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("boards_epic_boards_pkey")),
    )
    op.create_index(op.f("index_boards_epic_boards_on_group_id"), "boards_epic_boards", ["group_id"], unique=False)
    op.create_table(
        "bulk_imports",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("source_type", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("source_enterprise", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("has_failures", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source_hostname", sa.Text(), nullable=True),
        sa.Column("source_ghost_user_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bulk_imports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_imports_pkey")),
    )
    op.create_table(
        "epics",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.Column("last_edited_by_id", sa.BigInteger(), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("last_edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("start_date_fixed", sa.Date(), nullable=True),
        sa.Column("due_date_fixed", sa.Date(), nullable=True),
        sa.Column("start_date_is_fixed", sa.Boolean(), nullable=True),
        sa.Column("due_date_is_fixed", sa.Boolean(), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("relative_position", sa.BigInteger(), nullable=True),
        sa.Column("state_id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("confidential", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("color", sa.Text(), server_default="#1068bf", nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_epics_author_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_epics_closed_by_id")),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_epics_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["last_edited_by_id"], ["users.id"], name=op.f("fk_epics_last_edited_by_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["epics.id"], name=op.f("fk_epics_parent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_epics_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("epics_pkey")),
        sa.UniqueConstraint("group_id", "iid", name=op.f("unique_epics_on_group_id_iid")),
    )
    op.create_index(op.f("index_epics_on_parent_id"), "epics", ["parent_id"], unique=False)
    op.create_table(
        "import_offline_exports",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("has_failures", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("batch_size", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_import_offline_exports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("import_offline_exports_pkey")),
    )
    op.create_table(
        "import_source_users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("namespace_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hostname", sa.Text(), nullable=False),
        sa.Column("import_type", sa.Text(), nullable=False),
        sa.Column("source_user_identifier", sa.Text(), nullable=False),
        sa.Column("source_username", sa.Text(), nullable=True),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("source_public_email", sa.Text(), nullable=True),
        sa.Column("placeholder_user_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_import_source_users_namespace_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["placeholder_user_id"],
            ["users.id"],
            name=op.f("fk_import_source_users_placeholder_user_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("import_source_users_pkey")),
        sa.UniqueConstraint(
            "namespace_id",
            "source_hostname",
            "import_type",
            "source_user_identifier",
            name=op.f("unique_import_source_users_on_namespace_id_source_hostname_import_type_source_user_identifier"),
        ),
    )
    op.create_index(
        op.f("index_import_source_users_on_placeholder_user_id"),
        "import_source_users",
        ["placeholder_user_id"],
        unique=False,
    )
    op.create_table(
        "iterations_cadences",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("roll_over", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_iterations_cadences_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("iterations_cadences_pkey")),
        sa.UniqueConstraint("group_id", "title", name=op.f("unique_iterations_cadences_on_group_id_title")),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("access_level", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("notification_level", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("invite_email", sa.Text(), nullable=True),
        sa.Column("invite_token", sa.Text(), nullable=True),
        sa.Column("invite_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.Date(), nullable=True),
        sa.Column("ldap", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("override", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_members_created_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("members_pkey")),
        sa.UniqueConstraint(
            "source_type", "source_id", "user_id", name=op.f("unique_members_on_source_type_source_id_user_id")
        ),
    )
    op.create_index(
        op.f("index_members_on_source_id_source_type"), "members", ["source_id", "source_type"], unique=False
    )
    op.create_table(
        "namespace_settings",
        sa.Column("namespace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("prevent_sharing_groups_outside_hierarchy", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_namespace_settings_namespace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("namespace_id", name=op.f("namespace_settings_pkey")),
    )
    op.create_table(
        "personal_access_tokens",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("revoked", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_personal_access_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("personal_access_tokens_pkey")),
        sa.UniqueConstraint("token_digest", name=op.f("unique_personal_access_tokens_on_token_digest")),
    )
    op.create_index(
        op.f("index_personal_access_tokens_on_user_id"), "personal_access_tokens", ["user_id"], unique=False
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("namespace_id", sa.BigInteger(), nullable=False),
        sa.Column("visibility_level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("archived", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("merge_requests_template", sa.Text(), nullable=True),
        sa.Column("merge_requests_rebase_enabled", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("approvals_before_merge", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reset_approvals_on_push", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("merge_requests_ff_only_enabled", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("issues_template", sa.Text(), nullable=True),
        sa.Column("shared_runners_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("runners_token", sa.Text(), nullable=True),
        sa.Column("build_allow_git_fetch", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("build_timeout", sa.BigInteger(), server_default="3600", nullable=False),
        sa.Column("pending_delete", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("public_builds", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("last_repository_check_failed", sa.Boolean(), nullable=True),
        sa.Column("only_allow_merge_if_pipeline_succeeds", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("has_external_issue_tracker", sa.Boolean(), nullable=True),
        sa.Column("request_access_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("has_external_wiki", sa.Boolean(), nullable=True),
        sa.Column("only_allow_merge_if_all_discussions_are_resolved", sa.Boolean(), nullable=True),
        sa.Column("printing_merge_request_link_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("auto_cancel_pending_pipelines", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("service_desk_enabled", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("disable_overriding_approvers_per_merge_request", sa.Boolean(), nullable=True),
        sa.Column("resolve_outdated_diff_discussions", sa.Boolean(), nullable=True),
        sa.Column("jobs_cache_index", sa.BigInteger(), nullable=True),
        sa.Column("external_authorization_classification_label", sa.Text(), nullable=True),
        sa.Column("pages_https_only", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("merge_requests_author_approval", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("runners_token_encrypted", sa.Text(), nullable=True),
        sa.Column("merge_requests_disable_committers_approval", sa.Boolean(), nullable=True),
        sa.Column("require_password_to_approve", sa.Boolean(), nullable=True),
        sa.Column("max_artifacts_size", sa.BigInteger(), nullable=True),
        sa.Column("remove_source_branch_after_merge", sa.Boolean(), nullable=True),
        sa.Column("autoclose_referenced_issues", sa.Boolean(), nullable=True),
        sa.Column("suggestion_commit_message", sa.String(length=255), nullable=True),
        sa.Column("default_branch", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_projects_creator_id")),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_projects_namespace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("projects_pkey")),
    )
    op.create_index(op.f("index_projects_on_namespace_id"), "projects", ["namespace_id"], unique=False)
    op.create_table(
        "approval_project_rules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("approvals_required", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule_type", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("scanners", sa.ARRAY(sa.Text()), server_default="{}", nullable=True),
        sa.Column("vulnerabilities_allowed", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("severity_levels", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("report_type", sa.SmallInteger(), nullable=True),
        sa.Column(
            "vulnerability_states",
            sa.ARRAY(sa.Text()),
            server_default="{new_needs_triage,new_dismissed}",
            nullable=False,
        ),
        sa.Column("orchestration_policy_idx", sa.SmallInteger(), nullable=True),
        sa.Column("applies_to_all_protected_branches", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_approval_project_rules_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("approval_project_rules_pkey")),
        sa.UniqueConstraint("project_id", "name", name=op.f("unique_approval_project_rules_on_project_id_name")),
    )
    op.create_table(
        "badges",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("link_url", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_badges_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_badges_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("badges_pkey")),
    )
    op.create_index(op.f("index_badges_on_group_id"), "badges", ["group_id"], unique=False)
    op.create_index(op.f("index_badges_on_project_id"), "badges", ["project_id"], unique=False)
    op.create_table(
        "bulk_import_entities",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("bulk_import_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("namespace_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("source_type", sa.SmallInteger(), nullable=False),
        sa.Column("source_full_path", sa.Text(), nullable=False),
        sa.Column("source_prefix", sa.Text(), nullable=False),
        sa.Column("destination_name", sa.Text(), nullable=False),
        sa.Column("destination_namespace", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("has_failures", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulk_import_id"],
            ["bulk_imports.id"],
            name=op.f("fk_bulk_import_entities_bulk_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_bulk_import_entities_namespace_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["bulk_import_entities.id"],
            name=op.f("fk_bulk_import_entities_parent_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_bulk_import_entities_project_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_entities_pkey")),
    )
    op.create_index(
        op.f("index_bulk_import_entities_on_bulk_import_id_status"),
        "bulk_import_entities",
        ["bulk_import_id", "status"],
        unique=False,
    )
    op.create_index(
        op.f("index_bulk_import_entities_on_parent_id"), "bulk_import_entities", ["parent_id"], unique=False
    )
    op.create_table(
        "bulk_import_exports",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("offline_export_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="-2", nullable=False),
        sa.Column("batched", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("batches_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_objects_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("gaps", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(group_id, project_id) = 1", name=op.f("check_bulk_import_exports_one_portable")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_bulk_import_exports_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offline_export_id"],
            ["import_offline_exports.id"],
            name=op.f("fk_bulk_import_exports_offline_export_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_bulk_import_exports_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bulk_import_exports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_exports_pkey")),
        sa.UniqueConstraint(
            "offline_export_id",
            "relation",
            "group_id",
            "project_id",
            name=op.f("unique_bulk_import_exports_on_offline_export_id_relation_group_id_project_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "ci_pipeline_schedules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("cron_timezone", sa.Text(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_ci_pipeline_schedules_owner_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ci_pipeline_schedules_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ci_pipeline_schedules_pkey")),
    )
    op.create_index(
        op.f("index_ci_pipeline_schedules_on_project_id"), "ci_pipeline_schedules", ["project_id"], unique=False
    )
    op.create_table(
        "container_expiration_policies",
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_regex", sa.String(length=255), server_default=".*", nullable=True),
        sa.Column("cadence", sa.String(length=12), server_default="1d", nullable=False),
        sa.Column("older_than", sa.String(length=12), server_default="90d", nullable=True),
        sa.Column("keep_n", sa.BigInteger(), server_default="10", nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("name_regex_keep", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_container_expiration_policies_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("container_expiration_policies_pkey")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_events_author_id")),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_events_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_events_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
    )
    op.create_index(op.f("index_events_on_group_id"), "events", ["group_id"], unique=False)
    op.create_index(op.f("index_events_on_project_id"), "events", ["project_id"], unique=False)
    op.create_index(op.f("index_events_on_target_id_target_type"), "events", ["target_id", "target_type"], unique=False)
    op.create_table(
        "external_pull_requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("pull_request_iid", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("source_branch", sa.String(length=255), nullable=False),
        sa.Column("target_branch", sa.String(length=255), nullable=False),
        sa.Column("source_repository", sa.String(length=255), nullable=False),
        sa.Column("target_repository", sa.String(length=255), nullable=False),
        sa.Column("source_sha", sa.Text(), nullable=False),
        sa.Column("target_sha", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_external_pull_requests_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("external_pull_requests_pkey")),
        sa.UniqueConstraint(
            "project_id",
            "pull_request_iid",
            "source_branch",
            "target_branch",
            name=op.f("unique_external_pull_requests_on_project_id_pull_request_iid_source_branch_target_branch"),
        ),
    )
    op.create_table(
        "import_offline_configurations",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("offline_export_id", sa.BigInteger(), nullable=True),
        sa.Column("bulk_import_id", sa.BigInteger(), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("export_prefix", sa.Text(), nullable=False),
        sa.Column("source_hostname", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(offline_export_id, bulk_import_id) = 1",
            name=op.f("check_import_offline_configurations_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["bulk_import_id"],
            ["bulk_imports.id"],
            name=op.f("fk_import_offline_configurations_bulk_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["offline_export_id"],
            ["import_offline_exports.id"],
            name=op.f("fk_import_offline_configurations_offline_export_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("import_offline_configurations_pkey")),
        sa.UniqueConstraint("bulk_import_id", name=op.f("unique_import_offline_configurations_on_bulk_import_id")),
        sa.UniqueConstraint(
            "offline_export_id", name=op.f("unique_import_offline_configurations_on_offline_export_id")
        ),
    )
    op.create_table(
        "import_offline_export_users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("offline_export_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_import_offline_export_users_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offline_export_id"],
            ["import_offline_exports.id"],
            name=op.f("fk_import_offline_export_users_offline_export_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_import_offline_export_users_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_import_offline_export_users_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("import_offline_export_users_pkey")),
        sa.UniqueConstraint(
            "offline_export_id",
            "group_id",
            "project_id",
            "user_id",
            name=op.f("unique_import_offline_export_users_on_offline_export_id_group_id_project_id_user_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "internal_ids",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("namespace_id", sa.BigInteger(), nullable=True),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("last_value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("num_nonnulls(project_id, namespace_id) = 1", name=op.f("check_internal_ids_one_owner")),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_internal_ids_namespace_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_internal_ids_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("internal_ids_pkey")),
        sa.UniqueConstraint("namespace_id", "usage", name=op.f("unique_internal_ids_on_namespace_id_usage")),
        sa.UniqueConstraint("project_id", "usage", name=op.f("unique_internal_ids_on_project_id_usage")),
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("template", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_labels_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_labels_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("labels_pkey")),
        sa.UniqueConstraint("group_id", "title", name=op.f("unique_labels_on_group_id_title")),
        sa.UniqueConstraint("project_id", "title", name=op.f("unique_labels_on_project_id_title")),
    )
    op.create_table(
        "lfs_objects_projects",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lfs_object_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_type", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lfs_object_id"],
            ["lfs_objects.id"],
            name=op.f("fk_lfs_objects_projects_lfs_object_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_lfs_objects_projects_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("lfs_objects_projects_pkey")),
        sa.UniqueConstraint(
            "project_id",
            "lfs_object_id",
            "repository_type",
            name=op.f("unique_lfs_objects_projects_on_project_id_lfs_object_id_repository_type"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("index_lfs_objects_projects_on_lfs_object_id"), "lfs_objects_projects", ["lfs_object_id"], unique=False
    )
    op.create_table(
        "merge_request_commits_metadata",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("authored_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("commit_author_id", sa.BigInteger(), nullable=False),
        sa.Column("committer_id", sa.BigInteger(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["commit_author_id"],
            ["merge_request_diff_commit_users.id"],
            name=op.f("fk_merge_request_commits_metadata_commit_author_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["committer_id"],
            ["merge_request_diff_commit_users.id"],
            name=op.f("fk_merge_request_commits_metadata_committer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_merge_request_commits_metadata_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_commits_metadata_pkey")),
        sa.UniqueConstraint("project_id", "sha", name=op.f("unique_merge_request_commits_metadata_on_project_id_sha")),
    )
    op.create_index(
        op.f("index_merge_request_commits_metadata_on_commit_author_id"),
        "merge_request_commits_metadata",
        ["commit_author_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_merge_request_commits_metadata_on_committer_id"),
        "merge_request_commits_metadata",
        ["committer_id"],
        unique=False,
    )
    op.create_table(
        "milestones",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_milestones_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_milestones_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("milestones_pkey")),
        sa.UniqueConstraint("group_id", "iid", name=op.f("unique_milestones_on_group_id_iid")),
        sa.UniqueConstraint("project_id", "iid", name=op.f("unique_milestones_on_project_id_iid")),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("noteable_type", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("line_code", sa.Text(), nullable=True),
        sa.Column("commit_id", sa.Text(), nullable=True),
        sa.Column("noteable_id", sa.BigInteger(), nullable=True),
        sa.Column("system", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("st_diff", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("original_position", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("discussion_id", sa.Text(), nullable=True),
        sa.Column("note_html", sa.Text(), nullable=True),
        sa.Column("change_position", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("resolved_by_push", sa.Boolean(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=True),
        sa.Column("last_edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_notes_author_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_notes_project_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["users.id"], name=op.f("fk_notes_resolved_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_notes_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("notes_pkey")),
    )
    op.create_index(
        op.f("index_notes_on_noteable_id_noteable_type"), "notes", ["noteable_id", "noteable_type"], unique=False
    )
    op.create_index(op.f("index_notes_on_project_id"), "notes", ["project_id"], unique=False)
    op.create_table(
        "project_auto_devops",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("deploy_strategy", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_auto_devops_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("project_auto_devops_pkey")),
        sa.UniqueConstraint("project_id", name=op.f("unique_project_auto_devops_on_project_id")),
    )
    op.create_table(
        "project_ci_cd_settings",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("group_runners_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("merge_pipelines_enabled", sa.Boolean(), nullable=True),
        sa.Column("default_git_depth", sa.BigInteger(), nullable=True),
        sa.Column("forward_deployment_enabled", sa.Boolean(), nullable=True),
        sa.Column("merge_trains_enabled", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("auto_rollback_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("keep_latest_artifact", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("job_token_scope_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("runner_token_expiration_interval", sa.BigInteger(), nullable=True),
        sa.Column("separated_caches", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("allow_fork_pipelines_to_run_in_parent_project", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("inbound_job_token_scope_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("forward_deployment_rollback_allowed", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("merge_trains_skip_train_allowed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("restrict_pipeline_cancellation_role", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pipeline_variables_minimum_override_role", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("push_repository_for_job_token_allowed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "id_token_sub_claim_components",
            sa.ARRAY(sa.Text()),
            server_default="{project_path,ref_type,ref}",
            nullable=False,
        ),
        sa.Column("delete_pipelines_in_seconds", sa.BigInteger(), nullable=True),
        sa.Column("allow_composite_identities_to_run_pipelines", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("display_pipeline_variables", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("resource_group_default_process_mode", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_ci_cd_settings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("project_ci_cd_settings_pkey")),
        sa.UniqueConstraint("project_id", name=op.f("unique_project_ci_cd_settings_on_project_id")),
    )
    op.create_table(
        "project_custom_attributes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_custom_attributes_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("project_custom_attributes_pkey")),
        sa.UniqueConstraint("project_id", "key", name=op.f("unique_project_custom_attributes_on_project_id_key")),
    )
    op.create_table(
        "project_error_tracking_settings",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("api_url", sa.Text(), nullable=True),
        sa.Column("encrypted_token", sa.Text(), nullable=True),
        sa.Column("encrypted_token_iv", sa.Text(), nullable=True),
        sa.Column("project_name", sa.Text(), nullable=True),
        sa.Column("organization_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_project_error_tracking_settings_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("project_error_tracking_settings_pkey")),
    )
    op.create_table(
        "project_features",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("merge_requests_access_level", sa.BigInteger(), nullable=True),
        sa.Column("issues_access_level", sa.BigInteger(), nullable=True),
        sa.Column("wiki_access_level", sa.BigInteger(), nullable=True),
        sa.Column("snippets_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("builds_access_level", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("repository_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("pages_access_level", sa.BigInteger(), nullable=False),
        sa.Column("forking_access_level", sa.BigInteger(), nullable=True),
        sa.Column("metrics_dashboard_access_level", sa.BigInteger(), nullable=True),
        sa.Column("requirements_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("operations_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("analytics_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("security_and_compliance_access_level", sa.BigInteger(), server_default="10", nullable=False),
        sa.Column("container_registry_access_level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("package_registry_access_level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("monitor_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("infrastructure_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("feature_flags_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("environments_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("releases_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("model_experiments_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.Column("model_registry_access_level", sa.BigInteger(), server_default="20", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_features_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("project_features_pkey")),
        sa.UniqueConstraint("project_id", name=op.f("unique_project_features_on_project_id")),
    )
    op.create_table(
        "project_security_settings",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_security_settings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("project_security_settings_pkey")),
    )
    op.create_table(
        "project_settings",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("allow_merge_on_skipped_pipeline", sa.Boolean(), nullable=True),
        sa.Column("squash_option", sa.SmallInteger(), server_default="3", nullable=True),
        sa.Column("merge_commit_template", sa.Text(), nullable=True),
        sa.Column("squash_commit_template", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_settings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("project_settings_pkey")),
    )
    op.create_table(
        "protected_branches",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_owner_approval_required", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("allow_force_push", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_protected_branches_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_branches_pkey")),
        sa.UniqueConstraint("project_id", "name", name=op.f("unique_protected_branches_on_project_id_name")),
    )
    op.create_table(
        "protected_environments",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_protected_environments_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_protected_environments_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_environments_pkey")),
        sa.UniqueConstraint("group_id", "name", name=op.f("unique_protected_environments_on_group_id_name")),
        sa.UniqueConstraint("project_id", "name", name=op.f("unique_protected_environments_on_project_id_name")),
    )
    op.create_table(
        "protected_tags",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_protected_tags_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_tags_pkey")),
        sa.UniqueConstraint("project_id", "name", name=op.f("unique_protected_tags_on_project_id_name")),
    )
    op.create_table(
        "push_rules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("commit_message_regex", sa.Text(), nullable=True),
        sa.Column("deny_delete_tag", sa.Boolean(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_email_regex", sa.Text(), nullable=True),
        sa.Column("member_check", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("file_name_regex", sa.Text(), nullable=True),
        sa.Column("is_sample", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("max_file_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("prevent_secrets", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("branch_name_regex", sa.Text(), nullable=True),
        sa.Column("reject_unsigned_commits", sa.Boolean(), nullable=True),
        sa.Column("commit_committer_check", sa.Boolean(), nullable=True),
        sa.Column("regexp_uses_re2", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("commit_message_negative_regex", sa.Text(), nullable=True),
        sa.Column("reject_non_dco_commits", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_push_rules_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("push_rules_pkey")),
        sa.UniqueConstraint("project_id", name=op.f("unique_push_rules_on_project_id")),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_releases_author_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("releases_pkey")),
        sa.UniqueConstraint("project_id", "tag", name=op.f("unique_releases_on_project_id_tag")),
    )
    op.create_table(
        "routes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("namespace_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["namespaces.id"], name=op.f("fk_routes_namespace_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_routes_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("routes_pkey")),
        sa.UniqueConstraint("namespace_id", name=op.f("unique_routes_on_namespace_id")),
        sa.UniqueConstraint("project_id", name=op.f("unique_routes_on_project_id")),
    )
    op.create_index("index_routes_on_lower_path", "routes", [sa.literal_column("lower(path)")], unique=True)
    op.create_index(
        "index_routes_on_path_pattern", "routes", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
    )
    op.create_table(
        "service_desk_settings",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issue_template_key", sa.String(length=255), nullable=True),
        sa.Column("project_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_service_desk_settings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("service_desk_settings_pkey")),
    )
    op.create_table(
        "snippets",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("visibility_level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("encrypted_secret_token", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_snippets_author_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_snippets_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("snippets_pkey")),
    )
    op.create_index(op.f("index_snippets_on_project_id"), "snippets", ["project_id"], unique=False)
    op.create_table(
        "sprints",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("iterations_cadence_id", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_sprints_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["iterations_cadence_id"],
            ["iterations_cadences.id"],
            name=op.f("fk_sprints_iterations_cadence_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sprints_pkey")),
    )
    op.create_index(op.f("index_sprints_on_group_id"), "sprints", ["group_id"], unique=False)
    op.create_index(op.f("index_sprints_on_iterations_cadence_id"), "sprints", ["iterations_cadence_id"], unique=False)
    op.create_table(
        "vulnerabilities",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("report_type", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_vulnerabilities_author_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_vulnerabilities_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerabilities_pkey")),
    )
    op.create_index(op.f("index_vulnerabilities_on_project_id"), "vulnerabilities", ["project_id"], unique=False)
    op.create_table(
        "vulnerability_identifiers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("external_type", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_vulnerability_identifiers_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerability_identifiers_pkey")),
        sa.UniqueConstraint(
            "project_id", "fingerprint", name=op.f("unique_vulnerability_identifiers_on_project_id_fingerprint")
        ),
    )
    op.create_table(
        "vulnerability_scanners",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), server_default="GitLab", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_vulnerability_scanners_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerability_scanners_pkey")),
        sa.UniqueConstraint(
            "project_id", "external_id", name=op.f("unique_vulnerability_scanners_on_project_id_external_id")
        ),
    )
    op.create_table(
        "approval_project_rules_protected_branches",
        sa.Column("approval_project_rule_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("protected_branch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_project_rule_id"],
            ["approval_project_rules.id"],
            name=op.f("fk_approval_project_rules_protected_branches_approval_project_rule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_branch_id"],
            ["protected_branches.id"],
            name=op.f("fk_approval_project_rules_protected_branches_protected_branch_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "approval_project_rule_id",
            "protected_branch_id",
            name=op.f("approval_project_rules_protected_branches_pkey"),
        ),
    )
    op.create_table(
        "approval_project_rules_users",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("approval_project_rule_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_project_rule_id"],
            ["approval_project_rules.id"],
            name=op.f("fk_approval_project_rules_users_approval_project_rule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_approval_project_rules_users_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("approval_project_rules_users_pkey")),
        sa.UniqueConstraint(
            "approval_project_rule_id",
            "user_id",
            name=op.f("unique_approval_project_rules_users_on_approval_project_rule_id_user_id"),
        ),
    )
    op.create_table(
        "boards",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(), server_default="Development", nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.BigInteger(), nullable=True),
        sa.Column("hide_backlog_list", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("hide_closed_list", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["namespaces.id"], name=op.f("fk_boards_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_boards_milestone_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_boards_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("boards_pkey")),
    )
    op.create_index(op.f("index_boards_on_group_id"), "boards", ["group_id"], unique=False)
    op.create_index(op.f("index_boards_on_milestone_id"), "boards", ["milestone_id"], unique=False)
    op.create_index(op.f("index_boards_on_project_id"), "boards", ["project_id"], unique=False)
    op.create_table(
        "boards_epic_lists",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("epic_board_id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("list_type", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["epic_board_id"],
            ["boards_epic_boards.id"],
            name=op.f("fk_boards_epic_lists_epic_board_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["namespaces.id"], name=op.f("fk_boards_epic_lists_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_boards_epic_lists_label_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("boards_epic_lists_pkey")),
    )
    op.create_index(
        op.f("index_boards_epic_lists_on_epic_board_id"), "boards_epic_lists", ["epic_board_id"], unique=False
    )
    op.create_index(op.f("index_boards_epic_lists_on_group_id"), "boards_epic_lists", ["group_id"], unique=False)
    op.create_index(op.f("index_boards_epic_lists_on_label_id"), "boards_epic_lists", ["label_id"], unique=False)
    op.create_table(
        "bulk_import_export_batches",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_number", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="2", nullable=False),
        sa.Column("objects_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("record_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["bulk_import_exports.id"],
            name=op.f("fk_bulk_import_export_batches_export_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_export_batches_pkey")),
        sa.UniqueConstraint(
            "export_id", "batch_number", name=op.f("unique_bulk_import_export_batches_on_export_id_batch_number")
        ),
    )
    op.create_table(
        "bulk_import_trackers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("bulk_import_entity_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("batched", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulk_import_entity_id"],
            ["bulk_import_entities.id"],
            name=op.f("fk_bulk_import_trackers_bulk_import_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_trackers_pkey")),
        sa.UniqueConstraint(
            "bulk_import_entity_id",
            "relation",
            name=op.f("unique_bulk_import_trackers_on_bulk_import_entity_id_relation"),
        ),
    )
    op.create_table(
        "import_offline_export_objects",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_number", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("records", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["bulk_import_exports.id"],
            name=op.f("fk_import_offline_export_objects_export_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("import_offline_export_objects_pkey")),
        sa.UniqueConstraint(
            "export_id",
            "batch_number",
            name=op.f("unique_import_offline_export_objects_on_export_id_batch_number"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "issues",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.BigInteger(), nullable=True),
        sa.Column("confidential", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("description_html", sa.Text(), nullable=True),
        sa.Column("time_estimate", sa.BigInteger(), server_default="0", nullable=True),
        sa.Column("relative_position", sa.BigInteger(), nullable=True),
        sa.Column("last_edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_edited_by_id", sa.BigInteger(), nullable=True),
        sa.Column("discussion_locked", sa.Boolean(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("state_id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("health_status", sa.SmallInteger(), nullable=True),
        sa.Column("sprint_id", sa.BigInteger(), nullable=True),
        sa.Column("issue_type", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_issues_author_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_issues_closed_by_id")),
        sa.ForeignKeyConstraint(["last_edited_by_id"], ["users.id"], name=op.f("fk_issues_last_edited_by_id")),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_issues_milestone_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_issues_project_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sprint_id"], ["sprints.id"], name=op.f("fk_issues_sprint_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_issues_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("issues_pkey")),
        sa.UniqueConstraint("project_id", "iid", name=op.f("unique_issues_on_project_id_iid")),
    )
    op.create_index(op.f("index_issues_on_milestone_id"), "issues", ["milestone_id"], unique=False)
    op.create_index(op.f("index_issues_on_sprint_id"), "issues", ["sprint_id"], unique=False)
    op.create_table(
        "label_links",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=True),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("target_type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_label_links_label_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("label_links_pkey")),
    )
    op.create_index(op.f("index_label_links_on_label_id"), "label_links", ["label_id"], unique=False)
    op.create_index(
        op.f("index_label_links_on_target_id_target_type"), "label_links", ["target_id", "target_type"], unique=False
    )
    op.create_table(
        "label_priorities",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_label_priorities_label_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_label_priorities_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("label_priorities_pkey")),
        sa.UniqueConstraint("project_id", "label_id", name=op.f("unique_label_priorities_on_project_id_label_id")),
    )
    op.create_index(op.f("index_label_priorities_on_label_id"), "label_priorities", ["label_id"], unique=False)
    op.create_table(
        "merge_requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("target_branch", sa.Text(), nullable=False),
        sa.Column("source_branch", sa.Text(), nullable=False),
        sa.Column("source_project_id", sa.BigInteger(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_status", sa.Text(), server_default="unchecked", nullable=False),
        sa.Column("target_project_id", sa.BigInteger(), nullable=False),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_error", sa.Text(), nullable=True),
        sa.Column("merge_params", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("merge_user_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_commit_sha", sa.Text(), nullable=True),
        sa.Column("approvals_before_merge", sa.BigInteger(), nullable=True),
        sa.Column("rebase_commit_sha", sa.Text(), nullable=True),
        sa.Column("in_progress_merge_commit_sha", sa.Text(), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("time_estimate", sa.BigInteger(), server_default="0", nullable=True),
        sa.Column("squash", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("last_edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_edited_by_id", sa.BigInteger(), nullable=True),
        sa.Column("discussion_locked", sa.Boolean(), nullable=True),
        sa.Column("allow_maintainer_to_push", sa.Boolean(), server_default="true", nullable=True),
        sa.Column("state_id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("squash_commit_sha", sa.Text(), nullable=True),
        sa.Column("merge_ref_sha", sa.Text(), nullable=True),
        sa.Column("draft", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source_branch_sha", sa.Text(), nullable=True),
        sa.Column("target_branch_sha", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_merge_requests_author_id")),
        sa.ForeignKeyConstraint(["last_edited_by_id"], ["users.id"], name=op.f("fk_merge_requests_last_edited_by_id")),
        sa.ForeignKeyConstraint(["merge_user_id"], ["users.id"], name=op.f("fk_merge_requests_merge_user_id")),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_merge_requests_milestone_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["source_project_id"], ["projects.id"], name=op.f("fk_merge_requests_source_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_project_id"], ["projects.id"], name=op.f("fk_merge_requests_target_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["updated_by_id"], ["users.id"], name=op.f("fk_merge_requests_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_requests_pkey")),
        sa.UniqueConstraint("target_project_id", "iid", name=op.f("unique_merge_requests_on_target_project_id_iid")),
    )
    op.create_index(op.f("index_merge_requests_on_milestone_id"), "merge_requests", ["milestone_id"], unique=False)
    op.create_index(
        op.f("index_merge_requests_on_source_project_id"), "merge_requests", ["source_project_id"], unique=False
    )
    op.create_table(
        "milestone_releases",
        sa.Column("milestone_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_milestone_releases_milestone_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_milestone_releases_release_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("milestone_id", "release_id", name=op.f("milestone_releases_pkey")),
    )
    op.create_table(
        "note_diff_files",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("diff", sa.Text(), nullable=False),
        sa.Column("new_file", sa.Boolean(), nullable=False),
        sa.Column("renamed_file", sa.Boolean(), nullable=False),
        sa.Column("deleted_file", sa.Boolean(), nullable=False),
        sa.Column("a_mode", sa.Text(), nullable=False),
        sa.Column("b_mode", sa.Text(), nullable=False),
        sa.Column("new_path", sa.Text(), nullable=False),
        sa.Column("old_path", sa.Text(), nullable=False),
        sa.Column("diff_note_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["diff_note_id"], ["notes.id"], name=op.f("fk_note_diff_files_diff_note_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("note_diff_files_pkey")),
        sa.UniqueConstraint("diff_note_id", name=op.f("unique_note_diff_files_on_diff_note_id")),
    )
    op.create_table(
        "projects_branch_rules_squash_options",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("protected_branch_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("squash_option", sa.SmallInteger(), server_default="3", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_projects_branch_rules_squash_options_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_branch_id"],
            ["protected_branches.id"],
            name=op.f("fk_projects_branch_rules_squash_options_protected_branch_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("projects_branch_rules_squash_options_pkey")),
        sa.UniqueConstraint(
            "protected_branch_id", name=op.f("unique_projects_branch_rules_squash_options_on_protected_branch_id")
        ),
    )
    op.create_index(
        op.f("index_projects_branch_rules_squash_options_on_project_id"),
        "projects_branch_rules_squash_options",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "protected_branch_merge_access_levels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("protected_branch_id", sa.BigInteger(), nullable=False),
        sa.Column("access_level", sa.BigInteger(), server_default="40", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["namespaces.id"],
            name=op.f("fk_protected_branch_merge_access_levels_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_branch_id"],
            ["protected_branches.id"],
            name=op.f("fk_protected_branch_merge_access_levels_protected_branch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_protected_branch_merge_access_levels_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_branch_merge_access_levels_pkey")),
    )
    op.create_index(
        op.f("index_protected_branch_merge_access_levels_on_group_id"),
        "protected_branch_merge_access_levels",
        ["group_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_protected_branch_merge_access_levels_on_protected_branch_id"),
        "protected_branch_merge_access_levels",
        ["protected_branch_id"],
        unique=False,
    )
    op.create_table(
        "protected_branch_push_access_levels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("protected_branch_id", sa.BigInteger(), nullable=False),
        sa.Column("access_level", sa.BigInteger(), server_default="40", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["namespaces.id"],
            name=op.f("fk_protected_branch_push_access_levels_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_branch_id"],
            ["protected_branches.id"],
            name=op.f("fk_protected_branch_push_access_levels_protected_branch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_protected_branch_push_access_levels_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_branch_push_access_levels_pkey")),
    )
    op.create_index(
        op.f("index_protected_branch_push_access_levels_on_group_id"),
        "protected_branch_push_access_levels",
        ["group_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_protected_branch_push_access_levels_on_protected_branch_id"),
        "protected_branch_push_access_levels",
        ["protected_branch_id"],
        unique=False,
    )
    op.create_table(
        "protected_branch_unprotect_access_levels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("protected_branch_id", sa.BigInteger(), nullable=False),
        sa.Column("access_level", sa.BigInteger(), server_default="40", nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["namespaces.id"],
            name=op.f("fk_protected_branch_unprotect_access_levels_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_branch_id"],
            ["protected_branches.id"],
            name=op.f("fk_protected_branch_unprotect_access_levels_protected_branch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_protected_branch_unprotect_access_levels_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_branch_unprotect_access_levels_pkey")),
    )
    op.create_index(
        op.f("index_protected_branch_unprotect_access_levels_on_group_id"),
        "protected_branch_unprotect_access_levels",
        ["group_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_protected_branch_unprotect_access_levels_on_protected_branch_id"),
        "protected_branch_unprotect_access_levels",
        ["protected_branch_id"],
        unique=False,
    )
    op.create_table(
        "protected_environment_deploy_access_levels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("access_level", sa.BigInteger(), nullable=True),
        sa.Column("protected_environment_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["namespaces.id"],
            name=op.f("fk_protected_environment_deploy_access_levels_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_environment_id"],
            ["protected_environments.id"],
            name=op.f("fk_protected_environment_deploy_access_levels_protected_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_protected_environment_deploy_access_levels_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_environment_deploy_access_levels_pkey")),
    )
    op.create_index(
        op.f("index_protected_environment_deploy_access_levels_on_group_id"),
        "protected_environment_deploy_access_levels",
        ["group_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_protected_environment_deploy_access_levels_on_protected_environment_id"),
        "protected_environment_deploy_access_levels",
        ["protected_environment_id"],
        unique=False,
    )
    op.create_table(
        "protected_tag_create_access_levels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("protected_tag_id", sa.BigInteger(), nullable=False),
        sa.Column("access_level", sa.BigInteger(), server_default="40", nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["namespaces.id"],
            name=op.f("fk_protected_tag_create_access_levels_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protected_tag_id"],
            ["protected_tags.id"],
            name=op.f("fk_protected_tag_create_access_levels_protected_tag_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_protected_tag_create_access_levels_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("protected_tag_create_access_levels_pkey")),
    )
    op.create_index(
        op.f("index_protected_tag_create_access_levels_on_group_id"),
        "protected_tag_create_access_levels",
        ["group_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_protected_tag_create_access_levels_on_protected_tag_id"),
        "protected_tag_create_access_levels",
        ["protected_tag_id"],
        unique=False,
    )
    op.create_table(
        "push_event_payloads",
        sa.Column("commit_count", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("ref_type", sa.SmallInteger(), nullable=False),
        sa.Column("commit_from", sa.Text(), nullable=True),
        sa.Column("commit_to", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("commit_title", sa.String(length=70), nullable=True),
        sa.Column("ref_count", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_push_event_payloads_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("push_event_payloads_pkey")),
    )
    op.create_table(
        "release_links",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("filepath", sa.String(length=128), nullable=True),
        sa.Column("link_type", sa.SmallInteger(), server_default="0", nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_links_release_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("release_links_pkey")),
        sa.UniqueConstraint("release_id", "name", name=op.f("unique_release_links_on_release_id_name")),
        sa.UniqueConstraint("release_id", "url", name=op.f("unique_release_links_on_release_id_url")),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("relative_order", sa.SmallInteger(), nullable=False),
        sa.Column("applied", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("commit_id", sa.Text(), nullable=True),
        sa.Column("from_content", sa.Text(), nullable=False),
        sa.Column("to_content", sa.Text(), nullable=False),
        sa.Column("lines_above", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lines_below", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outdated", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_suggestions_note_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("suggestions_pkey")),
        sa.UniqueConstraint("note_id", "relative_order", name=op.f("unique_suggestions_on_note_id_relative_order")),
    )
    op.create_table(
        "system_note_metadata",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("commit_count", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"], ["notes.id"], name=op.f("fk_system_note_metadata_note_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("system_note_metadata_pkey")),
        sa.UniqueConstraint("note_id", name=op.f("unique_system_note_metadata_on_note_id")),
    )
    op.create_table(
        "vulnerability_reads",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("vulnerability_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("scanner_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_vulnerability_reads_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scanner_id"],
            ["vulnerability_scanners.id"],
            name=op.f("fk_vulnerability_reads_scanner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vulnerability_id"],
            ["vulnerabilities.id"],
            name=op.f("fk_vulnerability_reads_vulnerability_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerability_reads_pkey")),
        sa.UniqueConstraint("vulnerability_id", name=op.f("unique_vulnerability_reads_on_vulnerability_id")),
    )
    op.create_index(
        op.f("index_vulnerability_reads_on_project_id"), "vulnerability_reads", ["project_id"], unique=False
    )
    op.create_index(
        op.f("index_vulnerability_reads_on_scanner_id"), "vulnerability_reads", ["scanner_id"], unique=False
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["merge_request_id"], ["merge_requests.id"], name=op.f("fk_approvals_merge_request_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_approvals_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("approvals_pkey")),
        sa.UniqueConstraint("user_id", "merge_request_id", name=op.f("unique_approvals_on_user_id_merge_request_id")),
    )
    op.create_index(op.f("index_approvals_on_merge_request_id"), "approvals", ["merge_request_id"], unique=False)
    op.create_table(
        "board_assignees",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("board_id", sa.BigInteger(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_board_assignees_assignee_id")),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_assignees_board_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("board_assignees_pkey")),
        sa.UniqueConstraint("board_id", name=op.f("unique_board_assignees_on_board_id")),
    )
    op.create_table(
        "board_labels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("board_id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_board_labels_board_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_board_labels_label_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("board_labels_pkey")),
        sa.UniqueConstraint("board_id", "label_id", name=op.f("unique_board_labels_on_board_id_label_id")),
    )
    op.create_index(op.f("index_board_labels_on_label_id"), "board_labels", ["label_id"], unique=False)
    op.create_table(
        "bulk_import_batch_trackers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("tracker_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_number", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("first_index", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("accounting", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tracker_id"],
            ["bulk_import_trackers.id"],
            name=op.f("fk_bulk_import_batch_trackers_tracker_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_batch_trackers_pkey")),
        sa.UniqueConstraint(
            "tracker_id", "batch_number", name=op.f("unique_bulk_import_batch_trackers_on_tracker_id_batch_number")
        ),
    )
    op.create_table(
        "bulk_import_failures",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("bulk_import_entity_id", sa.BigInteger(), nullable=False),
        sa.Column("tracker_id", sa.BigInteger(), nullable=True),
        sa.Column("pipeline_class", sa.Text(), nullable=False),
        sa.Column("pipeline_step", sa.Text(), nullable=False),
        sa.Column("exception_class", sa.Text(), nullable=False),
        sa.Column("exception_message", sa.String(length=255), nullable=False),
        sa.Column("subrelation", sa.Text(), nullable=False),
        sa.Column("batch_number", sa.BigInteger(), nullable=False),
        sa.Column("line_index", sa.BigInteger(), nullable=True),
        sa.Column("source_title", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulk_import_entity_id"],
            ["bulk_import_entities.id"],
            name=op.f("fk_bulk_import_failures_bulk_import_entity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tracker_id"],
            ["bulk_import_trackers.id"],
            name=op.f("fk_bulk_import_failures_tracker_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_import_failures_pkey")),
    )
    op.create_index(
        op.f("index_bulk_import_failures_on_bulk_import_entity_id"),
        "bulk_import_failures",
        ["bulk_import_entity_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_bulk_import_failures_on_tracker_id"), "bulk_import_failures", ["tracker_id"], unique=False
    )
    op.create_table(
        "design_management_designs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("relative_position", sa.BigInteger(), nullable=True),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_design_management_designs_issue_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_design_management_designs_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("design_management_designs_pkey")),
        sa.UniqueConstraint("issue_id", "filename", name=op.f("unique_design_management_designs_on_issue_id_filename")),
    )
    op.create_index(
        op.f("index_design_management_designs_on_project_id"), "design_management_designs", ["project_id"], unique=False
    )
    op.create_table(
        "design_management_versions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_design_management_versions_author_id")),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_design_management_versions_issue_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("design_management_versions_pkey")),
        sa.UniqueConstraint("sha", "issue_id", name=op.f("unique_design_management_versions_on_sha_issue_id")),
    )
    op.create_index(
        op.f("index_design_management_versions_on_issue_id"), "design_management_versions", ["issue_id"], unique=False
    )
    op.create_table(
        "epic_issues",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("epic_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epic_id"], ["epics.id"], name=op.f("fk_epic_issues_epic_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_epic_issues_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("epic_issues_pkey")),
        sa.UniqueConstraint("issue_id", name=op.f("unique_epic_issues_on_issue_id")),
    )
    op.create_index(op.f("index_epic_issues_on_epic_id"), "epic_issues", ["epic_id"], unique=False)
    op.create_table(
        "issuable_slas",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_issuable_slas_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("issuable_slas_pkey")),
        sa.UniqueConstraint("issue_id", name=op.f("unique_issuable_slas_on_issue_id")),
    )
    op.create_table(
        "issue_assignees",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_issue_assignees_issue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_issue_assignees_user_id")),
        sa.PrimaryKeyConstraint("user_id", "issue_id", name=op.f("issue_assignees_pkey")),
    )
    op.create_table(
        "lists",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("board_id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=True),
        sa.Column("list_type", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("max_issue_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("max_issue_weight", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("limit_metric", sa.String(length=20), nullable=True),
        sa.Column("iteration_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_lists_board_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["iteration_id"], ["sprints.id"], name=op.f("fk_lists_iteration_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_lists_label_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_lists_milestone_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_lists_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("lists_pkey")),
    )
    op.create_index(op.f("index_lists_on_board_id"), "lists", ["board_id"], unique=False)
    op.create_index(op.f("index_lists_on_iteration_id"), "lists", ["iteration_id"], unique=False)
    op.create_index(op.f("index_lists_on_label_id"), "lists", ["label_id"], unique=False)
    op.create_index(op.f("index_lists_on_milestone_id"), "lists", ["milestone_id"], unique=False)
    op.create_table(
        "merge_request_assignees",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_merge_request_assignees_merge_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_merge_request_assignees_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_assignees_pkey")),
        sa.UniqueConstraint(
            "merge_request_id", "user_id", name=op.f("unique_merge_request_assignees_on_merge_request_id_user_id")
        ),
    )
    op.create_table(
        "merge_request_diffs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("base_commit_sha", sa.Text(), nullable=True),
        sa.Column("real_size", sa.Text(), nullable=True),
        sa.Column("head_commit_sha", sa.Text(), nullable=True),
        sa.Column("start_commit_sha", sa.Text(), nullable=True),
        sa.Column("commits_count", sa.BigInteger(), nullable=True),
        sa.Column("files_count", sa.SmallInteger(), nullable=True),
        sa.Column("sorted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("diff_type", sa.SmallInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_merge_request_diffs_merge_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_diffs_pkey")),
    )
    op.create_index(
        op.f("index_merge_request_diffs_on_merge_request_id"), "merge_request_diffs", ["merge_request_id"], unique=False
    )
    op.create_table(
        "merge_request_metrics",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=False),
        sa.Column("latest_build_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_build_finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_deployed_to_production_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("merged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("latest_closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("latest_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_comment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_commit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_commit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("diff_size", sa.BigInteger(), nullable=True),
        sa.Column("modified_paths_size", sa.BigInteger(), nullable=True),
        sa.Column("commits_count", sa.BigInteger(), nullable=True),
        sa.Column("first_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_reassigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_lines", sa.BigInteger(), nullable=True),
        sa.Column("removed_lines", sa.BigInteger(), nullable=True),
        sa.Column("target_project_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["latest_closed_by_id"], ["users.id"], name=op.f("fk_merge_request_metrics_latest_closed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_merge_request_metrics_merge_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["merged_by_id"], ["users.id"], name=op.f("fk_merge_request_metrics_merged_by_id")),
        sa.ForeignKeyConstraint(
            ["target_project_id"],
            ["projects.id"],
            name=op.f("fk_merge_request_metrics_target_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_metrics_pkey")),
        sa.UniqueConstraint("merge_request_id", name=op.f("unique_merge_request_metrics_on_merge_request_id")),
    )
    op.create_index(
        op.f("index_merge_request_metrics_on_target_project_id"),
        "merge_request_metrics",
        ["target_project_id"],
        unique=False,
    )
    op.create_table(
        "merge_request_reviewers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_merge_request_reviewers_merge_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_merge_request_reviewers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("merge_request_reviewers_pkey")),
        sa.UniqueConstraint(
            "merge_request_id", "user_id", name=op.f("unique_merge_request_reviewers_on_merge_request_id_user_id")
        ),
    )
    op.create_table(
        "p_ci_pipelines",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("before_sha", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tag", sa.Boolean(), server_default="false", nullable=True),
        sa.Column("yaml_errors", sa.Text(), nullable=True),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=True),
        sa.Column("config_source", sa.SmallInteger(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=True),
        sa.Column("failure_reason", sa.SmallInteger(), nullable=True),
        sa.Column("iid", sa.BigInteger(), nullable=False),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("source_sha", sa.Text(), nullable=True),
        sa.Column("target_sha", sa.Text(), nullable=True),
        sa.Column("external_pull_request_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["external_pull_request_id"],
            ["external_pull_requests.id"],
            name=op.f("fk_p_ci_pipelines_external_pull_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_p_ci_pipelines_merge_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_p_ci_pipelines_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_p_ci_pipelines_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("p_ci_pipelines_pkey")),
        sa.UniqueConstraint("project_id", "iid", name=op.f("unique_p_ci_pipelines_on_project_id_iid")),
    )
    op.create_index(
        op.f("index_p_ci_pipelines_on_external_pull_request_id"),
        "p_ci_pipelines",
        ["external_pull_request_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_p_ci_pipelines_on_merge_request_id"), "p_ci_pipelines", ["merge_request_id"], unique=False
    )
    op.create_table(
        "resource_iteration_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("iteration_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_resource_iteration_events_issue_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["iteration_id"], ["sprints.id"], name=op.f("fk_resource_iteration_events_iteration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_resource_iteration_events_merge_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_resource_iteration_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("resource_iteration_events_pkey")),
    )
    op.create_index(
        op.f("index_resource_iteration_events_on_issue_id"), "resource_iteration_events", ["issue_id"], unique=False
    )
    op.create_index(
        op.f("index_resource_iteration_events_on_iteration_id"),
        "resource_iteration_events",
        ["iteration_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_resource_iteration_events_on_merge_request_id"),
        "resource_iteration_events",
        ["merge_request_id"],
        unique=False,
    )
    op.create_table(
        "resource_label_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("epic_id", sa.BigInteger(), nullable=True),
        sa.Column("label_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["epic_id"], ["epics.id"], name=op.f("fk_resource_label_events_epic_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_resource_label_events_issue_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_resource_label_events_label_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_resource_label_events_merge_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_resource_label_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("resource_label_events_pkey")),
    )
    op.create_index(op.f("index_resource_label_events_on_epic_id"), "resource_label_events", ["epic_id"], unique=False)
    op.create_index(
        op.f("index_resource_label_events_on_issue_id"), "resource_label_events", ["issue_id"], unique=False
    )
    op.create_index(
        op.f("index_resource_label_events_on_label_id"), "resource_label_events", ["label_id"], unique=False
    )
    op.create_index(
        op.f("index_resource_label_events_on_merge_request_id"),
        "resource_label_events",
        ["merge_request_id"],
        unique=False,
    )
    op.create_table(
        "resource_milestone_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_resource_milestone_events_issue_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_resource_milestone_events_merge_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestones.id"],
            name=op.f("fk_resource_milestone_events_milestone_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_resource_milestone_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("resource_milestone_events_pkey")),
    )
    op.create_index(
        op.f("index_resource_milestone_events_on_issue_id"), "resource_milestone_events", ["issue_id"], unique=False
    )
    op.create_index(
        op.f("index_resource_milestone_events_on_merge_request_id"),
        "resource_milestone_events",
        ["merge_request_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_resource_milestone_events_on_milestone_id"),
        "resource_milestone_events",
        ["milestone_id"],
        unique=False,
    )
    op.create_table(
        "resource_state_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("epic_id", sa.BigInteger(), nullable=True),
        sa.Column("source_commit", sa.Text(), nullable=True),
        sa.Column("close_after_error_tracking_resolve", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("close_auto_resolve_prometheus_alert", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["epic_id"], ["epics.id"], name=op.f("fk_resource_state_events_epic_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_resource_state_events_issue_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_id"],
            ["merge_requests.id"],
            name=op.f("fk_resource_state_events_merge_request_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_resource_state_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("resource_state_events_pkey")),
    )
    op.create_index(op.f("index_resource_state_events_on_epic_id"), "resource_state_events", ["epic_id"], unique=False)
    op.create_index(
        op.f("index_resource_state_events_on_issue_id"), "resource_state_events", ["issue_id"], unique=False
    )
    op.create_index(
        op.f("index_resource_state_events_on_merge_request_id"),
        "resource_state_events",
        ["merge_request_id"],
        unique=False,
    )
    op.create_table(
        "sentry_issues",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("sentry_issue_identifier", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_sentry_issues_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sentry_issues_pkey")),
        sa.UniqueConstraint("issue_id", name=op.f("unique_sentry_issues_on_issue_id")),
    )
    op.create_table(
        "timelogs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("time_spent", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_id", sa.BigInteger(), nullable=True),
        sa.Column("spent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("note_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_timelogs_issue_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["merge_request_id"], ["merge_requests.id"], name=op.f("fk_timelogs_merge_request_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_timelogs_note_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_timelogs_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_timelogs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("timelogs_pkey")),
    )
    op.create_index(op.f("index_timelogs_on_issue_id"), "timelogs", ["issue_id"], unique=False)
    op.create_index(op.f("index_timelogs_on_merge_request_id"), "timelogs", ["merge_request_id"], unique=False)
    op.create_index(op.f("index_timelogs_on_note_id"), "timelogs", ["note_id"], unique=False)
    op.create_index(op.f("index_timelogs_on_project_id"), "timelogs", ["project_id"], unique=False)
    op.create_table(
        "work_item_descriptions",
        sa.Column("work_item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_edited_by_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["last_edited_by_id"], ["users.id"], name=op.f("fk_work_item_descriptions_last_edited_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["issues.id"], name=op.f("fk_work_item_descriptions_work_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("work_item_id", name=op.f("work_item_descriptions_pkey")),
    )
    op.create_table(
        "zoom_meetings",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("issue_status", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("url", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_zoom_meetings_issue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_zoom_meetings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("zoom_meetings_pkey")),
    )
    op.create_index(op.f("index_zoom_meetings_on_issue_id"), "zoom_meetings", ["issue_id"], unique=False)
    op.create_index(op.f("index_zoom_meetings_on_project_id"), "zoom_meetings", ["project_id"], unique=False)
    op.create_table(
        "ci_pipeline_metadata",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("pipeline_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["p_ci_pipelines.id"], name=op.f("fk_ci_pipeline_metadata_pipeline_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ci_pipeline_metadata_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pipeline_id", name=op.f("ci_pipeline_metadata_pkey")),
    )
    op.create_index(
        op.f("index_ci_pipeline_metadata_on_project_id"), "ci_pipeline_metadata", ["project_id"], unique=False
    )
    op.create_table(
        "design_management_designs_versions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("design_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design_management_designs.id"],
            name=op.f("fk_design_management_designs_versions_design_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["design_management_versions.id"],
            name=op.f("fk_design_management_designs_versions_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("design_management_designs_versions_pkey")),
        sa.UniqueConstraint(
            "design_id", "version_id", name=op.f("unique_design_management_designs_versions_on_design_id_version_id")
        ),
    )
    op.create_index(
        op.f("index_design_management_designs_versions_on_version_id"),
        "design_management_designs_versions",
        ["version_id"],
        unique=False,
    )
    op.create_table(
        "merge_request_diff_commits",
        sa.Column("authored_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merge_request_diff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("relative_order", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("trailers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=True),
        sa.Column("commit_author_id", sa.BigInteger(), nullable=True),
        sa.Column("committer_id", sa.BigInteger(), nullable=True),
        sa.Column("merge_request_commits_metadata_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["commit_author_id"],
            ["merge_request_diff_commit_users.id"],
            name=op.f("fk_merge_request_diff_commits_commit_author_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["committer_id"],
            ["merge_request_diff_commit_users.id"],
            name=op.f("fk_merge_request_diff_commits_committer_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_commits_metadata_id"],
            ["merge_request_commits_metadata.id"],
            name=op.f("fk_merge_request_diff_commits_merge_request_commits_metadata_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["merge_request_diff_id"],
            ["merge_request_diffs.id"],
            name=op.f("fk_merge_request_diff_commits_merge_request_diff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "merge_request_diff_id", "relative_order", name=op.f("merge_request_diff_commits_pkey")
        ),
    )
    op.create_table(
        "merge_request_diff_files",
        sa.Column("merge_request_diff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("relative_order", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("new_file", sa.Boolean(), nullable=False),
        sa.Column("renamed_file", sa.Boolean(), nullable=False),
        sa.Column("deleted_file", sa.Boolean(), nullable=False),
        sa.Column("too_large", sa.Boolean(), nullable=False),
        sa.Column("a_mode", sa.Text(), nullable=False),
        sa.Column("b_mode", sa.Text(), nullable=False),
        sa.Column("new_path", sa.Text(), nullable=True),
        sa.Column("old_path", sa.Text(), nullable=False),
        sa.Column("diff", sa.Text(), nullable=True),
        sa.Column("binary", sa.Boolean(), nullable=True),
        sa.Column("encoded_file_path", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["merge_request_diff_id"],
            ["merge_request_diffs.id"],
            name=op.f("fk_merge_request_diff_files_merge_request_diff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merge_request_diff_id", "relative_order", name=op.f("merge_request_diff_files_pkey")),
    )
    op.create_table(
        "p_ci_stages",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("pipeline_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["p_ci_pipelines.id"], name=op.f("fk_p_ci_stages_pipeline_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_p_ci_stages_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("p_ci_stages_pkey")),
        sa.UniqueConstraint("pipeline_id", "name", name=op.f("unique_p_ci_stages_on_pipeline_id_name")),
    )
    op.create_index(op.f("index_p_ci_stages_on_project_id"), "p_ci_stages", ["project_id"], unique=False)
    op.create_table(
        "vulnerability_occurrences",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("report_type", sa.SmallInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("scanner_id", sa.BigInteger(), nullable=False),
        sa.Column("primary_identifier_id", sa.BigInteger(), nullable=False),
        sa.Column("location_fingerprint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metadata_version", sa.Text(), nullable=False),
        sa.Column("raw_metadata", sa.Text(), nullable=True),
        sa.Column("vulnerability_id", sa.BigInteger(), nullable=True),
        sa.Column("detection_method", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "uuid", sa.Uuid(as_uuid=False), server_default="00000000-0000-0000-0000-000000000000", nullable=False
        ),
        sa.Column("initial_pipeline_id", sa.BigInteger(), nullable=True),
        sa.Column("latest_pipeline_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["initial_pipeline_id"],
            ["p_ci_pipelines.id"],
            name=op.f("fk_vulnerability_occurrences_initial_pipeline_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["latest_pipeline_id"],
            ["p_ci_pipelines.id"],
            name=op.f("fk_vulnerability_occurrences_latest_pipeline_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["primary_identifier_id"],
            ["vulnerability_identifiers.id"],
            name=op.f("fk_vulnerability_occurrences_primary_identifier_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_vulnerability_occurrences_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scanner_id"],
            ["vulnerability_scanners.id"],
            name=op.f("fk_vulnerability_occurrences_scanner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vulnerability_id"],
            ["vulnerabilities.id"],
            name=op.f("fk_vulnerability_occurrences_vulnerability_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerability_occurrences_pkey")),
        sa.UniqueConstraint("project_id", "uuid", name=op.f("unique_vulnerability_occurrences_on_project_id_uuid")),
    )
    op.create_index(
        op.f("index_vulnerability_occurrences_on_initial_pipeline_id"),
        "vulnerability_occurrences",
        ["initial_pipeline_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_vulnerability_occurrences_on_latest_pipeline_id"),
        "vulnerability_occurrences",
        ["latest_pipeline_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_vulnerability_occurrences_on_primary_identifier_id"),
        "vulnerability_occurrences",
        ["primary_identifier_id"],
        unique=False,
    )
    op.create_index(
        op.f("index_vulnerability_occurrences_on_scanner_id"), "vulnerability_occurrences", ["scanner_id"], unique=False
    )
    op.create_index(
        op.f("index_vulnerability_occurrences_on_vulnerability_id"),
        "vulnerability_occurrences",
        ["vulnerability_id"],
        unique=False,
    )
    op.create_table(
        "p_ci_builds",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("allow_failure", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("stage_idx", sa.BigInteger(), nullable=True),
        sa.Column("tag", sa.Boolean(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("target_url", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("artifacts_expire_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lock_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coverage_regex", sa.Text(), nullable=True),
        sa.Column("retried", sa.Boolean(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=True),
        sa.Column("failure_reason", sa.SmallInteger(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_encrypted", sa.Text(), nullable=True),
        sa.Column("scheduling_type", sa.SmallInteger(), nullable=True),
        sa.Column("stage_id", sa.BigInteger(), nullable=True),
        sa.Column("commit_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["commit_id"], ["p_ci_pipelines.id"], name=op.f("fk_p_ci_builds_commit_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_p_ci_builds_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["p_ci_stages.id"], name=op.f("fk_p_ci_builds_stage_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_p_ci_builds_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("p_ci_builds_pkey")),
    )
    op.create_index(op.f("index_p_ci_builds_on_commit_id"), "p_ci_builds", ["commit_id"], unique=False)
    op.create_index(op.f("index_p_ci_builds_on_project_id"), "p_ci_builds", ["project_id"], unique=False)
    op.create_index(op.f("index_p_ci_builds_on_stage_id"), "p_ci_builds", ["stage_id"], unique=False)
    op.create_table(
        "vulnerability_occurrence_identifiers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=False),
        sa.Column("identifier_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identifier_id"],
            ["vulnerability_identifiers.id"],
            name=op.f("fk_vulnerability_occurrence_identifiers_identifier_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["vulnerability_occurrences.id"],
            name=op.f("fk_vulnerability_occurrence_identifiers_occurrence_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("vulnerability_occurrence_identifiers_pkey")),
        sa.UniqueConstraint(
            "occurrence_id",
            "identifier_id",
            name=op.f("unique_vulnerability_occurrence_identifiers_on_occurrence_id_identifier_id"),
        ),
    )
    op.create_index(
        op.f("index_vulnerability_occurrence_identifiers_on_identifier_id"),
        "vulnerability_occurrence_identifiers",
        ["identifier_id"],
        unique=False,
    )
