"""Comments on anything, and what hangs on a comment."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, TextFormat


class Note(Base):
    """One row of `notes`."""

    __tablename__ = "notes"
    __table_args__ = (Index(None, "noteable_id", "noteable_type"),)
    __polymorphic__ = ("noteable_type", "noteable_id")
    __polymorphic_names__ = ("Note",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    note: Mapped[str | None]
    noteable_type: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    line_code: Mapped[str | None]
    commit_id: Mapped[str | None]
    noteable_id: Mapped[int | None] = mapped_column(BigInteger)
    system: Mapped[bool] = mapped_column(server_default="false")
    st_diff: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    type: Mapped[str | None] = mapped_column(info={"format": TextFormat.WORD})
    position: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    original_position: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolved_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    discussion_id: Mapped[str | None]
    note_html: Mapped[str | None]
    change_position: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    resolved_by_push: Mapped[bool | None]
    confidential: Mapped[bool | None]
    last_edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AwardEmoji(Base):
    """One row of `award_emoji`."""

    __tablename__ = "award_emoji"
    __table_args__ = (Index(None, "awardable_id", "awardable_type"),)
    __polymorphic__ = ("awardable_type", "awardable_id")

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(info={"present": True, "format": TextFormat.WORD})
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    awardable_type: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    awardable_id: Mapped[int | None] = mapped_column(BigInteger)


class SystemNoteMetadata(Base):
    """One row of `system_note_metadata`."""

    __tablename__ = "system_note_metadata"
    __table_args__ = (UniqueConstraint("note_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    commit_count: Mapped[int | None]
    action: Mapped[str | None] = mapped_column(info={"format": TextFormat.WORD})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    note_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notes.id", ondelete="CASCADE"))


class Suggestion(Base):
    """One row of `suggestions`."""

    __tablename__ = "suggestions"
    __table_args__ = (UniqueConstraint("note_id", "relative_order"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    relative_order: Mapped[int] = mapped_column(SmallInteger)
    applied: Mapped[bool] = mapped_column(server_default="false")
    commit_id: Mapped[str | None]
    from_content: Mapped[str]
    to_content: Mapped[str]
    lines_above: Mapped[int] = mapped_column(server_default="0")
    lines_below: Mapped[int] = mapped_column(server_default="0")
    outdated: Mapped[bool] = mapped_column(server_default="false")
    note_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notes.id", ondelete="CASCADE"))


class NoteDiffFile(Base):
    """One row of `note_diff_files`."""

    __tablename__ = "note_diff_files"
    __table_args__ = (UniqueConstraint("diff_note_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    diff: Mapped[str]
    new_file: Mapped[bool]
    renamed_file: Mapped[bool]
    deleted_file: Mapped[bool]
    a_mode: Mapped[str]
    b_mode: Mapped[str]
    new_path: Mapped[str]
    old_path: Mapped[str]
    diff_note_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notes.id", ondelete="CASCADE"))
