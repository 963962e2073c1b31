"""Which bucket, and how it is reached: the one place that builds clients of object stores.

The library behind them reads dozens of environment variables, follows credentials to files and instance metadata, retries by
itself and limits every download to 30 seconds. Here each of these is decided, and whatever is not passed in does not count.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from offline_transfer import __version__
from offline_transfer.storage.destinations import Destination, split_endpoint
from offline_transfer.storage.errors import InvalidCredentialsError, InvalidLocationError

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, ObjectStore, RetryConfig, S3Config

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
# Without an endpoint the region is a part of the host; with one it only goes into the signature, and stores call it as they like.
_REGION_OF_AWS: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_REGION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,254}", re.ASCII)
_GOOGLE: Final = "storage.googleapis.com"
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_SCRUBBED_PREFIXES: Final = ("AWS_", "GOOGLE_", "AZURE_")
_SCRUBBED_NAMES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
_ENVIRONMENT: Final = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a store is reached.

    `stalled_after` is the longest silence: of a response, and for the upload of one part (16 MiB) including the response to it.
    `whole_request` is by default the time for the largest object at a slow link. `proxy_url` may hold a password.
    """

    allow_http: bool = False
    stalled_after: timedelta = timedelta(minutes=5)
    whole_request: timedelta = timedelta(hours=24)
    proxy_url: str | None = field(default=None, repr=False)
    proxy_excludes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Bucket:
    """A bucket of S3 or of a store that speaks its protocol.

    It is addressed by path (`endpoint/bucket/key`) or as a part of the host (`bucket.endpoint/key`).
    """

    bucket: str
    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    is_path_style: bool = True
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsBucket:
    """A bucket of Google Cloud Storage: `credentials` is the text of a service account's JSON file."""

    bucket: str
    credentials: str = field(repr=False)
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsDefaultBucket:
    """A bucket of Google Cloud Storage, reached with what this machine is given: a file, or the server of its cloud's metadata."""

    bucket: str
    file: Path | None
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureContainer:
    """A container of Azure Blob Storage, with the key of its storage account in Base64 or a shared access signature."""

    container: str
    account_name: str
    account_key: str | None = field(default=None, repr=False)
    shared_access_signature: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True)
class MemoryBucket:
    """Objects in this process, for tests."""

    name: str


NetworkBucket: TypeAlias = S3Bucket | GcsBucket | GcsDefaultBucket | AzureContainer
Bucket: TypeAlias = NetworkBucket | MemoryBucket


def describe(bucket: Bucket) -> str:
    """A bucket as messages name it."""
    match bucket:
        case S3Bucket():
            return f"s3://{bucket.bucket}" + (f" at {bucket.endpoint}" if bucket.endpoint else "")
        case GcsBucket() | GcsDefaultBucket():
            return f"gs://{bucket.bucket}"
        case AzureContainer():
            return f"az://{bucket.container} at {bucket.endpoint or bucket.account_name}"
        case MemoryBucket():
            return f"memory://{bucket.name}"


def destination(bucket: NetworkBucket) -> Destination:
    """Where a bucket is on the network. Raises InvalidLocationError."""
    match bucket:
        case S3Bucket():
            return Destination.of_endpoint(_endpoint_of_s3(bucket))
        case GcsBucket() | GcsDefaultBucket():
            return Destination.of("https", _GOOGLE, None)
        case AzureContainer():
            return Destination.of_endpoint(_endpoint_of_azure(bucket))


def connect(bucket: Bucket) -> "ObjectStore":
    """The client of a bucket; nothing is sent yet. Raises InvalidLocationError, InvalidCredentialsError."""
    with _without_environment():
        match bucket:
            case S3Bucket():
                return _connect_s3(bucket)
            case GcsBucket():
                return _connect_gcs(bucket, {"service_account_key": bucket.credentials})
            case GcsDefaultBucket():
                return _connect_gcs(bucket, {"application_credentials": str(bucket.file)} if bucket.file else {})
            case AzureContainer():
                return _connect_azure(bucket)
            case MemoryBucket():
                return MemoryStore()


def _connect_s3(bucket: S3Bucket) -> S3Store:
    require_bucket_name(bucket.bucket)
    _require(_REGION if bucket.endpoint else _REGION_OF_AWS, bucket.region, "region")
    config: S3Config = {
        "region": bucket.region,
        "access_key_id": bucket.access_key_id,
        "secret_access_key": bucket.secret_access_key,
        "endpoint": _checked_endpoint(_endpoint_of_s3(bucket), bucket.connection),
        "skip_signature": False,
        "unsigned_payload": False,
        "virtual_hosted_style_request": not bucket.is_path_style,
        "s3_express": False,
        "imdsv1_fallback": False,
        # Several S3-compatible stores do not implement the deletion of many objects at once.
        "disable_bulk_delete": True,
    }
    if bucket.session_token is not None:
        config["session_token"] = bucket.session_token
    return S3Store(bucket.bucket, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt())


def _endpoint_of_s3(bucket: S3Bucket) -> str:
    domain = "amazonaws.com.cn" if bucket.region.startswith("cn-") else "amazonaws.com"
    endpoint = bucket.endpoint or f"https://s3.{bucket.region}.{domain}"
    if bucket.is_path_style:
        return endpoint
    scheme, _, rest = endpoint.partition("://")
    return f"{scheme}://{bucket.bucket}.{rest}"


def _connect_gcs(bucket: GcsBucket | GcsDefaultBucket, credentials: "GCSConfig") -> GCSStore:
    require_bucket_name(bucket.bucket)
    config: GCSConfig = {**credentials, "skip_signature": False}
    with _credentials_of(bucket, "the file that GOOGLE_APPLICATION_CREDENTIALS names"):
        return GCSStore(
            bucket.bucket, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt()
        )


def _connect_azure(bucket: AzureContainer) -> AzureStore:
    require_bucket_name(bucket.container)
    _require(_ACCOUNT, bucket.account_name, "storage account")
    config: AzureConfig = {
        "account_name": bucket.account_name,
        "endpoint": _checked_endpoint(_endpoint_of_azure(bucket), bucket.connection),
        "skip_signature": False,
        "use_emulator": False,
        "use_fabric_endpoint": False,
        "use_azure_cli": False,
    }
    if bucket.shared_access_signature is not None:
        config |= {"credential_type": "sas_token", "sas_key": bucket.shared_access_signature}
    elif bucket.account_key is not None:
        config |= {"credential_type": "access_key", "account_key": bucket.account_key}
    with _credentials_of(bucket, "AZURE_STORAGE_ACCOUNT_KEY"):
        return AzureStore(
            bucket.container, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt()
        )


def _endpoint_of_azure(bucket: AzureContainer) -> str:
    return bucket.endpoint or f"https://{bucket.account_name}.blob.core.windows.net"


def _client(connection: Connection) -> "ClientConfig":
    options: ClientConfig = {
        "allow_http": connection.allow_http,
        "allow_invalid_certificates": False,
        "connect_timeout": timedelta(seconds=10),
        "timeout": connection.whole_request,
        "read_timeout": connection.stalled_after,
        "http1_only": True,
        "default_content_type": "application/octet-stream",
        "user_agent": f"offline-transfer/{__version__}",
    }
    if connection.proxy_url is not None:
        options["proxy_url"] = connection.proxy_url
        if connection.proxy_excludes is not None:
            options["proxy_excludes"] = connection.proxy_excludes
    return options


def _one_attempt() -> "RetryConfig":
    return {"max_retries": 0}


def require_bucket_name(name: str) -> None:
    """Accepts what S3, Google Cloud Storage and Azure accept as the name of a bucket. Raises InvalidLocationError."""
    _require(_BUCKET, name, "bucket")


def _checked_endpoint(endpoint: str, connection: Connection) -> str:
    if split_endpoint(endpoint).scheme == "http" and not connection.allow_http:
        raise InvalidLocationError(problem=f"The endpoint {endpoint} is not encrypted, which is not allowed here")
    return endpoint.rstrip("/")


def _require(pattern: re.Pattern[str], value: str, what: str) -> None:
    # The value is not shown: where people type credentials into a URL, it contains them.
    if pattern.fullmatch(value) is None or ".." in value:
        raise InvalidLocationError(problem=f"What is given as the {what} cannot be the name of one")


@contextmanager
def _credentials_of(bucket: Bucket, variable: str) -> Iterator[None]:
    """Building a client fails only over the credentials; the library's text may quote them, so it is dropped."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  it raises bare exceptions of many types here
        problem = f"they are not of the expected form ({type(error).__name__})"
    else:
        return
    raise InvalidCredentialsError(store=describe(bucket), problem=problem, variable=variable)


@contextmanager
def _without_environment() -> Iterator[None]:
    """Hide from the library the variables that it would read on its own while a client is built."""
    with _ENVIRONMENT:
        hidden = {name: value for name, value in os.environ.items() if _is_scrubbed(name)}
        try:
            for name in hidden:
                del os.environ[name]
            yield
        finally:
            os.environ.update(hidden)


def _is_scrubbed(name: str) -> bool:
    return name.upper() in _SCRUBBED_NAMES or name.upper().startswith(_SCRUBBED_PREFIXES)
