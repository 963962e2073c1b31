"""Protected branches, tags and environments."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import SquashSetting


class ProtectedBranch(Base):
    """One row of `protected_branches`."""

    __tablename__ = "protected_branches"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(info={"present": True})
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    code_owner_approval_required: Mapped[bool] = mapped_column(server_default="false")
    allow_force_push: Mapped[bool] = mapped_column(server_default="false")


class MergeAccessLevel(Base):
    """One row of `protected_branch_merge_access_levels`."""

    __tablename__ = "protected_branch_merge_access_levels"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    protected_branch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_branches.id", ondelete="CASCADE"), index=True
    )
    access_level: Mapped[int | None] = mapped_column(server_default="40")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )


class PushAccessLevel(Base):
    """One row of `protected_branch_push_access_levels`."""

    __tablename__ = "protected_branch_push_access_levels"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    protected_branch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_branches.id", ondelete="CASCADE"), index=True
    )
    access_level: Mapped[int | None] = mapped_column(server_default="40")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )


class UnprotectAccessLevel(Base):
    """One row of `protected_branch_unprotect_access_levels`."""

    __tablename__ = "protected_branch_unprotect_access_levels"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    protected_branch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_branches.id", ondelete="CASCADE"), index=True
    )
    access_level: Mapped[int | None] = mapped_column(server_default="40")
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )


class SquashOption(Base):
    """One row of `projects_branch_rules_squash_options`."""

    __tablename__ = "projects_branch_rules_squash_options"
    __table_args__ = (UniqueConstraint("protected_branch_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    protected_branch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_branches.id", ondelete="CASCADE")
    )
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    squash_option: Mapped[SquashSetting] = mapped_column(EnumInteger(SquashSetting), server_default="3")


class ProtectedTag(Base):
    """One row of `protected_tags`."""

    __tablename__ = "protected_tags"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(info={"present": True})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class CreateAccessLevel(Base):
    """One row of `protected_tag_create_access_levels`."""

    __tablename__ = "protected_tag_create_access_levels"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    protected_tag_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_tags.id", ondelete="CASCADE"), index=True
    )
    access_level: Mapped[int | None] = mapped_column(server_default="40")
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ProtectedEnvironment(Base):
    """One row of `protected_environments`."""

    __tablename__ = "protected_environments"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        UniqueConstraint("group_id", "name"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    name: Mapped[str]
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))


class DeployAccessLevel(Base):
    """One row of `protected_environment_deploy_access_levels`."""

    __tablename__ = "protected_environment_deploy_access_levels"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    access_level: Mapped[int | None]
    protected_environment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("protected_environments.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
