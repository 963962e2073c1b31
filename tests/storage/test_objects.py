"""What only buckets can get wrong: credentials, the environment, answers of servers, secrets in messages."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from socket import create_server
from typing import Any

import pytest

from offline_transfer.errors import OfflineTransferError
from offline_transfer.storage.buckets import AzureContainer, Bucket, Connection, GcsBucket
from offline_transfer.storage.errors import (
    InvalidCredentialsError,
    InvalidLocationError,
    InvalidObjectKeyError,
    ObjectCutError,
    ObjectTooLargeError,
    StorageAccessDeniedError,
    StorageFullError,
    StorageRefusedError,
    StorageUnavailableError,
    StoreNotFoundError,
)
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import BLOCK_BYTES, ObjectInfo, Store
from tests.storage.azure import AzureServer
from tests.storage.calls import CALLS, LARGE
from tests.storage.failures import whole_text
from tests.storage.hostile import KEY_ID, SECRET, answering, bucket_at, closed_port, listing, response
from tests.support.s3 import GcsServer, S3Server

MEBIBYTE = BLOCK_BYTES
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@calls
def test_wrong_secrets_are_refused_without_being_shown(
    rclone_server: S3Server, call: Callable[[Store], object]
) -> None:
    bucket = replace(rclone_server.new_bucket(), secret_access_key="wrong-secret")
    with pytest.raises(StorageAccessDeniedError) as raised:
        call(BucketStore(bucket))
    text = whole_text(raised.value)
    assert [hidden for hidden in (bucket.access_key_id, "wrong-secret", "Signature") if hidden in text] == []
    assert str(raised.value) == (
        f"s3://{bucket.bucket} at {bucket.endpoint} refused access to key. "
        "Check its credentials and permissions, and this machine's clock."
    )
    assert not raised.value.retryable


@pytest.mark.parametrize("name", ["put", "put in parts", "blocks", "list"])
@pytest.mark.parametrize("server", ["rclone_server", "moto_server"])
def test_an_absent_bucket_is_named(request: pytest.FixtureRequest, server: str, name: str) -> None:
    found: S3Server = request.getfixturevalue(server)
    with pytest.raises(StoreNotFoundError) as raised:
        CALLS[name](BucketStore(found.bucket("absent-bucket")))
    assert str(raised.value) == (
        f"s3://absent-bucket at {found.endpoint} does not exist, or its credentials may not see it. "
        "Create it first, or correct its name."
    )


@pytest.mark.parametrize("name", ["put", "put in parts", "blocks", "list"])
def test_an_absent_container_of_azure_is_named(azure_server: AzureServer, name: str) -> None:
    container = azure_server.container("absent-container")
    with pytest.raises(StoreNotFoundError, match=f"^az://absent-container at {container.endpoint} does not exist"):
        CALLS[name](BucketStore(container))


def test_nothing_of_the_environment_counts(rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = rclone_server.new_bucket()
    elsewhere = f"http://127.0.0.1:{closed_port()}"
    for name, value in {
        "AWS_ENDPOINT": elsewhere,
        "AWS_ENDPOINT_URL": elsewhere,
        "AWS_ENDPOINT_URL_S3": elsewhere,
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_SESSION_TOKEN": "token",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_SERVER_SIDE_ENCRYPTION": "aws:kms",
        "AWS_SSE_KMS_KEY_ID": "key",
        "AWS_PROXY_URL": elsewhere,
        "HTTP_PROXY": elsewhere,
        "http_proxy": elsewhere,
        "ALL_PROXY": elsewhere,
    }.items():
        monkeypatch.setenv(name, value)
    store = BucketStore(bucket)
    store.put("key", from_bytes(b"1"))
    assert list(store.list()) == [ObjectInfo("key", 1)]


def test_the_environment_is_as_before_after_a_store_was_made(
    rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    before = dict(os.environ)
    BucketStore(rclone_server.bucket("any"))
    assert dict(os.environ) == before


def test_credentials_are_not_shown_with_a_bucket(gcs_server: GcsServer) -> None:
    connection = Connection(proxy_url="http://user:proxy-password@proxy")
    buckets: list[Bucket] = [
        replace(bucket_at(1, connection=connection), session_token="session-token"),
        GcsBucket(bucket="bucket", credentials=gcs_server.credentials(), connection=connection),
        AzureContainer(container="container", account_name="name", account_key=SECRET, connection=connection),
    ]
    hidden = (SECRET, KEY_ID, "session-token", "private_key", "proxy-password")
    assert [text for bucket in buckets for text in hidden if text in repr(bucket)] == []


def test_an_interrupted_upload_leaves_no_parts(moto_server: S3Server) -> None:
    bucket = moto_server.new_bucket()
    client = moto_server.client()
    unfinished = client.create_multipart_upload(Bucket=bucket.bucket, Key="of another client")

    def source() -> Iterator[bytes]:
        yield from LARGE * 2
        raise KeyError

    with pytest.raises(KeyError):
        BucketStore(bucket).put("key", source)
    uploads = client.list_multipart_uploads(Bucket=bucket.bucket)["Uploads"]
    assert [upload["UploadId"] for upload in uploads] == [unfinished["UploadId"]]


def test_other_clients_read_what_we_write_and_the_reverse(moto_server: S3Server) -> None:
    bucket, client = moto_server.new_bucket(), moto_server.client()
    store = BucketStore(bucket)
    store.put("a b/ü%41", lambda: LARGE)
    assert client.get_object(Bucket=bucket.bucket, Key="a b/ü%41")["Body"].read() == b"".join(LARGE)
    client.put_object(Bucket=bucket.bucket, Key="their/ö+1", Body=b"contents")
    assert b"".join(store.blocks("their/ö+1")) == b"contents"


def test_objects_that_are_too_large_are_refused_before_all_of_it_is_sent(rclone_server: S3Server) -> None:
    store = BucketStore(rclone_server.new_bucket(), largest_object=20 * MEBIBYTE)
    with pytest.raises(ObjectTooLargeError, match=r"^key is larger than the 20971520 bytes that s3://test-"):
        store.put("key", lambda: LARGE * 2)
    assert list(store.list()) == []
    assert store.put("key", lambda: [*LARGE, bytes(3 * MEBIBYTE)]) == 20 * MEBIBYTE


def test_the_folders_of_consoles_are_not_listed(moto_server: S3Server) -> None:
    bucket, client = moto_server.new_bucket(), moto_server.client()
    for key in ("export/", "export/group_1/", "export/group_1/labels", "export/group_1/z"):
        client.put_object(Bucket=bucket.bucket, Key=key, Body=b"")
    expected = [ObjectInfo("export/group_1/labels", 0), ObjectInfo("export/group_1/z", 0)]
    assert [list(BucketStore(bucket).list(prefix)) for prefix in ("", "export", "export/group_1")] == [expected] * 3


@calls
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("403 Forbidden", StorageAccessDeniedError),
        ("401 Unauthorized", StorageAccessDeniedError),
        ("500 Internal Server Error", StorageUnavailableError),
        ("503 Slow Down", StorageUnavailableError),
        ("429 Too Many Requests", StorageUnavailableError),
        ("507 Insufficient Storage", StorageFullError),
        ("400 Bad Request", StorageRefusedError),
        ("301 Moved Permanently", StorageRefusedError),
    ],
)
def test_a_status_becomes_an_error_without_the_text_of_the_answer(
    call: Callable[[Store], object], status: str, expected: type[OfflineTransferError]
) -> None:
    body = f"<Error><Code>Any</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId><Message>said</Message></Error>".encode()
    with answering(response(status, body)) as bucket, pytest.raises(expected) as raised:
        call(BucketStore(bucket))
    text = whole_text(raised.value)
    assert [hidden for hidden in (KEY_ID, SECRET, "said") if hidden in text] == []
    assert bucket.endpoint is not None
    assert bucket.endpoint in str(raised.value)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "size"])
def test_expired_credentials_are_refused(name: str) -> None:
    answer = response("400 Bad Request", b"<Error><Code>ExpiredToken</Code></Error>")
    with answering(answer) as bucket, pytest.raises(StorageAccessDeniedError):
        CALLS[name](BucketStore(bucket))


@pytest.mark.parametrize("name", ["put", "put in parts", "blocks", "size"])
def test_a_server_that_is_no_object_store_is_refused(name: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Welcome</html>"
    with (
        answering(answer) as bucket,
        pytest.raises(StorageRefusedError, match="its answer is not one of an object store"),
    ):
        CALLS[name](BucketStore(bucket))


@calls
def test_a_server_that_is_not_there_can_be_tried_again(call: Callable[[Store], object]) -> None:
    with pytest.raises(StorageUnavailableError) as raised:
        call(BucketStore(bucket_at(closed_port())))
    assert raised.value.retryable


@calls
def test_a_server_that_says_nothing_is_given_up(call: Callable[[Store], object]) -> None:
    connection = Connection(allow_http=True, stalled_after=timedelta(milliseconds=200))
    with create_server(("127.0.0.1", 0)) as listener, pytest.raises(StorageUnavailableError):
        call(BucketStore(bucket_at(listener.getsockname()[1], connection=connection)))


def test_a_body_that_is_cut_never_ends_in_silence() -> None:
    with answering(response("200 OK", bytes(3 * MEBIBYTE), announced=5 * MEBIBYTE)) as bucket:
        blocks = BucketStore(bucket).blocks("key")
        with pytest.raises((StorageUnavailableError, ObjectCutError)) as raised:
            for _ in blocks:
                pass
    assert raised.value.retryable


def test_a_body_that_is_longer_than_announced_ends_where_it_was_announced() -> None:
    with answering(response("200 OK", bytes(100), announced=7)) as bucket:
        assert b"".join(BucketStore(bucket).blocks("key")) == bytes(7)


@pytest.mark.parametrize(
    "key",
    ["export/../../etc/passwd", "export//key", "export/a\\b", "export/a\nb", "other/key", "exports", "export/\u202e"],
)
def test_a_listing_with_a_name_that_cannot_be_is_refused(key: str) -> None:
    with answering(listing(("export/good", 1), (key, 1))) as bucket, pytest.raises(InvalidObjectKeyError):
        list(BucketStore(bucket).list("export"))


def test_a_listing_with_a_negative_size_is_refused() -> None:
    with answering(listing(("export/key", -1))) as bucket, pytest.raises(StorageRefusedError):
        list(BucketStore(bucket).list("export"))


def test_requests_are_signed_and_name_this_program() -> None:
    requests: list[bytes] = []
    with answering(response("200 OK", b"1"), requests) as bucket:
        BucketStore(replace(bucket, session_token="token")).size("key")
    head = requests[0].decode().lower()
    assert requests[0].startswith(b"HEAD /bucket/key HTTP/1.1\r\n")
    assert f"authorization: aws4-hmac-sha256 credential={KEY_ID.lower()}/" in head
    assert "user-agent: offline-transfer/" in head
    assert "x-amz-security-token: token" in head


def test_a_proxy_gets_the_requests_except_for_excluded_hosts(rclone_server: S3Server) -> None:
    requests: list[bytes] = []
    with answering(response("403 Forbidden"), requests) as proxy:
        connection = Connection(allow_http=True, proxy_url=proxy.endpoint)
        bucket = replace(rclone_server.new_bucket(), connection=connection)
        with pytest.raises(StorageAccessDeniedError):
            BucketStore(bucket).size("key")
        excluded = replace(bucket, connection=replace(connection, proxy_excludes="127.0.0.1"))
        BucketStore(excluded).put("key", from_bytes(b"1"))
    assert [request.split(b" ")[1] for request in requests] == [f"{bucket.endpoint}/{bucket.bucket}/key".encode()]


def test_an_unencrypted_endpoint_must_be_allowed() -> None:
    bucket = replace(bucket_at(9000), connection=Connection())
    with pytest.raises(InvalidLocationError, match=r"^The endpoint http://127\.0\.0\.1:9000 is not encrypted"):
        BucketStore(bucket)


def test_an_unencrypted_address_in_the_credentials_of_google_is_refused(gcs_server: GcsServer) -> None:
    store = BucketStore(replace(gcs_server.new_bucket(), connection=Connection()))
    with pytest.raises(StorageRefusedError, match="its address is not encrypted or not valid"):
        store.size("key")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bucket": f"{KEY_ID}:{SECRET}@bucket"}, "bucket"),
        ({"bucket": "../bucket"}, "bucket"),
        ({"bucket": ""}, "bucket"),
        ({"region": "us-east-1.evil.example/#"}, "region"),
    ],
)
def test_names_that_would_lead_elsewhere_are_refused_without_being_shown(change: dict[str, Any], what: str) -> None:
    bucket = replace(bucket_at(9000), **change)
    with pytest.raises(InvalidLocationError) as raised:
        BucketStore(bucket)
    assert str(raised.value).startswith(
        f"What is given as the {what} cannot be the name of one. A place is a directory,"
    )


@pytest.mark.parametrize(
    ("bucket", "variable"),
    [
        (
            GcsBucket(bucket="bucket", credentials=f'{{"private_key": "{SECRET}"'),
            "the file that GOOGLE_APPLICATION_CREDENTIALS names",
        ),
        (
            AzureContainer(container="bucket", account_name="name", account_key=f"{SECRET}!"),
            "AZURE_STORAGE_ACCOUNT_KEY",
        ),
    ],
    ids=["gs", "az"],
)
def test_credentials_of_the_wrong_form_are_refused_without_being_shown(bucket: Bucket, variable: str) -> None:
    with pytest.raises(InvalidCredentialsError) as raised:
        BucketStore(bucket)
    assert str(raised.value).endswith(f". Correct {variable}.")
    assert SECRET not in whole_text(raised.value)
