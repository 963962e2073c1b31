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
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from offline_transfer import __version__
from offline_transfer.storage.errors import InvalidCredentialsError, InvalidLocationError

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, ObjectStore, RetryConfig, S3Config

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_SCRUBBED_PREFIXES: Final = ("AWS_", "GOOGLE_", "AZURE_")
_SCRUBBED_NAMES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
_ENVIRONMENT: Final = Lock()
# Time for the largest object at a slow link; what stalls is found by `Connection.stalled_after`.
_WHOLE_REQUEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a store is reached.

    `stalled_after` is the longest silence: of a response, and for the upload of one part (16 MiB) including the response to it.
    `proxy_url` may hold a password.
    """

    allow_http: bool = False
    stalled_after: timedelta = timedelta(minutes=5)
    proxy_url: str | None = field(default=None, repr=False)
    proxy_excludes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Bucket:
    """A bucket of S3 or of a store that speaks its protocol, addressed by path (`endpoint/bucket/key`)."""

    bucket: str
    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsBucket:
    """A bucket of Google Cloud Storage: `credentials` is the text of a service account's JSON file."""

    bucket: str
    credentials: str = field(repr=False)
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureContainer:
    """A container of Azure Blob Storage, with the key of its storage account in Base64."""

    container: str
    account_name: str
    account_key: str = field(repr=False)
    endpoint: str | None = None
    connection: Connection = Connection()


@dataclass(frozen=True, slots=True)
class MemoryBucket:
    """Objects in this process, for tests."""

    name: str


Bucket: TypeAlias = S3Bucket | GcsBucket | AzureContainer | MemoryBucket


def describe(bucket: Bucket) -> str:
    """A bucket as messages name it."""
    match bucket:
        case S3Bucket():
            return f"s3://{bucket.bucket}" + (f" at {bucket.endpoint}" if bucket.endpoint else "")
        case GcsBucket():
            return f"gs://{bucket.bucket}"
        case AzureContainer():
            return f"az://{bucket.container} at {bucket.endpoint or bucket.account_name}"
        case MemoryBucket():
            return f"memory://{bucket.name}"


def connect(bucket: Bucket) -> "ObjectStore":
    """The client of a bucket; nothing is sent yet. Raises InvalidLocationError, InvalidCredentialsError."""
    with _without_environment():
        match bucket:
            case S3Bucket():
                return _connect_s3(bucket)
            case GcsBucket():
                return _connect_gcs(bucket)
            case AzureContainer():
                return _connect_azure(bucket)
            case MemoryBucket():
                return MemoryStore()


def _connect_s3(bucket: S3Bucket) -> S3Store:
    require_bucket_name(bucket.bucket)
    _require(_REGION, bucket.region, "region")
    config: S3Config = {
        "region": bucket.region,
        "access_key_id": bucket.access_key_id,
        "secret_access_key": bucket.secret_access_key,
        "skip_signature": False,
        "unsigned_payload": False,
        "virtual_hosted_style_request": False,
        "s3_express": False,
        "imdsv1_fallback": False,
        # Several S3-compatible stores do not implement the deletion of many objects at once.
        "disable_bulk_delete": True,
    }
    if bucket.session_token is not None:
        config["session_token"] = bucket.session_token
    if bucket.endpoint is not None:
        config["endpoint"] = _checked_endpoint(bucket.endpoint, bucket.connection)
    return S3Store(bucket.bucket, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt())


def _connect_gcs(bucket: GcsBucket) -> GCSStore:
    require_bucket_name(bucket.bucket)
    config: GCSConfig = {"service_account_key": bucket.credentials, "skip_signature": False}
    with _credentials_of(bucket, "the file that GOOGLE_APPLICATION_CREDENTIALS names"):
        return GCSStore(
            bucket.bucket, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt()
        )


def _connect_azure(bucket: AzureContainer) -> AzureStore:
    require_bucket_name(bucket.container)
    _require(_ACCOUNT, bucket.account_name, "storage account")
    config: AzureConfig = {
        "account_name": bucket.account_name,
        "account_key": bucket.account_key,
        "credential_type": "access_key",
        "skip_signature": False,
        "use_emulator": False,
        "use_fabric_endpoint": False,
        "use_azure_cli": False,
    }
    if bucket.endpoint is not None:
        config["endpoint"] = _checked_endpoint(bucket.endpoint, bucket.connection)
    with _credentials_of(bucket, "AZURE_STORAGE_ACCOUNT_KEY"):
        return AzureStore(
            bucket.container, config=config, client_options=_client(bucket.connection), retry_config=_one_attempt()
        )


def _client(connection: Connection) -> "ClientConfig":
    options: ClientConfig = {
        "allow_http": connection.allow_http,
        "allow_invalid_certificates": False,
        "connect_timeout": timedelta(seconds=10),
        "timeout": _WHOLE_REQUEST,
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


def split_endpoint(endpoint: str) -> SplitResult:
    """The parts of an endpoint, if it is an address without anything secret or surprising in it. Raises InvalidLocationError."""
    try:
        parts = urlsplit(endpoint)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not endpoint.isprintable() or any(char in endpoint for char in "@?# "):
        raise InvalidLocationError(problem="The endpoint is not an address like https://s3.example.com:9000")
    if parts.scheme not in ("http", "https"):
        raise InvalidLocationError(problem=f"The endpoint {endpoint} does not begin with https:// or http://")
    return parts


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
