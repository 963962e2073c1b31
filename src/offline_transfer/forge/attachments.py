"""Uploads and LFS objects: rows that name contents in the object store."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.forge.enums import LfsRepositoryType


class Upload(Base):
    """A file that somebody attached to a group or project, or its avatar (`mount_point`)."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index(None, "model_id", "model_type"),
        UniqueConstraint("model_type", "model_id", "secret", "path", postgresql_nulls_not_distinct=True),
    )
    __polymorphic__ = ("model_type", "model_id")

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str]
    checksum: Mapped[str]
    model_id: Mapped[int] = mapped_column(BigInteger)
    model_type: Mapped[str]
    uploader: Mapped[str]
    secret: Mapped[str | None]
    mount_point: Mapped[str | None]
    storage_key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LfsObject(Base):
    """Contents of a large file, known by the SHA-256 of its bytes."""

    __tablename__ = "lfs_objects"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    oid: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    storage_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LfsObjectsProject(Base):
    """One project's use of an LFS object."""

    __tablename__ = "lfs_objects_projects"
    __table_args__ = (
        UniqueConstraint("project_id", "lfs_object_id", "repository_type", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lfs_object_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lfs_objects.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    repository_type: Mapped[LfsRepositoryType | None] = mapped_column(EnumInteger(LfsRepositoryType))
