"""The rows of our own work: exports and imports, their relations, batches, objects and failures.

Tables, columns and integer states are GitLab's where GitLab has them; the other columns are ours and say so.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.transfers.states import (
    BatchState,
    EntityState,
    ExportState,
    ImportState,
    RelationState,
    SourceType,
    TrackerState,
)

ERROR_CHARACTERS = 255


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class OfflineExport(Timestamps, Base):
    """One export of groups and projects to storage."""

    __tablename__ = "import_offline_exports"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    status: Mapped[ExportState] = mapped_column(EnumInteger(ExportState), server_default="0")
    has_failures: Mapped[bool] = mapped_column(server_default="false")
    batch_size: Mapped[int]
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class OfflineConfiguration(Timestamps, Base):
    """Where the archive of one export or import lies."""

    __tablename__ = "import_offline_configurations"
    __table_args__ = (CheckConstraint("num_nonnulls(offline_export_id, bulk_import_id) = 1", name="one_owner"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE"), unique=True
    )
    bulk_import_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_imports.id", ondelete="CASCADE"), unique=True
    )
    location: Mapped[str]
    endpoint: Mapped[str | None]
    export_prefix: Mapped[str]
    source_hostname: Mapped[str | None]


class RelationExport(Timestamps, Base):
    """The export of one relation of one group or project."""

    __tablename__ = "bulk_import_exports"
    __table_args__ = (
        CheckConstraint("num_nonnulls(group_id, project_id) = 1", name="one_portable"),
        UniqueConstraint("offline_export_id", "relation", "group_id", "project_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE")
    )
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    relation: Mapped[str]
    status: Mapped[RelationState] = mapped_column(EnumInteger(RelationState), server_default="-2")
    batched: Mapped[bool] = mapped_column(server_default="false")
    batches_count: Mapped[int] = mapped_column(server_default="0")
    total_objects_count: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")


class ExportBatch(Timestamps, Base):
    """Some records of a relation that become one object; which ones is fixed when the relation starts."""

    __tablename__ = "bulk_import_export_batches"
    __table_args__ = (UniqueConstraint("export_id", "batch_number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    export_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_import_exports.id", ondelete="CASCADE"))
    batch_number: Mapped[int]
    status: Mapped[BatchState] = mapped_column(EnumInteger(BatchState), server_default="2")
    objects_count: Mapped[int] = mapped_column(server_default="0")
    record_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class ExportObject(Base):
    """One object that was written whole: its line of the manifest. Ours."""

    __tablename__ = "import_offline_export_objects"
    __table_args__ = (UniqueConstraint("export_id", "batch_number", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    export_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_import_exports.id", ondelete="CASCADE"))
    batch_number: Mapped[int | None]
    key: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_bytes: Mapped[int] = mapped_column(BigInteger)
    content_sha256: Mapped[str] = mapped_column(String(64))
    records: Mapped[dict[str, int]] = mapped_column(JSONB)
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ExportUser(Base):
    """A user whom the records of one portable name; they become its `user_contributions`. Ours."""

    __tablename__ = "import_offline_export_users"
    __table_args__ = (
        UniqueConstraint("offline_export_id", "group_id", "project_id", "user_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE")
    )
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))


class BulkImport(Timestamps, Base):
    """One import of groups and projects."""

    __tablename__ = "bulk_imports"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    source_type: Mapped[SourceType] = mapped_column(EnumInteger(SourceType))
    status: Mapped[ImportState] = mapped_column(EnumInteger(ImportState), server_default="0")
    source_version: Mapped[str | None]
    source_enterprise: Mapped[bool] = mapped_column(server_default="true")
    has_failures: Mapped[bool] = mapped_column(server_default="false")
    source_hostname: Mapped[str | None]
    source_ghost_user_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class ImportEntity(Timestamps, Base):
    """One group or project that an import brings in."""

    __tablename__ = "bulk_import_entities"
    __table_args__ = (Index(None, "bulk_import_id", "status"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bulk_import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_imports.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_entities.id", ondelete="CASCADE"), index=True
    )
    namespace_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="SET NULL"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="SET NULL"))
    source_type: Mapped[int] = mapped_column(SmallInteger)
    source_full_path: Mapped[str]
    source_prefix: Mapped[str]
    destination_name: Mapped[str]
    destination_namespace: Mapped[str]
    status: Mapped[EntityState] = mapped_column(EnumInteger(EntityState), server_default="0")
    has_failures: Mapped[bool] = mapped_column(server_default="false")
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class Tracker(Timestamps, Base):
    """One pipeline of one entity."""

    __tablename__ = "bulk_import_trackers"
    __table_args__ = (UniqueConstraint("bulk_import_entity_id", "relation"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bulk_import_entity_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("bulk_import_entities.id", ondelete="CASCADE")
    )
    relation: Mapped[str]
    stage: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[TrackerState] = mapped_column(EnumInteger(TrackerState), server_default="0")
    batched: Mapped[bool] = mapped_column(server_default="false")
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class BatchTracker(Timestamps, Base):
    """One object of a relation while it is imported; `accounting` tells what became of its records."""

    __tablename__ = "bulk_import_batch_trackers"
    __table_args__ = (UniqueConstraint("tracker_id", "batch_number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tracker_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_import_trackers.id", ondelete="CASCADE"))
    batch_number: Mapped[int]
    status: Mapped[TrackerState] = mapped_column(EnumInteger(TrackerState), server_default="0")
    first_index: Mapped[int] = mapped_column(BigInteger, server_default="0")
    accounting: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class ImportFailure(Base):
    """One record, object or step of an import that failed, and why."""

    __tablename__ = "bulk_import_failures"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bulk_import_entity_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("bulk_import_entities.id", ondelete="CASCADE"), index=True
    )
    tracker_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_trackers.id", ondelete="CASCADE"), index=True
    )
    pipeline_class: Mapped[str]
    pipeline_step: Mapped[str]
    exception_class: Mapped[str]
    exception_message: Mapped[str] = mapped_column(String(ERROR_CHARACTERS))
    subrelation: Mapped[str]
    batch_number: Mapped[int]
    line_index: Mapped[int | None]
    source_title: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
