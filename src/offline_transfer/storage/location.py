"""Places as people type them: a URL becomes a store and a prefix inside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from offline_transfer.storage.buckets import (
    AzureContainer,
    Bucket,
    Connection,
    GcsBucket,
    MemoryBucket,
    S3Bucket,
    require_bucket_name,
    split_endpoint,
)
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import (
    InvalidCredentialsError,
    InvalidLocationError,
    MissingCredentialsError,
)
from offline_transfer.storage.keys import validate_key, validate_prefix
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.retry import RetryingStore, RetryPolicy
from offline_transfer.storage.store import Store

_SCHEMES: Final = frozenset({"memory", "s3", "gs", "az"})
_DEFAULT_REGION: Final = "us-east-1"
_GCS_FILE_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_GCS_TEXT_VARIABLE: Final = "GOOGLE_SERVICE_ACCOUNT_KEY"
_GCS_FILE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a store: what lies there has the prefix and a slash before its name, or nothing if the prefix is empty."""

    store: Store
    prefix: str

    def key(self, name: str) -> str:
        """The key in the store of what is called `name` here. Raises InvalidObjectKeyError."""
        return validate_key(f"{self.prefix}/{name}" if self.prefix else name)

    def name(self, key: str) -> str:
        """What the object with a key of the store is called here: the reverse of `key`."""
        return key.removeprefix(f"{self.prefix}/") if self.prefix else key

    def below(self, name: str) -> "Location":
        """The place called `name` in this one. Raises InvalidObjectKeyError."""
        return Location(self.store, self.key(name))

    def describe(self) -> str:
        """The place as messages name it, without credentials."""
        return f"{self.prefix} in {self.store.describe()}" if self.prefix else self.store.describe()


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
    scheme, separator, rest = url.partition("://")
    if s3_endpoint is not None and scheme != "s3":
        raise InvalidLocationError(problem="An S3 endpoint goes with s3:// only")
    if not separator:
        return _on_disk(url)
    name, _, path = rest.partition("/")
    if scheme == "file":
        return _on_disk(_path_of_file_url(name, path))
    if scheme not in _SCHEMES:
        raise InvalidLocationError(problem=f"There is no kind of store called {scheme!a}")
    require_bucket_name(name)
    prefix = validate_prefix(path.strip("/"))
    if scheme == "memory":
        return Location(_memory(name), prefix)
    bucket = _bucket(scheme, name, environment, s3_endpoint)
    return Location(RetryingStore(BucketStore(bucket), policy=retries), prefix)


def _on_disk(path: str) -> Location:
    if not path or "\0" in path:
        raise InvalidLocationError(problem="The path of a directory is empty or contains a NUL character")
    return Location(DiskStore(Path(path)), "")


def _path_of_file_url(host: str, path: str) -> str:
    if host not in ("", "localhost") or "?" in path or "#" in path:
        raise InvalidLocationError(
            problem="A file URL names no other machine, and '?' and '#' are written as %3F and %23 in it"
        )
    return unquote(f"/{path}")


@cache
def _memory(name: str) -> Store:
    """One store for each name in this process: that is what makes them findable again."""
    return BucketStore(MemoryBucket(name))


def _bucket(scheme: str, name: str, environment: Mapping[str, str], s3_endpoint: str | None) -> Bucket:
    match scheme:
        case "gs":
            return _gcs(name, environment)
        case "az":
            return _azure(name, environment)
        case _:
            return _s3(name, environment, s3_endpoint)


def _s3(name: str, environment: Mapping[str, str], endpoint: str | None) -> S3Bucket:
    access_key_id, secret_access_key = _required(
        f"s3://{name}", environment, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    return S3Bucket(
        bucket=name,
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=environment.get("AWS_SESSION_TOKEN") or None,
        endpoint=endpoint,
        connection=_connection(environment, endpoint),
    )


def _gcs(name: str, environment: Mapping[str, str]) -> GcsBucket:
    text = environment.get(_GCS_TEXT_VARIABLE) or _gcs_file(f"gs://{name}", environment)
    return GcsBucket(bucket=name, credentials=text, connection=_connection(environment, None))


def _gcs_file(store: str, environment: Mapping[str, str]) -> str:
    (path,) = _required(store, environment, (_GCS_FILE_VARIABLE,))
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(_GCS_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{path} cannot be read ({type(error).__name__})"
        raise InvalidCredentialsError(store=store, problem=problem, variable=_GCS_FILE_VARIABLE) from error


def _azure(name: str, environment: Mapping[str, str]) -> AzureContainer:
    account_name, account_key = _required(
        f"az://{name}", environment, ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY")
    )
    return AzureContainer(
        container=name,
        account_name=account_name,
        account_key=account_key,
        connection=_connection(environment, None),
    )


def _required(store: str, environment: Mapping[str, str], variables: tuple[str, ...]) -> tuple[str, ...]:
    absent = [name for name in variables if not environment.get(name)]
    if absent:
        raise MissingCredentialsError(store=store, variables=" and ".join(absent))
    return tuple(environment[name] for name in variables)


def _connection(environment: Mapping[str, str], endpoint: str | None) -> Connection:
    """How to reach a store from here: only what is typed may be unencrypted, and this machine is reached without a proxy."""
    address = split_endpoint(endpoint or "https://the-cloud")
    is_plain = address.scheme == "http"
    if _is_this_machine(address.hostname or ""):
        return Connection(allow_http=is_plain)
    return Connection(
        allow_http=is_plain,
        proxy_url=_either_case(environment, "HTTP_PROXY" if is_plain else "HTTPS_PROXY"),
        proxy_excludes=_either_case(environment, "NO_PROXY"),
    )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _either_case(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(name.lower()) or environment.get(name) or None
