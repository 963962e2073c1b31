"""What happened: activity events and resource events."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import (
    EventAction,
    IssuableState,
    PushAction,
    PushRefType,
    ResourceEventAction,
    ResourceState,
)


class Event(Base):
    """One row of `events`."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "target_id", "target_type"),)
    __polymorphic__ = ("target_type", "target_id")

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    action: Mapped[EventAction] = mapped_column(EnumInteger(EventAction))
    target_type: Mapped[str | None]
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
    fingerprint: Mapped[str | None]
    target_id: Mapped[int | None] = mapped_column(BigInteger)


class PushEventPayload(Base):
    """One row of `push_event_payloads`."""

    __tablename__ = "push_event_payloads"

    commit_count: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[PushAction] = mapped_column(EnumInteger(PushAction))
    ref_type: Mapped[PushRefType] = mapped_column(EnumInteger(PushRefType))
    commit_from: Mapped[str | None]
    commit_to: Mapped[str | None]
    ref: Mapped[str | None]
    commit_title: Mapped[str | None] = mapped_column(String(70))
    ref_count: Mapped[int | None]
    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class ResourceLabelEvent(Base):
    """One row of `resource_label_events`."""

    __tablename__ = "resource_label_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    action: Mapped[ResourceEventAction] = mapped_column(EnumInteger(ResourceEventAction))
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    epic_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("epics.id", ondelete="SET NULL"), index=True)
    label_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ResourceMilestoneEvent(Base):
    """One row of `resource_milestone_events`."""

    __tablename__ = "resource_milestone_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    milestone_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    action: Mapped[ResourceEventAction] = mapped_column(EnumInteger(ResourceEventAction))
    state: Mapped[IssuableState] = mapped_column(EnumInteger(IssuableState))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ResourceStateEvent(Base):
    """One row of `resource_state_events`."""

    __tablename__ = "resource_state_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[ResourceState] = mapped_column(EnumInteger(ResourceState))
    epic_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("epics.id", ondelete="SET NULL"), index=True)
    source_commit: Mapped[str | None]
    close_after_error_tracking_resolve: Mapped[bool] = mapped_column(server_default="false")
    close_auto_resolve_prometheus_alert: Mapped[bool] = mapped_column(server_default="false")


class ResourceIterationEvent(Base):
    """One row of `resource_iteration_events`."""

    __tablename__ = "resource_iteration_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    issue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    merge_request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="SET NULL"), index=True
    )
    iteration_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sprints.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    action: Mapped[ResourceEventAction] = mapped_column(EnumInteger(ResourceEventAction))
