"""Namespaces (groups) and their settings."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class Namespace(Base):
    """One row of `namespaces`."""

    __tablename__ = "namespaces"
    __polymorphic_names__ = ("Namespace",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    path: Mapped[str]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    type: Mapped[str] = mapped_column(server_default="User")
    avatar: Mapped[str | None]
    membership_lock: Mapped[bool | None] = mapped_column(server_default="false")
    share_with_group_lock: Mapped[bool | None] = mapped_column(server_default="false")
    visibility_level: Mapped[int] = mapped_column(server_default="20")
    request_access_enabled: Mapped[bool] = mapped_column(server_default="true")
    lfs_enabled: Mapped[bool | None]
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
    require_two_factor_authentication: Mapped[bool] = mapped_column(server_default="false")
    two_factor_grace_period: Mapped[int] = mapped_column(server_default="48")
    project_creation_level: Mapped[int | None]
    runners_token: Mapped[str | None]
    runners_token_encrypted: Mapped[str | None]
    auto_devops_enabled: Mapped[bool | None]
    subgroup_creation_level: Mapped[int | None] = mapped_column(server_default="1")
    max_artifacts_size: Mapped[int | None]
    mentions_disabled: Mapped[bool | None]
    default_branch_protection: Mapped[int | None] = mapped_column(SmallInteger)
    shared_runners_enabled: Mapped[bool] = mapped_column(server_default="true")
    allow_descendants_override_disabled_shared_runners: Mapped[bool] = mapped_column(server_default="false")
    description: Mapped[str | None]
    emails_enabled: Mapped[bool] = mapped_column(server_default="true")


class NamespaceSetting(Base):
    """One row of `namespace_settings`."""

    __tablename__ = "namespace_settings"

    namespace_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    prevent_sharing_groups_outside_hierarchy: Mapped[bool] = mapped_column(server_default="false")
