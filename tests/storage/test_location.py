"""Places as people type them."""

from pathlib import Path

import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.storage.configuration import parse_location
from offline_transfer.storage.errors import (
    InvalidCredentialsError,
    InvalidLocationError,
    InvalidObjectKeyError,
    MissingCredentialsError,
)
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import ObjectInfo
from tests.storage.hostile import answering, closed_port, response
from tests.support.s3 import GcsServer, S3Server

PLACES = " A place is a directory, `file:///directory`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."
S3 = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret"}
AZURE = {"AZURE_STORAGE_ACCOUNT_NAME": "account", "AZURE_STORAGE_ACCOUNT_KEY": "c2VjcmV0"}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("{root}", "{root}"),
        ("{root}/", "{root}"),
        ("{root}/a b%20c", "{root}/a b%20c"),
        ("relative/path", "{root}/relative/path"),
        ("s3:/not/a/url", "{root}/s3:/not/a/url"),
        ("file://{root}/a%20b%3F", "{root}/a b?"),
        ("file://localhost{root}", "{root}"),
    ],
)
def test_a_path_is_a_directory(url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    location = parse_location(url.format(root=tmp_path), environment={})
    assert (location.describe(), location.prefix) == (path.format(root=tmp_path), "")


@pytest.mark.parametrize(
    ("url", "environment", "description", "prefix"),
    [
        ("s3://bucket", S3, "s3://bucket", ""),
        ("s3://bucket/", S3, "s3://bucket", ""),
        ("s3://bucket/a/b/", S3, "a/b in s3://bucket", "a/b"),
        ("s3://bucket/100%25#?", S3, "100%25#? in s3://bucket", "100%25#?"),
        ("az://container/a", AZURE, "a in az://container at account", "a"),
        ("memory://name/a/b", {}, "a/b in memory://name", "a/b"),
    ],
)
def test_a_url_is_a_bucket_and_a_prefix(url: str, environment: dict[str, str], description: str, prefix: str) -> None:
    location = parse_location(url, environment=environment)
    assert (location.describe(), location.prefix) == (description, prefix)


def test_names_in_a_place_become_keys_and_the_reverse() -> None:
    location = parse_location("memory://names/a/b", environment={})
    top = parse_location("memory://names", environment={})
    assert [location.key("c/d"), top.key("c/d")] == ["a/b/c/d", "c/d"]
    assert [location.name("a/b/c/d"), top.name("a/b/c/d")] == ["c/d", "a/b/c/d"]
    assert location.below("c") == Location(location.store, "a/b/c")
    with pytest.raises(InvalidObjectKeyError):
        location.key("../secret")


def test_a_memory_store_is_found_again_by_its_name() -> None:
    parse_location("memory://again", environment={}).store.put("key", from_bytes(b"1"))
    assert list(parse_location("memory://again/any", environment={}).store.list()) == [ObjectInfo("key", 1)]
    assert list(parse_location("memory://another", environment={}).store.list()) == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://host/path", "There is no kind of store called 'ftp'."),
        ("https://bucket.s3.amazonaws.com/key", "There is no kind of store called 'https'."),
        ("S3://bucket", "There is no kind of store called 'S3'."),
        ("\x1b[2J://bucket", r"There is no kind of store called '\x1b[2J'."),
        ("", "The path of a directory is empty or contains a NUL character."),
        ("a\0b", "The path of a directory is empty or contains a NUL character."),
        ("file://host/path", "A file URL names no other machine, and '?' and '#' are written as %3F and %23 in it."),
        ("file:///a?b", "A file URL names no other machine, and '?' and '#' are written as %3F and %23 in it."),
        ("file:///a%00b", "The path of a directory is empty or contains a NUL character."),
        ("s3:///prefix", "What is given as the bucket cannot be the name of one."),
        ("s3://AKIATEST:secret@bucket/prefix", "What is given as the bucket cannot be the name of one."),
        ("gs://../prefix", "What is given as the bucket cannot be the name of one."),
    ],
)
def test_what_is_no_place_is_refused_with_the_kinds_of_places(url: str, problem: str) -> None:
    with pytest.raises(InvalidLocationError) as raised:
        parse_location(url, environment=S3 | AZURE)
    assert str(raised.value) == problem + PLACES
    assert raised.value.exit_status is ExitStatus.USAGE


@pytest.mark.parametrize("url", ["s3://bucket/a/../b", "s3://bucket/a//b", "memory://name/a\nb"])
def test_a_prefix_that_no_key_can_have_is_refused(url: str) -> None:
    with pytest.raises(InvalidObjectKeyError):
        parse_location(url, environment=S3)


@pytest.mark.parametrize(
    ("url", "environment", "variables"),
    [
        ("s3://bucket", {}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ("s3://bucket", {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
        ("gs://bucket", {}, "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://bucket", {"AZURE_STORAGE_ACCOUNT_NAME": "account"}, "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_absent_credentials_are_named_by_their_variables(url: str, environment: dict[str, str], variables: str) -> None:
    with pytest.raises(MissingCredentialsError) as raised:
        parse_location(url, environment=environment)
    assert str(raised.value) == f"There are no credentials for {url}. Set {variables} in the environment."
    assert raised.value.exit_status is ExitStatus.USAGE


def test_a_bucket_is_reached_with_the_credentials_that_were_given(rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    location = parse_location(
        f"s3://{bucket}/exports", environment=rclone_server.environment(), s3_endpoint=rclone_server.endpoint
    )
    location.store.put(location.key("key"), from_bytes(b"contents"))
    assert list(location.store.list("exports")) == [ObjectInfo("exports/key", 8)]
    assert location.describe() == f"exports in s3://{bucket} at {rclone_server.endpoint}"


@pytest.mark.parametrize(
    ("variables", "region", "token"),
    [
        ({}, "us-east-1", None),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_SESSION_TOKEN": ""}, "eu-west-1", None),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-north-1", "AWS_SESSION_TOKEN": "t"}, "eu-north-1", "t"),
    ],
)
def test_region_and_session_come_from_the_variables(variables: dict[str, str], region: str, token: str | None) -> None:
    requests: list[bytes] = []
    with answering(response("200 OK"), requests) as bucket:
        location = parse_location("s3://bucket", environment=S3 | variables, s3_endpoint=bucket.endpoint)
        location.store.size("key")
    head = requests[0].decode()
    assert f"/{region}/s3/aws4_request" in head
    assert ("x-amz-security-token: t\r\n" in head) == (token is not None)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://host",
        "host:9000",
        "https://",
        "https://key:secret@host",
        "https://host/?a",
        "http://[::1",
        "https://h:x",
        "",
    ],
)
def test_an_endpoint_that_is_no_address_is_refused_without_being_shown_if_it_may_be_secret(endpoint: str) -> None:
    with pytest.raises(InvalidLocationError) as raised:
        parse_location("s3://bucket", environment=S3, s3_endpoint=endpoint)
    assert "secret" not in str(raised.value)


def test_an_endpoint_goes_with_s3_only(tmp_path: Path) -> None:
    for url in (str(tmp_path), "gs://bucket", "memory://name"):
        with pytest.raises(InvalidLocationError, match=r"^An S3 endpoint goes with s3:// only"):
            parse_location(url, environment={}, s3_endpoint="https://host")


def test_a_service_account_comes_from_a_file_or_a_variable(gcs_server: GcsServer, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text(gcs_server.credentials())
    for variables in (
        {"GOOGLE_APPLICATION_CREDENTIALS": str(path)},
        {"GOOGLE_SERVICE_ACCOUNT_KEY": gcs_server.credentials()},
    ):
        assert parse_location("gs://bucket/a", environment=variables).describe() == "a in gs://bucket"


@pytest.mark.parametrize("contents", [b"{", b"\xff\xfe", b'{"type": "authorized_user"}', None])
def test_a_file_that_is_no_service_account_is_refused(contents: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(InvalidCredentialsError, match=r"^The credentials for gs://bucket cannot be used: "):
        parse_location("gs://bucket", environment={"GOOGLE_APPLICATION_CREDENTIALS": str(path)})


def test_this_machine_is_reached_without_the_proxy(rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    proxies = {"HTTP_PROXY": f"http://127.0.0.1:{closed_port()}"}
    location = parse_location(
        f"s3://{bucket}", environment=rclone_server.environment() | proxies, s3_endpoint=rclone_server.endpoint
    )
    assert location.store.put("key", from_bytes(b"1")) == 1


def test_other_machines_are_reached_through_the_proxy() -> None:
    requests: list[bytes] = []
    with answering(response("200 OK"), requests) as proxy:
        assert proxy.endpoint is not None
        location = parse_location(
            "s3://bucket", environment=S3 | {"http_proxy": proxy.endpoint}, s3_endpoint="http://s3.invalid:9000"
        )
        location.store.size("key")
    assert requests[0].startswith(b"HEAD http://s3.invalid:9000/bucket/key HTTP/1.1\r\n")
