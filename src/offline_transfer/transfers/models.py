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
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.transfers.failures import ERROR_CHARACTERS, Failable
from offline_transfer.transfers.states import (
    BatchState,
    EntityState,
    ExportState,
    ImportState,
    JobState,
    RelationState,
    SourceType,
    TrackerState,
)


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class OfflineExport(Failable, Timestamps, Base):
    """One export of groups and projects to storage."""

    __tablename__ = "import_offline_exports"
    __table_args__ = (Index(None, "user_id", "created_at"), Index(None, "status", "updated_at"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    status: Mapped[ExportState] = mapped_column(EnumInteger(ExportState), server_default="0")
    has_failures: Mapped[bool] = mapped_column(server_default="false")
    batch_size: Mapped[int]
    # Ours from here on.
    entities: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    encryption: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often its start or its end was begun: who began it earlier is no longer the one who does it."""
    jid: Mapped[str | None]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    mailed_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The `ended_at` of which a mail has told; an export that is tried again ends again."""


class OfflineConfiguration(Timestamps, Base):
    """Where the archive of one export or import lies."""

    __tablename__ = "import_offline_configurations"
    __table_args__ = (
        CheckConstraint("num_nonnulls(offline_export_id, bulk_import_id) = 1", name="one_owner"),
        Index(
            "index_import_offline_configurations_with_credentials",
            "offline_export_id",
            postgresql_where=text("object_storage_credentials IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE"), unique=True
    )
    bulk_import_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_imports.id", ondelete="CASCADE"), unique=True
    )
    provider: Mapped[int | None] = mapped_column(SmallInteger)
    bucket: Mapped[str | None]
    object_storage_credentials: Mapped[str | None]
    """Sealed; null once they were purged."""
    export_prefix: Mapped[str]
    source_hostname: Mapped[str | None]
    # Ours from here on.
    prefix: Mapped[str] = mapped_column(server_default="")
    """The directory in the bucket in which the export prefix lies."""
    disk_configuration: Mapped[dict[str, Any] | None]
    """How a directory is found again, which is no secret."""
    location: Mapped[str]
    """The place as messages name it, or as somebody typed it; without credentials."""
    endpoint: Mapped[str | None]
    limits: Mapped[dict[str, Any] | None]
    """Of imports: how much the archive may ask of us, where somebody has said so who trusts it."""
    decryption: Mapped[str | None]
    """Of imports: what opens an encrypted archive, sealed; null once it was purged."""


class RelationExport(Failable, Timestamps, Base):
    """The export of one relation of one group or project, which may be deleted meanwhile: hence no foreign keys to them."""

    __tablename__ = "bulk_import_exports"
    __table_args__ = (
        CheckConstraint("num_nonnulls(group_id, project_id) = 1", name="one_portable"),
        UniqueConstraint("offline_export_id", "relation", "group_id", "project_id", postgresql_nulls_not_distinct=True),
        Index(None, "offline_export_id", "group_id", "project_id"),
        Index(None, "offline_export_id", "status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE")
    )
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    relation: Mapped[str]
    status: Mapped[RelationState] = mapped_column(EnumInteger(RelationState), server_default="-2")
    batched: Mapped[bool] = mapped_column(server_default="false")
    batches_count: Mapped[int] = mapped_column(server_default="0")
    total_objects_count: Mapped[int] = mapped_column(server_default="0")
    # Ours from here on.
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    full_path: Mapped[str | None]
    """Of `self` relations: the path of the group or project when it was taken on."""
    skip_relations: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """Of `self` relations: what is left out on purpose."""
    exported_count: Mapped[int] = mapped_column(server_default="0")
    """How many of its records lie in the store."""
    bytes: Mapped[int] = mapped_column(server_default="0")
    """The size of its objects as they are stored."""
    retries: Mapped[int] = mapped_column(server_default="0")
    """How often its objects had to be sent again, whatever became of them."""


class ExportBatch(Failable, Timestamps, Base):
    """Some records of a relation that become one object; which ones is fixed when the relation starts."""

    __tablename__ = "bulk_import_export_batches"
    __table_args__ = (UniqueConstraint("export_id", "batch_number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    export_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_import_exports.id", ondelete="CASCADE"))
    batch_number: Mapped[int]
    status: Mapped[BatchState] = mapped_column(EnumInteger(BatchState), server_default="2")
    objects_count: Mapped[int] = mapped_column(server_default="0")
    record_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ExportJob(Timestamps, Base):
    """What one job of the queue does for an export: a group or project (its `self` row), a batch, or the users of one. Ours.

    It waits until its export has room for one more job at once, and then is released to the queue.
    """

    __tablename__ = "import_offline_export_jobs"
    __table_args__ = (
        CheckConstraint("num_nonnulls(export_id, batch_id) = 1", name="one_subject"),
        Index(None, "offline_export_id", "status", "id"),
        Index(None, "status", "updated_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE")
    )
    name: Mapped[str]
    export_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_exports.id", ondelete="CASCADE"), unique=True
    )
    batch_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_export_batches.id", ondelete="CASCADE"), unique=True
    )
    status: Mapped[JobState] = mapped_column(EnumInteger(JobState), server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often it was begun. Only the latest attempt may write anything down."""
    ended_attempts: Mapped[int] = mapped_column(server_default="0")
    """How many attempts were seen to end. The others may have died, or may live and be late."""
    jid: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))


class ExportObject(Base):
    """One object that was written whole: its line of the manifest. Ours."""

    __tablename__ = "import_offline_export_objects"
    __table_args__ = (
        UniqueConstraint("export_id", "batch_number", postgresql_nulls_not_distinct=True),
        UniqueConstraint("offline_export_id", "key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offline_export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_offline_exports.id", ondelete="CASCADE")
    )
    export_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_import_exports.id", ondelete="CASCADE"))
    batch_number: Mapped[int | None]
    # Bytewise, as the manifest orders keys, whatever the collation of the database is.
    key: Mapped[str] = mapped_column(Text(collation="C"))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_bytes: Mapped[int] = mapped_column(BigInteger)
    content_sha256: Mapped[str] = mapped_column(String(64))
    records: Mapped[dict[str, int]] = mapped_column(JSONB)
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_contested: Mapped[bool] = mapped_column(server_default="false")
    """Whether other bytes may come, or have come, to its key, so that what lies in the store has to be looked at."""


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
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))


class BulkImport(Timestamps, Base):
    """One import of groups and projects."""

    __tablename__ = "bulk_imports"
    __table_args__ = (Index(None, "user_id", "created_at"), Index(None, "status", "updated_at"))

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
    # Ours from here on.
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often its start or its end was begun: who began it earlier is no longer the one who does it."""
    jid: Mapped[str | None]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    mailed_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The `ended_at` of which a mail has told; an import that is tried again ends again."""
    origin: Mapped[str | None]
    """What its archive's signature said when it was taken on."""
    signed_by: Mapped[str | None]
    """The fingerprint of the key that signed it, if that is known here."""
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    """The hash of its archive's manifest, as stored: what is opened later has to be the same archive."""
    rolled_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When somebody last began to take back what it made; from then on nobody goes on with it."""
    unchecked: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """What could not be checked of its archive before the first row, and why."""
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When everything that it reads had been compared with the manifest of its archive."""


class ImportEntity(Timestamps, Base):
    """One group or project that an import brings in."""

    __tablename__ = "bulk_import_entities"
    __table_args__ = (Index(None, "bulk_import_id", "status"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bulk_import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_imports.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_entities.id", ondelete="CASCADE"), index=True
    )
    namespace_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("namespaces.id", ondelete="SET NULL"), index=True
    )
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="SET NULL"), index=True
    )
    source_type: Mapped[int] = mapped_column(SmallInteger)
    source_full_path: Mapped[str]
    source_prefix: Mapped[str]
    destination_name: Mapped[str]
    destination_namespace: Mapped[str]
    status: Mapped[EntityState] = mapped_column(EnumInteger(EntityState), server_default="0")
    has_failures: Mapped[bool] = mapped_column(server_default="false")
    migrate_projects: Mapped[bool] = mapped_column(server_default="true")
    migrate_memberships: Mapped[bool] = mapped_column(server_default="true")
    # Ours from here on.
    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))
    skip_relations: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """What is left out on purpose, here and in what lies below."""
    kept: Mapped[str | None]
    """Why a rollback could not remove it."""
    leave_out: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The paths at the source of what lies directly in it and does not come."""


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
    expected: Mapped[int | None] = mapped_column(BigInteger)
    """How many records or files the source says are in it; null where it does not say. Ours."""
    expected_nested: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    """How many records the source says are nested in those, by path; empty where it does not say. Ours."""
    retried_lines: Mapped[dict[str, dict[str, int]] | None] = mapped_column(JSONB(none_as_null=True))
    """Where only some records are tried again, the numbers of their lines, each with how many records were nested in it by path.

    The others of the object are done. Ours.
    """


class ImportJob(Timestamps, Base):
    """What one job of the queue does for an import: an entity, a pipeline, or one batch of a pipeline. Ours.

    It waits until its import has room for one more job at once, and then is released to the queue.
    """

    __tablename__ = "bulk_import_jobs"
    __table_args__ = (
        CheckConstraint("num_nonnulls(entity_id, tracker_id, batch_tracker_id) = 1", name="one_subject"),
        Index(None, "bulk_import_id", "status", "id"),
        Index(None, "status", "updated_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bulk_import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bulk_imports.id", ondelete="CASCADE"))
    name: Mapped[str]
    entity_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_entities.id", ondelete="CASCADE"), unique=True
    )
    tracker_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_trackers.id", ondelete="CASCADE"), unique=True
    )
    batch_tracker_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("bulk_import_batch_trackers.id", ondelete="CASCADE"), unique=True
    )
    status: Mapped[JobState] = mapped_column(EnumInteger(JobState), server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often it was begun. Only the latest attempt may write anything down."""
    ended_attempts: Mapped[int] = mapped_column(server_default="0")
    """How many attempts were seen to end. The others may have died, or may live and be late."""
    jid: Mapped[str | None]
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
    accounting: Mapped[dict[str, Any] | None]
    """Of a record of the first level: what was counted of its line, which trying it again replaces. Ours."""
