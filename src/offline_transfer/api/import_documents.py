"""What answers about imports hold: GitLab's fields, then ours."""

from typing import Any

from pydantic import BaseModel, Field

from offline_transfer.api.described import Time


class Entities(BaseModel):
    """How many groups and projects of an import are in which state. Those that lie in others are found on the way."""

    created: int = 0
    started: int = 0
    finished: int = 0
    timeout: int = 0
    failed: int = 0
    canceled: int = 0


class Unchecked(BaseModel):
    """Something that could not be checked in an archive before it was imported, and why."""

    where: str | None
    reason: str


class BulkImport(BaseModel):
    """An import. Credentials and keys are told to nobody, not even to whoever gave them."""

    id: int
    status: str = Field(description="`created`, `started`, `finished`, `timeout`, `failed` or `canceled`.")
    source_type: str = Field(description="`offline_export`; ours is `file_export`.")
    source_url: str | None = Field(description="What the archive calls the instance that it comes from.")
    created_at: Time
    updated_at: Time
    has_failures: bool = Field(description="Whether something did not arrive.")
    source_version: str | None = Field(description="The version of the source.")
    bucket: str | None
    export_prefix: str | None = Field(description="The directory of the archive.")
    encrypted: bool = Field(description="Whether what opens an encrypted archive is kept.")
    origin: str | None = Field(description="`signed_known`, `signed_unknown` or `unsigned`.")
    signed_by: str | None = Field(description="The fingerprint of the key that has signed, if it is known here.")
    unchecked: list[Unchecked]
    started_at: Time | None
    ended_at: Time | None
    rolled_back_at: Time | None = Field(description="When somebody had it taken back.")
    error: str | None = Field(description="Why nothing was imported, or no more.")
    entities: Entities


class Plan(BaseModel):
    """What an import would do. The fields are those that `offline-transfer plan --json` prints."""

    archive: dict[str, Any] = Field(description="What the archive says of itself, and whose it is.")
    entities: list[dict[str, Any]] = Field(
        description="Where each group and project would go, and what would come of it."
    )
    users: list[dict[str, Any]] = Field(description="Whom the records name, and who would stand for them.")
    sizes: dict[str, Any] = Field(description="The largest objects, and what is allowed.")
    room: dict[str, Any] = Field(description="How much room it would take, and how much there is.")
    estimated_seconds: dict[str, Any] | None
    inactive: dict[str, Any] = Field(description="What would arrive switched off.")
    findings: list[dict[str, Any]] = Field(description="What is wrong with the archive.")
    blockers: list[dict[str, Any]] = Field(description="What has to be changed before the import.")
    warnings: list[dict[str, Any]] = Field(description="What should be known before it.")


class Failure(BaseModel):
    """A record, an object or a step that failed."""

    relation: str | None
    exception_message: str
    exception_class: str = Field(description="The reason, from the list in the reference.")
    correlation_id_value: str | None
    source_url: str | None
    source_title: str | None = Field(description="What the record is called.")
    pipeline_class: str
    pipeline_step: str
    created_at: Time
    subrelation: str = Field(description="The path of the record in the tree of its relation.")
    batch_number: int
    line: int | None = Field(description="The line in the object, from 1.")


class Stats(BaseModel):
    """What became of the records of a relation: `source` is `imported`, `skipped` and `failed` together."""

    source: int = Field(default=0, description="How many there are at the source, as far as the archive says.")
    fetched: int = Field(default=0, description="How many of them could be read in the archive.")
    imported: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: dict[str, int] = Field(default={}, description="Why records were skipped or failed, with their numbers.")


class ImportedEntity(BaseModel):
    """A group or project of an import."""

    id: int
    bulk_import_id: int
    status: str = Field(description="`created`, `started`, `finished`, `timeout`, `failed` or `canceled`.")
    entity_type: str = Field(description="`group` or `project`.")
    source_full_path: str
    destination_full_path: str
    destination_name: str
    destination_slug: str
    destination_namespace: str
    parent_id: int | None = Field(description="The entity in which it lies at the source, if that is imported too.")
    namespace_id: int | None = Field(description="The group that it became; null before, and when that was removed.")
    project_id: int | None = Field(description="The project that it became; null before, and when that was removed.")
    created_at: Time
    updated_at: Time
    failures: list[Failure] = Field(description="The first of them; the others are under `failures`.")
    migrate_projects: bool
    migrate_memberships: bool
    has_failures: bool
    stats: dict[str, Stats] = Field(description="By the path of the relation, such as `issues` and `issues.notes`.")
    skip_relations: list[str]
    error: str | None = Field(description="Why it failed as a whole.")
    kept: str | None = Field(description="Why it is still there although the import was taken back.")
