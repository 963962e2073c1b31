"""What answers about exports hold: GitLab's fields, then ours."""

from pydantic import BaseModel, Field

from offline_transfer.api.described import Time


class Relations(BaseModel):
    """How many relations of groups and projects are in which state."""

    pending: int = 0
    started: int = 0
    finished: int = 0
    failed: int = 0


class Done(BaseModel):
    """How far an export is."""

    relations: Relations = Relations()
    objects_count: int = Field(default=0, description="How many records, files and refs are in the store.")
    bytes: int = Field(default=0, description="How many bytes are in the store.")


class Export(BaseModel):
    """An export. Credentials are told to nobody, not even to whoever gave them."""

    id: int
    status: str = Field(description="`created`, `started`, `finished` or `failed`; ours are `timeout` and `canceled`.")
    source_hostname: str | None = Field(
        description="What the archive calls this instance. People see it when they are asked to accept contributions."
    )
    notice: str | None = Field(description="Where the source hostname will be seen, in words.")
    created_at: Time
    updated_at: Time
    has_failures: bool = Field(description="Whether something is missing in the archive.")
    bucket: str | None
    export_prefix: str | None = Field(description="The directory of the archive.")
    entities: list[str] = Field(description="The full paths of what was asked for.")
    encrypted: bool
    batch_size: int
    started_at: Time | None
    ended_at: Time | None
    error: str | None = Field(description="Why there is no archive.")
    done: Done


class Relation(BaseModel):
    """One relation of a group or project in an export."""

    entity: str = Field(description="The full path of the group or project.")
    relation: str
    status: str = Field(description="`pending`, `started`, `finished` or `failed`.")
    batches_count: int = Field(description="How many objects its records are divided into; 0 if they fit one.")
    batches_finished_count: int
    total_objects_count: int = Field(description="How many records there are, or files, or refs; 0 before it begins.")
    exported_objects_count: int = Field(description="How many of them are in the store.")
    failed_objects_count: int = Field(description="How many could not be written, although the rest was.")
    bytes: int = Field(description="How many bytes are in the store.")
    retries_count: int = Field(description="How often its objects had to be sent to the store again.")
    error: str | None
    exception_class: str | None = Field(description="The class of the error, by which `/-/metrics` counts.")
    updated_at: Time
