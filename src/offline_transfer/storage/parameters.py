"""What a request says of a store: GitLab's parameters by GitLab's rules, and two kinds of our own.

Presence and type of a parameter are one question, and its limits another: GitLab answers the first with 400 and the second with
422, and so do the errors of this module. No message repeats a value.
"""

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, TypeVar
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.errors import (
    InvalidLocationError,
    InvalidStorageParameterError,
    MalformedStorageParameterError,
)
from offline_transfer.storage.providers import Provider
from offline_transfer.types import JsonObject

CREDENTIALS_BYTES: Final = 64 * 1024
_ENDPOINT_CHARACTERS: Final = 255
_MALFORMED: Final = {
    "missing": "it is missing",
    "extra_forbidden": "there is no parameter of that name",
    "model_type": "it is not an object",
    "string_type": "it is not a text",
    "bool_type": "it is neither true nor false",
    "bool_parsing": "it is neither true nor false",
}
_SHOWN_CHARACTERS: Final = 100


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("refused", text)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise _problem("it contains a character that is not allowed")
    return text


def _endpoint(url: str) -> str:
    try:
        Destination.of_endpoint(url)
    except InvalidLocationError as error:
        problem = str(error.details["problem"])
    else:
        return url
    raise _problem(problem)


def _private_key(text: str) -> str:
    try:
        is_usable = isinstance(load_pem_private_key(text.encode(), None), RSAPrivateKey)
    except Exception:  # noqa: BLE001  the library raises many types over a key that is none
        is_usable = False
    if not is_usable:
        raise _problem("private_key is not an RSA key in PEM form without a passphrase")
    return text


def _shared_access_signature(text: str) -> str:
    signature = _printable(text).removeprefix("?")
    if not parse_qs(signature).get("sig"):
        raise _problem("it is not a shared access signature: `sig` is absent in it")
    return signature


_Secret: TypeAlias = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]
_Endpoint: TypeAlias = Annotated[str, Field(max_length=_ENDPOINT_CHARACTERS), AfterValidator(_endpoint)]
_Project: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{5,28}[a-z0-9]$")]
_HIDDEN: Final[dict[str, JsonValue]] = {"writeOnly": True}


class StorageParameters(BaseModel):
    """The hash of one `*_configuration`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    provider: ClassVar[Provider]

    def credentials(self) -> JsonObject:
        """What has to be kept of it."""
        return self.model_dump(exclude_none=True)


class AwsS3Configuration(StorageParameters):
    """Amazon S3."""

    provider = Provider.AWS

    aws_access_key_id: str = Field(min_length=1, max_length=128, pattern=r"^[0-9A-Za-z_]*$", repr=False)
    aws_secret_access_key: str = Field(
        min_length=1, max_length=128, pattern=r"^[0-9A-Za-z_+/]*$", repr=False, json_schema_extra=_HIDDEN
    )
    # Stricter than GitLab's: it becomes a part of the name of a host.
    region: str = Field(min_length=1, max_length=50, pattern=r"^[a-z0-9][a-z0-9-]*$", examples=["eu-central-1"])
    path_style: bool = Field(default=False, description="Put the bucket into the path instead of the host.")


class S3CompatibleConfiguration(StorageParameters):
    """A store that speaks the protocol of S3: MinIO, Ceph, Garage and others."""

    provider = Provider.S3_COMPATIBLE

    aws_access_key_id: _Secret = Field(repr=False)
    aws_secret_access_key: _Secret = Field(repr=False, json_schema_extra=_HIDDEN)
    region: str = Field(min_length=1, max_length=255, pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    endpoint: _Endpoint = Field(examples=["https://minio.example.com:9000"])
    path_style: bool = Field(default=True, description="Put the bucket into the path instead of the host.")


class GcsConfiguration(StorageParameters):
    """Google Cloud Storage with the key of a service account."""

    provider = Provider.GCS

    google_project: _Project
    google_json_key_string: str = Field(
        min_length=1,
        max_length=CREDENTIALS_BYTES,
        description="The JSON file of the service account, as text.",
        repr=False,
        json_schema_extra=_HIDDEN,
    )

    def credentials(self) -> JsonObject:
        """The project and what is needed of the key. Addresses in it are dropped: they would lead elsewhere."""
        key = _service_account(self.google_json_key_string)
        return {"google_project": self.google_project, **key.model_dump(exclude_none=True)}


class _ServiceAccountKey(BaseModel):
    """What is kept of the JSON file of a service account.

    `private_key_id` is one more than GitLab keeps. It tells Google which key of the account signed a token; GitLab trades the
    token for another, and we send it along.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    type: Literal["service_account"]
    project_id: _Project
    private_key: Annotated[str, Field(min_length=1, max_length=16384), AfterValidator(_private_key)]
    private_key_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,128}$")] | None = None
    client_email: Annotated[str, Field(max_length=255, pattern=r"^[0-9A-Za-z._@-]+\.gserviceaccount\.com$")]


class GcsHmacConfiguration(StorageParameters):
    """Google Cloud Storage with an HMAC key, by the protocol of S3."""

    provider = Provider.GCS_HMAC

    google_storage_access_key_id: _Secret = Field(repr=False)
    google_storage_secret_access_key: _Secret = Field(repr=False, json_schema_extra=_HIDDEN)
    region: str = Field(min_length=1, max_length=255, pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    path_style: bool = Field(default=True, description="Put the bucket into the path instead of the host.")


class GcsAdcConfiguration(StorageParameters):
    """Google Cloud Storage with the application default credentials of the machines on which workers run."""

    provider = Provider.GCS_APPLICATION_DEFAULT

    google_project: _Project


class AzureConfiguration(StorageParameters):
    """Azure Blob Storage with the key of an account or a shared access signature. `bucket` is the container."""

    provider = Provider.AZURE

    azure_storage_account_name: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    azure_storage_access_key: Annotated[str, Field(pattern=r"^[0-9A-Za-z+/]{1,512}={0,2}$")] | None = Field(
        default=None, repr=False, json_schema_extra=_HIDDEN
    )
    azure_storage_sas_token: Annotated[str, Field(max_length=4096), AfterValidator(_shared_access_signature)] | None = (
        Field(default=None, repr=False, json_schema_extra=_HIDDEN)
    )
    endpoint: _Endpoint | None = Field(
        default=None,
        description="Where the account is, if not in Azure's public cloud. Allowed as S3-compatible ones are.",
    )

    @model_validator(mode="after")
    def _has_one_secret(self) -> "AzureConfiguration":
        if (self.azure_storage_access_key is None) == (self.azure_storage_sas_token is None):
            raise _problem("exactly one of azure_storage_access_key and azure_storage_sas_token is needed")
        return self


class DiskConfiguration(StorageParameters):
    """A directory that all workers see, below one that the administrator allows."""

    provider = Provider.DISK

    directory: Annotated[str, AfterValidator(_printable)] = Field(
        max_length=4096, pattern=r"^/", examples=["/srv/exports/team"]
    )


CONFIGURATIONS: Final[Mapping[str, type[StorageParameters]]] = {
    "aws_s3_configuration": AwsS3Configuration,
    "s3_compatible_configuration": S3CompatibleConfiguration,
    "gcs_configuration": GcsConfiguration,
    "gcs_hmac_configuration": GcsHmacConfiguration,
    "gcs_adc_configuration": GcsAdcConfiguration,
    "azure_configuration": AzureConfiguration,
    "disk_configuration": DiskConfiguration,
}
"""The parameters of a request of which exactly one must be given, and their forms."""


def checked_parameters(name: str, values: object) -> StorageParameters:
    """The hash that a request gives for one of CONFIGURATIONS.

    Raises MalformedStorageParameterError (400) for what is absent, unknown or of another type, and InvalidStorageParameterError
    (422) for what is out of its limits.
    """
    model = CONFIGURATIONS.get(name)
    if model is None:
        problem = "this is not the name of a storage configuration"
        raise MalformedStorageParameterError(field=ascii(name[:_SHOWN_CHARACTERS])[1:-1], problem=problem)
    return _validated(model, values, name)


def checked_bucket(provider: Provider, bucket: object) -> str:
    """The name of a bucket by GitLab's rule. Raises like `checked_parameters`."""
    if bucket is None or bucket == "":
        raise MalformedStorageParameterError(field="bucket", problem="it is missing")
    model = _OfDefaultCredentials if provider is Provider.GCS_APPLICATION_DEFAULT else _Bucket
    return _validated(model, {"bucket": bucket}, "").bucket


class _Bucket(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    bucket: str = Field(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]*$")

    @field_validator("bucket")
    @classmethod
    def _leads_nowhere_else(cls, bucket: str) -> str:
        if ".." in bucket:
            raise _problem("it contains two dots in a row")
        return bucket


class _OfDefaultCredentials(_Bucket):
    """The machine's own credentials may reach more buckets than the one who asks; GitLab's administrators give these the name."""

    bucket: str = Field(min_length=3, max_length=63, pattern=r"^gitlab-offline-transfer-[a-z0-9.-]*$")


def _service_account(text: str) -> _ServiceAccountKey:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    field = "gcs_configuration[google_json_key_string]"
    if not isinstance(values, dict):
        problem = "The Google Cloud service account key must be a valid JSON object"
        raise InvalidStorageParameterError(field=field, problem=problem)
    try:
        return _validated(_ServiceAccountKey, values, field)
    except MalformedStorageParameterError as error:
        details = error.details
    raise InvalidStorageParameterError(**details)


_Model = TypeVar("_Model", bound=BaseModel)


def _validated(model: type[_Model], values: object, name: str) -> _Model:
    try:
        return model.model_validate(values)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False, include_context=False)[0]
    # Outside the handler: what the library raised holds the values, and must not hang on to what we raise.
    field = _field(name, first["loc"])
    malformed = _MALFORMED.get(first["type"])
    if malformed is not None:
        raise MalformedStorageParameterError(field=field, problem=malformed)
    raise InvalidStorageParameterError(field=field, problem=_said(first["msg"]))


def _field(name: str, path: tuple[int | str, ...]) -> str:
    """A path as GitLab writes it: `aws_s3_configuration[region]`."""
    parts = [ascii(str(part)[:_SHOWN_CHARACTERS])[1:-1] for part in path]
    if not name and parts:
        return parts[0] + "".join(f"[{part}]" for part in parts[1:])
    return name + "".join(f"[{part}]" for part in parts)


def _said(message: str) -> str:
    return message[:1].lower() + message[1:]
