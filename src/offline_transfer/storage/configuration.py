"""A store that somebody named, as it is kept until the work on it ends: which one, and what opens it."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from offline_transfer.settings import Settings
from offline_transfer.storage.buckets import (
    AzureContainer,
    Connection,
    GcsBucket,
    GcsDefaultBucket,
    MemoryBucket,
    NetworkBucket,
    S3Bucket,
    destination,
)
from offline_transfer.storage.connection import require_access
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.disk_roots import leave_proof, place_below, remove_proof, require_proof
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.errors import (
    InvalidLocationError,
    InvalidStorageParameterError,
    StorageNotAllowedError,
)
from offline_transfer.storage.location import Location
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.parameters import CREDENTIALS_BYTES, checked_bucket, checked_parameters
from offline_transfer.storage.providers import Provider
from offline_transfer.storage.retry import RetryingStore, RetryPolicy
from offline_transfer.storage.store import Store
from offline_transfer.storage.typed import TypedMemory, read_url
from offline_transfer.types import JsonObject, JsonValue

_GOOGLE_ENDPOINT: Final = "https://storage.googleapis.com"
_PROOF: Final = "proof"
_ADC_FILE_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"


class Origin(StrEnum):
    """Who named a store. The one at the command line owns the machine, so policies do not bind them."""

    REQUEST = "request"
    COMMAND_LINE = "command_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a store is waited for: attempts, and the longest silence during one."""

    retries: RetryPolicy
    stalled_after: timedelta


WORKING: Final = Patience(retries=RetryPolicy(), stalled_after=timedelta(minutes=5))
"""The patience of one who has all night."""

ASKING: Final = Patience(
    retries=RetryPolicy(attempts=2, first_wait=0.2, longest_wait=0.5), stalled_after=timedelta(seconds=10)
)
"""The patience of a person who waits for an answer."""


def patience_of(settings: Settings) -> Patience:
    """The patience of the workers of an instance."""
    retries = RetryPolicy(attempts=settings.store_attempts, first_wait=settings.store_retry_seconds)
    return Patience(retries=retries, stalled_after=timedelta(seconds=settings.store_silence_seconds))


def patience_under_lock(settings: Settings) -> Patience:
    """The same while somebody is kept waiting, as who cancels is: seconds, after which the whole job is tried again."""
    patience = patience_of(settings)
    retries = replace(
        patience.retries,
        attempts=min(patience.retries.attempts, ASKING.retries.attempts),
        longest_wait=ASKING.retries.longest_wait,
    )
    return Patience(retries=retries, stalled_after=min(patience.stalled_after, ASKING.stalled_after))


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfiguration:
    """A store and what opens it.

    `bucket` and `prefix` (of what is in the bucket; mostly empty) may be shown; of a disk `bucket` is the absolute path of the
    directory. `credentials` are those of the provider under GitLab's names.
    """

    provider: Provider
    bucket: str
    credentials: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    prefix: str = ""
    origin: Origin = Origin.REQUEST

    @classmethod
    def from_parameters(cls, name: str, values: object, bucket: object = None) -> "StorageConfiguration":
        """What a request says: one of `parameters.CONFIGURATIONS` by name, its hash, and the bucket, which a disk has none of.

        Raises MalformedStorageParameterError (400) and InvalidStorageParameterError (422), which name the field and never quote
        its value.
        """
        parameters = checked_parameters(name, values)
        credentials = parameters.credentials()
        if len(orjson.dumps(credentials)) > CREDENTIALS_BYTES:
            raise InvalidStorageParameterError(field=name, problem=f"it is longer than {CREDENTIALS_BYTES} bytes")
        if parameters.provider is Provider.DISK:
            if bucket:
                raise InvalidStorageParameterError(field="bucket", problem="a directory has no bucket")
            return cls(provider=Provider.DISK, bucket=_text(credentials, "directory"))
        checked = checked_bucket(parameters.provider, bucket)
        return cls(provider=parameters.provider, bucket=checked, credentials=credentials)

    @classmethod
    def from_location(
        cls, url: str, environment: Mapping[str, str], endpoint: str | None = None
    ) -> "StorageConfiguration":
        """What somebody types: see `parse_location`. `memory://` lasts no longer than a process, so it is refused here."""
        typed = read_url(url, environment, endpoint)
        if isinstance(typed, TypedMemory):
            raise InvalidLocationError(problem="What is in memory cannot be found by another process")
        return cls(
            provider=typed.provider,
            bucket=typed.bucket,
            credentials={name: value for name, value in typed.credentials.items() if value is not None},
            prefix=typed.prefix,
            origin=Origin.COMMAND_LINE,
        )

    @classmethod
    def from_secret_json(
        cls, secret: str, *, provider: Provider, bucket: str, prefix: str = ""
    ) -> "StorageConfiguration":
        """The reverse of `to_secret_json`, with the public half."""
        kept = orjson.loads(secret)
        return cls(
            provider=provider,
            bucket=bucket,
            credentials=kept["credentials"],
            prefix=prefix,
            origin=Origin(kept["origin"]),
        )

    def to_secret_json(self) -> str:
        """What must be encrypted where it is kept: the credentials, and who named the store."""
        return orjson.dumps({"origin": self.origin, "credentials": dict(self.credentials)}).decode()

    def describe(self) -> str:
        """The place as messages name it, without credentials."""
        if self.provider is Provider.DISK:
            return self.bucket
        scheme = {Provider.AZURE: "az", Provider.GCS: "gs", Provider.GCS_APPLICATION_DEFAULT: "gs"}
        return f"{scheme.get(self.provider, 's3')}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def open(self, policy: EgressPolicy, *, patience: Patience = WORKING) -> Location:
        """The place, with retries around buckets. No bucket is contacted yet.

        Raises StorageNotAllowedError and DirectoryNotAllowedError for what the policy does not allow to requests,
        InvalidCredentialsError, and DirectoryNotSeenError where this machine does not see what `with_proof` left.
        """
        if self.provider is Provider.DISK:
            location = self._open_disk(policy)
            proof = _optional(self.credentials, _PROOF)
            if proof is not None:
                require_proof(location.store, proof)
            return location
        return Location(RetryingStore(self._store(policy, patience), policy=patience.retries), self.prefix)

    def test_connection(self, policy: EgressPolicy) -> None:
        """Ask the store whether it is there and lets us in: a bucket is listed, in a directory a file is written and removed.

        This takes seconds, not minutes. Raises BucketInaccessibleError with the reason, and what `open` raises.
        """
        require_access(self.open(policy, patience=ASKING))

    def with_proof(self, policy: EgressPolicy) -> "StorageConfiguration":
        """The same, by which `open` knows on another machine whether it sees the same directory. Other stores need none.

        This leaves a small file in the directory's root until `remove_proof`.
        """
        if self.provider is not Provider.DISK:
            return self
        nonce = secrets.token_hex(16)
        leave_proof(self._open_disk(policy).store, nonce)
        return replace(self, credentials={**self.credentials, _PROOF: nonce})

    def remove_proof(self, policy: EgressPolicy) -> None:
        """Remove what `with_proof` left, if it left something. Raises what `open` raises."""
        proof = _optional(self.credentials, _PROOF)
        if proof is not None:
            remove_proof(self._open_disk(policy).store, proof)

    def _store(self, policy: EgressPolicy, patience: Patience) -> Store:
        bucket = self._bucket(patience)
        if self.origin is Origin.COMMAND_LINE:
            return BucketStore(bucket)
        self._require_allowed(policy)
        if bucket.connection.allow_http and not policy.allow_plain_http:
            raise StorageNotAllowedError(what="A store without encryption", setting="allow_plain_http_endpoints")
        return BucketStore(bucket, policy=policy)

    def _open_disk(self, policy: EgressPolicy) -> Location:
        if self.origin is Origin.COMMAND_LINE:
            return Location(DiskStore(Path(self.bucket)), self.prefix)
        return place_below(policy.disk_roots, Path(self.bucket))

    def _require_allowed(self, policy: EgressPolicy) -> None:
        if "endpoint" in self.credentials and not policy.allow_s3_compatible:
            setting = "allow_s3_compatible_storage_for_offline_transfer"
            raise StorageNotAllowedError(what="S3-compatible object storage", setting=setting)
        if self.provider is Provider.GCS_APPLICATION_DEFAULT and not policy.allow_application_default_credentials:
            setting = "allow_application_default_credentials_for_offline_transfer"
            raise StorageNotAllowedError(what="The use of application default credentials", setting=setting)

    def _bucket(self, patience: Patience) -> NetworkBucket:
        bucket = _BUCKETS[self.provider](self.bucket, self.credentials)
        connection = Connection(
            allow_http=destination(bucket).scheme == "http",
            stalled_after=patience.stalled_after,
            proxy_url=_optional(self.credentials, "proxy_url"),
            proxy_excludes=_optional(self.credentials, "proxy_excludes"),
        )
        return replace(bucket, connection=connection)


def parse_location(
    url: str, *, environment: Mapping[str, str], s3_endpoint: str | None = None, retries: RetryPolicy | None = None
) -> Location:
    """The place that a path or URL names. Buckets come with retries around them; nothing is contacted or created yet.

    `environment` is what holds the credentials, as `os.environ` does: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    `AWS_SESSION_TOKEN`, `AWS_REGION` or `AWS_DEFAULT_REGION`; `GOOGLE_APPLICATION_CREDENTIALS` (the path of a service account's
    file) or `GOOGLE_SERVICE_ACCOUNT_KEY` (its text); `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`; and for all of
    them `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case. No other variable counts. `s3_endpoint` is where `s3://` leads
    if not to AWS; it may be unencrypted, since the one who types it owns the way to it.

    Raises InvalidLocationError, MissingCredentialsError, InvalidCredentialsError, and InvalidObjectKeyError for a prefix that no
    key can have.
    """
    typed = read_url(url, environment, s3_endpoint)
    if isinstance(typed, TypedMemory):
        return Location(_memory(typed.name), typed.prefix)
    configuration = StorageConfiguration.from_location(url, environment, s3_endpoint)
    return configuration.open(EgressPolicy(), patience=replace(WORKING, retries=retries or WORKING.retries))


@cache
def _memory(name: str) -> Store:
    """One store for each name in this process: that is what makes them findable again."""
    return BucketStore(MemoryBucket(name))


def _text(credentials: Mapping[str, JsonValue], name: str) -> str:
    return str(credentials[name])


def _optional(credentials: Mapping[str, JsonValue], name: str) -> str | None:
    value = credentials.get(name)
    return None if value is None else str(value)


def _s3(name: str, credentials: Mapping[str, JsonValue]) -> S3Bucket:
    return S3Bucket(
        bucket=name,
        region=_text(credentials, "region"),
        access_key_id=_text(credentials, "aws_access_key_id"),
        secret_access_key=_text(credentials, "aws_secret_access_key"),
        session_token=_optional(credentials, "session_token"),
        endpoint=_optional(credentials, "endpoint"),
        is_path_style=credentials["path_style"] is True,
    )


def _gcs_hmac(name: str, credentials: Mapping[str, JsonValue]) -> S3Bucket:
    return S3Bucket(
        bucket=name,
        region=_text(credentials, "region"),
        access_key_id=_text(credentials, "google_storage_access_key_id"),
        secret_access_key=_text(credentials, "google_storage_secret_access_key"),
        endpoint=_GOOGLE_ENDPOINT,
        is_path_style=credentials["path_style"] is True,
    )


def _gcs(name: str, credentials: Mapping[str, JsonValue]) -> GcsBucket:
    typed = _optional(credentials, "google_json_key_string")
    if typed is not None:
        return GcsBucket(bucket=name, credentials=typed)
    # The library wants the id of the key to be there, and an empty one is as good as none.
    kept = ("type", "project_id", "private_key", "client_email")
    key: JsonObject = {
        "private_key_id": credentials.get("private_key_id", ""),
        **{part: credentials[part] for part in kept},
    }
    return GcsBucket(bucket=name, credentials=orjson.dumps(key).decode())


def _gcs_default(name: str, _: Mapping[str, JsonValue]) -> GcsDefaultBucket:
    file = os.environ.get(_ADC_FILE_VARIABLE)
    return GcsDefaultBucket(bucket=name, file=Path(file) if file else None)


def _azure(name: str, credentials: Mapping[str, JsonValue]) -> AzureContainer:
    return AzureContainer(
        container=name,
        account_name=_text(credentials, "azure_storage_account_name"),
        account_key=_optional(credentials, "azure_storage_access_key"),
        shared_access_signature=_optional(credentials, "azure_storage_sas_token"),
        endpoint=_optional(credentials, "endpoint"),
    )


_BUCKETS: Final[Mapping[Provider, Callable[[str, Mapping[str, JsonValue]], NetworkBucket]]] = {
    Provider.AWS: _s3,
    Provider.S3_COMPATIBLE: _s3,
    Provider.GCS_HMAC: _gcs_hmac,
    Provider.GCS: _gcs,
    Provider.GCS_APPLICATION_DEFAULT: _gcs_default,
    Provider.AZURE: _azure,
}
