"""Issue boards and epic boards."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import EpicListType, ListType


class Board(Base):
    """One row of `boards`."""

    __tablename__ = "boards"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    name: Mapped[str] = mapped_column(server_default="Development", info={"present": True})
    milestone_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    group_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True
    )
    weight: Mapped[int | None]
    hide_backlog_list: Mapped[bool] = mapped_column(server_default="false")
    hide_closed_list: Mapped[bool] = mapped_column(server_default="false")


class List(Base):
    """One row of `lists`."""

    __tablename__ = "lists"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    board_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("boards.id", ondelete="CASCADE"), index=True)
    label_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="SET NULL"), index=True)
    list_type: Mapped[ListType] = mapped_column(EnumInteger(ListType), server_default="1")
    position: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    milestone_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("milestones.id", ondelete="SET NULL"), index=True
    )
    max_issue_count: Mapped[int] = mapped_column(server_default="0")
    max_issue_weight: Mapped[int] = mapped_column(server_default="0")
    limit_metric: Mapped[str | None] = mapped_column(String(20))
    iteration_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("sprints.id", ondelete="SET NULL"), index=True
    )


class BoardAssignee(Base):
    """One row of `board_assignees`."""

    __tablename__ = "board_assignees"
    __table_args__ = (UniqueConstraint("board_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    board_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("boards.id", ondelete="CASCADE"))
    assignee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))


class BoardLabel(Base):
    """One row of `board_labels`."""

    __tablename__ = "board_labels"
    __table_args__ = (UniqueConstraint("board_id", "label_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    board_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("boards.id", ondelete="CASCADE"))
    label_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="CASCADE"), index=True)


class EpicBoard(Base):
    """One row of `boards_epic_boards`."""

    __tablename__ = "boards_epic_boards"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hide_backlog_list: Mapped[bool] = mapped_column(server_default="false")
    hide_closed_list: Mapped[bool] = mapped_column(server_default="false")
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    name: Mapped[str] = mapped_column(server_default="Development")
    display_colors: Mapped[bool] = mapped_column(server_default="true")


class EpicList(Base):
    """One row of `boards_epic_lists`."""

    __tablename__ = "boards_epic_lists"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    epic_board_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("boards_epic_boards.id", ondelete="CASCADE"), index=True
    )
    label_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("labels.id", ondelete="SET NULL"), index=True)
    position: Mapped[int | None]
    list_type: Mapped[EpicListType] = mapped_column(EnumInteger(EpicListType), server_default="1")
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"), index=True)
