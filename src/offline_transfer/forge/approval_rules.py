"""Approval rules of a project (Enterprise Edition)."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, SmallInteger, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import ApprovalReportType, ApprovalRuleType


class ApprovalProjectRule(Base):
    """One row of `approval_project_rules`."""

    __tablename__ = "approval_project_rules"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    approvals_required: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    name: Mapped[str]
    rule_type: Mapped[ApprovalRuleType] = mapped_column(EnumInteger(ApprovalRuleType), server_default="0")
    scanners: Mapped[list[str] | None] = mapped_column(ARRAY(Text), server_default="{}")
    vulnerabilities_allowed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    severity_levels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    report_type: Mapped[ApprovalReportType | None] = mapped_column(EnumInteger(ApprovalReportType))
    vulnerability_states: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{new_needs_triage,new_dismissed}"
    )
    orchestration_policy_idx: Mapped[int | None] = mapped_column(SmallInteger)
    applies_to_all_protected_branches: Mapped[bool] = mapped_column(server_default="false")


class ApprovalProjectRulesProtectedBranch(Base):
    """One row of `approval_project_rules_protected_branches`."""

    __tablename__ = "approval_project_rules_protected_branches"

    approval_project_rule_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("approval_project_rules.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    protected_branch_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("protected_branches.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )


class ApprovalProjectRulesUser(Base):
    """One row of `approval_project_rules_users`."""

    __tablename__ = "approval_project_rules_users"
    __table_args__ = (UniqueConstraint("approval_project_rule_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    approval_project_rule_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("approval_project_rules.id", ondelete="CASCADE")
    )
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
