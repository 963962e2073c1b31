"""What clients send about offline exports: GitLab's parameters, and ours."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, SkipValidation
from pydantic.config import JsonDict

from offline_transfer.api.validation import Parameters, misshapen, none_of, not_exactly_one
from offline_transfer.archive.encryption import SHORTEST_PASSPHRASE
from offline_transfer.exporting.request import MOST_ENTITIES
from offline_transfer.settings import LARGEST_BATCH_SIZE
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.parameters import (
    CONFIGURATIONS,
    AwsS3Configuration,
    AzureConfiguration,
    DiskConfiguration,
    GcsAdcConfiguration,
    GcsConfiguration,
    GcsHmacConfiguration,
    S3CompatibleConfiguration,
)
from offline_transfer.types import JsonObject

MOST_RECIPIENTS: Final = 100
LONGEST_TEXT: Final = 4096
WITHOUT_BUCKET: Final = "disk_configuration"
ENCRYPTIONS: Final = ("recipients", "passphrase")


def may_be_absent(schema: JsonDict) -> None:
    """Whoever does not give a parameter leaves it out: null is none of its values."""
    schema.pop("default", None)


def _passphrase(schema: JsonDict) -> None:
    """Described alone: the service says better what is wrong with a short one."""
    may_be_absent(schema)
    schema |= {"minLength": SHORTEST_PASSPHRASE, "writeOnly": True}


def _so_many_entities(schema: JsonDict) -> None:
    """Described alone: the service says better what to do with more of them."""
    schema["maxItems"] = MOST_ENTITIES


def one_store(schema: JsonDict) -> None:
    """Exactly one configuration, and a bucket where it needs one."""
    schema["oneOf"] = [{"required": [name]} for name in CONFIGURATIONS]
    schema["anyOf"] = [{"required": ["bucket"]}, {"required": [WITHOUT_BUCKET]}]


def one_store_or_none(schema: JsonDict) -> None:
    """The same, or nothing at all."""
    store: JsonDict = {}
    one_store(store)
    schema["anyOf"] = [store, {"maxProperties": 0}]


def _somebody_who_reads(schema: JsonDict) -> None:
    schema["anyOf"] = [{"required": [name]} for name in ENCRYPTIONS]


def optional(*, described: Callable[[JsonDict], None] = may_be_absent, **of_field: Any) -> Any:
    """A parameter that may be left out."""
    return Field(default=None, json_schema_extra=described, **of_field)


class StoreParameters(Parameters):
    """Where an archive lies: a bucket, and exactly one configuration.

    Configurations are only described here. `other_problems` looks at their shape. Their limits are the service's question, which
    answers with another status, as GitLab does.
    """

    model_config = ConfigDict(json_schema_extra=one_store)

    bucket: str = optional(
        min_length=1,
        description="The bucket; with `azure_configuration` the container. A directory has none.",
        examples=["offline-transfer-export"],
    )
    aws_s3_configuration: Annotated[AwsS3Configuration, SkipValidation] = optional(repr=False)
    s3_compatible_configuration: Annotated[S3CompatibleConfiguration, SkipValidation] = optional(repr=False)
    gcs_configuration: Annotated[GcsConfiguration, SkipValidation] = optional(repr=False)
    gcs_hmac_configuration: Annotated[GcsHmacConfiguration, SkipValidation] = optional(repr=False)
    gcs_adc_configuration: Annotated[GcsAdcConfiguration, SkipValidation] = optional(repr=False)
    azure_configuration: Annotated[AzureConfiguration, SkipValidation] = optional(repr=False)
    disk_configuration: Annotated[DiskConfiguration, SkipValidation] = optional(repr=False)

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:
        """A bucket that is absent, and configurations that are not exactly one or not in shape."""
        if "bucket" not in said and WITHOUT_BUCKET not in said:
            yield "bucket is missing"
        yield from not_exactly_one(list(CONFIGURATIONS), said)
        for name, model in CONFIGURATIONS.items():
            if name in said:
                yield from misshapen(model, name, said[name])


def storage_of(said: JsonObject) -> StorageConfiguration:
    """The store in parameters that were checked. Raises InvalidStorageParameterError."""
    (name,) = (name for name in CONFIGURATIONS if name in said)
    return StorageConfiguration.from_parameters(name, said[name], said.get("bucket"))


class EntityParameters(Parameters):
    """A group or project to export."""

    full_path: str = Field(
        description="Its full path, in any case. A group brings all groups and projects below it.",
        examples=["flightjs/Flight"],
    )
    skip_relations: list[str] = Field(
        default=[], description="Relations to leave out of it and of what lies below it.", examples=[["ci_pipelines"]]
    )
    include_descendants: bool = Field(
        default=True, description="Whether the groups and projects below a group are exported too."
    )


class EncryptionParameters(Parameters):
    """Who may read the archive: the owners of age recipients, whoever knows a passphrase, or both."""

    model_config = ConfigDict(json_schema_extra=_somebody_who_reads)

    recipients: list[str] = optional(
        min_length=1,
        max_length=MOST_RECIPIENTS,
        description="Public keys of age.",
        examples=[["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]],
    )
    passphrase: str = optional(
        max_length=LONGEST_TEXT,
        description=f"A passphrase of {SHORTEST_PASSPHRASE} characters or more.",
        described=_passphrase,
        repr=False,
    )


class ExportParameters(StoreParameters):
    """An offline export."""

    entities: list[EntityParameters] = Field(
        json_schema_extra=_so_many_entities, description="The groups and projects to export."
    )
    source_hostname: str = optional(
        max_length=LONGEST_TEXT,
        description=(
            "What the archive calls this instance: a URL of scheme, host and port, or an alias. Absent, it is the URL of this"
            " instance. People see it when they are asked to accept contributions."
        ),
        examples=["https://gitlab.example.com"],
    )
    encryption: EncryptionParameters = optional()
    batch_size: int = optional(
        ge=1, le=LARGEST_BATCH_SIZE, description="How many records of a relation go into one object of the archive."
    )

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:
        """What the store lacks, and an encryption for nobody."""
        yield from super().other_problems(said)
        encryption = said.get("encryption")
        if isinstance(encryption, dict):
            yield from none_of(ENCRYPTIONS, encryption, inside="encryption")


class RetryParameters(StoreParameters):
    """The store again, when its credentials were purged; without it the one that is kept is used."""

    model_config = ConfigDict(json_schema_extra=one_store_or_none)

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:
        """What the store lacks, if there is one."""
        if said:
            yield from super().other_problems(said)
