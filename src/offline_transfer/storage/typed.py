"""Places as people type them: a URL, and credentials in the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from offline_transfer.storage.buckets import require_bucket_name
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.errors import InvalidCredentialsError, InvalidLocationError, MissingCredentialsError
from offline_transfer.storage.keys import validate_prefix
from offline_transfer.storage.providers import Provider
from offline_transfer.types import JsonObject

_SCHEMES: Final = frozenset({"memory", "s3", "gs", "az"})
_DEFAULT_REGION: Final = "us-east-1"
_GCS_FILE_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_GCS_TEXT_VARIABLE: Final = "GOOGLE_SERVICE_ACCOUNT_KEY"
_GCS_FILE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class TypedBucket:
    """A bucket or directory, and what opens it."""

    provider: Provider
    bucket: str
    prefix: str = ""
    credentials: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TypedMemory:
    """A store in this process."""

    name: str
    prefix: str


def read_url(url: str, environment: Mapping[str, str], s3_endpoint: str | None) -> TypedBucket | TypedMemory:
    """What a path or URL names. See `configuration.parse_location`."""
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
    match scheme:
        case "memory":
            return TypedMemory(name, prefix)
        case "gs":
            return TypedBucket(Provider.GCS, name, prefix, _gcs(name, environment))
        case "az":
            return TypedBucket(Provider.AZURE, name, prefix, _azure(name, environment))
        case _:
            provider = Provider.AWS if s3_endpoint is None else Provider.S3_COMPATIBLE
            return TypedBucket(provider, name, prefix, _s3(name, environment, s3_endpoint))


def _on_disk(path: str) -> TypedBucket:
    if not path or "\0" in path:
        raise InvalidLocationError(problem="The path of a directory is empty or contains a NUL character")
    return TypedBucket(Provider.DISK, str(Path(path).absolute()))


def _path_of_file_url(host: str, path: str) -> str:
    if host not in ("", "localhost") or "?" in path or "#" in path:
        raise InvalidLocationError(
            problem="A file URL names no other machine, and '?' and '#' are written as %3F and %23 in it"
        )
    return unquote(f"/{path}")


def _s3(name: str, environment: Mapping[str, str], endpoint: str | None) -> JsonObject:
    access_key_id, secret_access_key = _required(
        f"s3://{name}", environment, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    return {
        "aws_access_key_id": access_key_id,
        "aws_secret_access_key": secret_access_key,
        "session_token": environment.get("AWS_SESSION_TOKEN") or None,
        "region": environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION,
        "path_style": True,
        "endpoint": endpoint,
        **_proxy(environment, endpoint),
    }


def _gcs(name: str, environment: Mapping[str, str]) -> JsonObject:
    text = environment.get(_GCS_TEXT_VARIABLE) or _gcs_file(f"gs://{name}", environment)
    return {"google_json_key_string": text, **_proxy(environment, None)}


def _gcs_file(store: str, environment: Mapping[str, str]) -> str:
    (path,) = _required(store, environment, (_GCS_FILE_VARIABLE,))
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(_GCS_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{path} cannot be read ({type(error).__name__})"
        raise InvalidCredentialsError(store=store, problem=problem, variable=_GCS_FILE_VARIABLE) from error


def _azure(name: str, environment: Mapping[str, str]) -> JsonObject:
    account_name, account_key = _required(
        f"az://{name}", environment, ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY")
    )
    return {
        "azure_storage_account_name": account_name,
        "azure_storage_access_key": account_key,
        **_proxy(environment, None),
    }


def _required(store: str, environment: Mapping[str, str], variables: tuple[str, ...]) -> tuple[str, ...]:
    absent = [name for name in variables if not environment.get(name)]
    if absent:
        raise MissingCredentialsError(store=store, variables=" and ".join(absent))
    return tuple(environment[name] for name in variables)


def _proxy(environment: Mapping[str, str], endpoint: str | None) -> JsonObject:
    """The proxy of this network, which may contain a password. This machine is reached without one."""
    destination = Destination.of_endpoint("https://the-cloud" if endpoint is None else endpoint)
    if destination.is_this_machine():
        return {}
    return {
        "proxy_url": _either_case(environment, "HTTP_PROXY" if destination.scheme == "http" else "HTTPS_PROXY"),
        "proxy_excludes": _either_case(environment, "NO_PROXY"),
    }


def _either_case(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(name.lower()) or environment.get(name) or None
