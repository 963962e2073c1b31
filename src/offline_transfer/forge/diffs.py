"""Merge request diffs: the version of the code that was reviewed."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import DiffType


class MergeRequestDiff(Base):
    """One row of `merge_request_diffs`."""

    __tablename__ = "merge_request_diffs"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    state: Mapped[str | None] = mapped_column(info={"format": TextFormat.WORD})
    merge_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_requests.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    base_commit_sha: Mapped[str | None]
    real_size: Mapped[str | None]
    head_commit_sha: Mapped[str | None]
    start_commit_sha: Mapped[str | None]
    commits_count: Mapped[int | None]
    files_count: Mapped[int | None] = mapped_column(SmallInteger)
    sorted: Mapped[bool] = mapped_column(server_default="false")
    diff_type: Mapped[DiffType] = mapped_column(EnumInteger(DiffType), server_default="1")


class MergeRequestDiffCommit(Base):
    """One row of `merge_request_diff_commits`."""

    __tablename__ = "merge_request_diff_commits"

    authored_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    committed_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merge_request_diff_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_request_diffs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    relative_order: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha: Mapped[str | None]
    message: Mapped[str | None]
    trailers: Mapped[dict[str, object] | None] = mapped_column(JSONB, server_default="{}")
    commit_author_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_request_diff_commit_users.id", ondelete="SET NULL")
    )
    committer_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_request_diff_commit_users.id", ondelete="SET NULL")
    )
    merge_request_commits_metadata_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("merge_request_commits_metadata.id", ondelete="SET NULL"), index=True
    )


class MergeRequestDiffFile(Base):
    """One row of `merge_request_diff_files`."""

    __tablename__ = "merge_request_diff_files"

    merge_request_diff_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_request_diffs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    relative_order: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    new_file: Mapped[bool]
    renamed_file: Mapped[bool]
    deleted_file: Mapped[bool]
    too_large: Mapped[bool]
    a_mode: Mapped[str]
    b_mode: Mapped[str]
    new_path: Mapped[str | None]
    old_path: Mapped[str]
    diff: Mapped[str | None]
    binary: Mapped[bool | None]
    encoded_file_path: Mapped[bool] = mapped_column(server_default="false")


class MergeRequestDiffCommitUser(Base):
    """One row of `merge_request_diff_commit_users`."""

    __tablename__ = "merge_request_diff_commit_users"
    __table_args__ = (UniqueConstraint("name", "email", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str | None]
    email: Mapped[str | None]


class MergeRequestCommitsMetadata(Base):
    """One row of `merge_request_commits_metadata`."""

    __tablename__ = "merge_request_commits_metadata"
    __table_args__ = (UniqueConstraint("project_id", "sha"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    authored_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    committed_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    commit_author_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_request_diff_commit_users.id", ondelete="CASCADE"), index=True
    )
    committer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("merge_request_diff_commit_users.id", ondelete="CASCADE"), index=True
    )
    sha: Mapped[str]
    message: Mapped[str | None]
