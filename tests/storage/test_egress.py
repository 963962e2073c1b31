"""Where the stores of requests may be, and that there is no way around it."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from socket import create_connection
from urllib.parse import urlsplit

import pytest

from offline_transfer.errors import StorageError
from offline_transfer.storage import proxy
from offline_transfer.storage.addresses import AddressKind
from offline_transfer.storage.buckets import Connection, GcsDefaultBucket
from offline_transfer.storage.configuration import ASKING, StorageConfiguration
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.egress import AnswerLimit, EgressPolicy, Passage, Resolver
from offline_transfer.storage.errors import (
    EgressRefusedError,
    EndlessAnswerError,
    ObjectCutError,
    StorageAccessDeniedError,
    StorageElsewhereError,
    StorageNotAllowedError,
    StorageRefusedError,
    StorageUnavailableError,
)
from offline_transfer.storage.location import Location
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.proxy import EgressProxy, shared_proxy
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import ObjectInfo
from tests.storage.calls import CALLS
from tests.storage.conftest import LOCAL
from tests.storage.hostile import answering, bucket_at, closed_port, response
from tests.support.s3 import S3Server

MEBIBYTE = 1024 * 1024
HOST = "http://store.example:9000"


@pytest.fixture(scope="module")
def egress() -> Iterator[EgressProxy]:
    """A proxy for clients that are not ours."""
    with EgressProxy() as found:
        yield found
        found.shutdown()


class Names:
    """A resolver that answers as it was told, one answer after another and the last one again and again."""

    def __init__(self, *answers: Sequence[tuple[str, int]]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    def __call__(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def store(policy: EgressPolicy, endpoint: str = HOST) -> Location:
    server = S3Server(endpoint, "AKIATEST", "secret-of-the-tests")
    return server.configuration("bucket").open(policy, patience=ASKING)


def policy(names: Resolver, *, allow_private: bool = False, allow_loopback: bool = False) -> EgressPolicy:
    return replace(CLOSED, resolver=names, allow_private=allow_private, allow_loopback=allow_loopback)


CLOSED = EgressPolicy(allow_s3_compatible=True, allow_plain_http=True)
OPEN = {"allow_private": True, "allow_loopback": True}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("address", "allowed", "kind"),
    [
        ("127.0.0.1", {"allow_private": True}, AddressKind.LOOPBACK),
        ("::1", {}, AddressKind.LOOPBACK),
        ("::ffff:127.0.0.1", {}, AddressKind.LOOPBACK),
        ("10.0.0.1", {"allow_loopback": True}, AddressKind.PRIVATE),
        ("100.64.0.1", {}, AddressKind.PRIVATE),
        ("64:ff9b::a00:1", {}, AddressKind.PRIVATE),
        ("169.254.169.254", OPEN, AddressKind.METADATA),
        ("fd00:ec2::254", OPEN, AddressKind.METADATA),
        ("64:ff9b::a9fe:a9fe", OPEN, AddressKind.METADATA),
        ("0.0.0.0", OPEN, AddressKind.UNUSABLE),  # noqa: S104  not to listen at
        ("224.0.0.1", OPEN, AddressKind.UNUSABLE),
    ],
)
def test_a_name_that_leads_where_nobody_may_go_is_not_contacted(
    scheme: str, address: str, allowed: dict[str, bool], kind: AddressKind
) -> None:
    names = Names([(address, closed_port())])
    location = store(policy(names, **allowed), f"{scheme}://store.example")
    with pytest.raises(EgressRefusedError) as raised:
        location.store.put("key", from_bytes(b"1"))
    port = {"http": 80, "https": 443}[scheme]
    assert names.asked == [("store.example", port)]
    assert str(raised.value) == (
        f"s3://bucket at {scheme}://store.example was not contacted, since {scheme}://store.example:{port} is at {kind}. Choose"
        " another endpoint, or, where it belongs to this network, ask an administrator to change allow_local_requests."
    )


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000", "http://10.0.0.1"]
)
def test_an_address_needs_no_name_to_be_refused(endpoint: str) -> None:
    with pytest.raises(EgressRefusedError):
        store(CLOSED, endpoint).store.size("key")


def test_one_address_that_is_not_allowed_spoils_the_others() -> None:
    requests: list[bytes] = []
    with answering(response("200 OK"), requests) as server:
        names = Names([address_of(server.endpoint), ("169.254.169.254", 80)])
        with pytest.raises(EgressRefusedError):
            store(policy(names, **OPEN)).store.size("key")
    assert requests == []


def test_a_name_is_resolved_once_for_each_connection_and_that_address_is_contacted() -> None:
    requests: list[bytes] = []
    with answering(response("200 OK"), requests) as server:
        names = Names([address_of(server.endpoint)], [("169.254.169.254", 80)])
        location = store(policy(names, **OPEN))
        location.store.size("first")
        with pytest.raises(EgressRefusedError):
            location.store.size("second")
    assert names.asked == [("store.example", 9000)] * 2
    assert [request.split(b" ")[1] for request in requests] == [b"/bucket/first"]


def test_another_address_of_a_name_is_tried_when_one_does_not_answer(rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    names = Names([("127.0.0.1", closed_port()), address_of(rclone_server.endpoint)])
    location = rclone_server.configuration(bucket, endpoint=HOST).open(policy(names, **OPEN))
    assert location.store.put("key", from_bytes(b"1")) == 1


def test_a_name_without_an_address_can_be_tried_again() -> None:
    def no_such_name(_: str, __: int) -> Sequence[tuple[str, int]]:
        raise OSError("no such name")

    for names in (no_such_name, Names([])):
        with pytest.raises(StorageUnavailableError):
            store(policy(names)).store.size("key")


REDIRECTS = (
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://another.example/",
    "http://store.example/",
    "https://store.example:9000/",
)


@pytest.mark.parametrize("target", REDIRECTS)
@pytest.mark.parametrize("status", ["301 Moved Permanently", "307 Temporary Redirect"])
def test_a_redirect_to_another_place_is_not_followed(target: str, status: str) -> None:
    answer = f"HTTP/1.1 {status}\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    requests: list[bytes] = []
    with answering(answer, requests) as server:
        names = Names([address_of(server.endpoint)])
        with pytest.raises((StorageElsewhereError, StorageRefusedError), match=r"sent (a|the) request"):
            store(policy(names, **OPEN)).store.size("key")
    assert names.asked == [("store.example", 9000)]
    assert len(requests) == 1


def test_a_redirect_within_the_same_place_is_followed() -> None:
    requests: list[bytes] = []
    answer = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {HOST}/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with answering(answer.encode(), requests) as server:
        names = Names([address_of(server.endpoint)])
        with pytest.raises((StorageRefusedError, StorageUnavailableError)):
            store(policy(names, **OPEN)).store.size("key")
    assert {request.split(b" ")[1] for request in requests} == {b"/bucket/key", b"/elsewhere"}


def test_https_is_verified_by_name_through_the_proxy(tls_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.authority))
    bucket = tls_server.new_bucket().bucket
    names = Names([address_of(tls_server.endpoint)])
    location = tls_server.configuration(bucket, endpoint="https://store.example").open(policy(names, **OPEN))
    location.store.put("key", from_bytes(b"1"))
    assert list(location.store.list()) == [ObjectInfo("key", 1)]
    other = tls_server.configuration(bucket, endpoint="https://other.example").open(policy(names, **OPEN))
    with pytest.raises(StorageRefusedError, match="its certificate is for another name or time, or of an authority"):
        other.store.size("key")
    assert set(names.asked) == {("store.example", 443), ("other.example", 443)}


def test_a_certificate_of_an_unknown_authority_is_refused(tls_server: S3Server) -> None:
    with pytest.raises(StorageRefusedError, match="its certificate is for another name or time, or of an authority"):
        tls_server.configuration("bucket").open(LOCAL).store.size("key")


def test_a_store_that_does_not_encrypt_is_refused_over_https(rclone_server: S3Server) -> None:
    endpoint = rclone_server.endpoint.replace("http://", "https://")
    with pytest.raises(StorageRefusedError, match="it does not speak https"):
        rclone_server.configuration("bucket", endpoint=endpoint).open(LOCAL).store.size("key")


@pytest.mark.parametrize(
    ("forbidden", "setting"),
    [
        (EgressPolicy(allow_plain_http=True), "allow_s3_compatible_storage_for_offline_transfer"),
        (EgressPolicy(allow_s3_compatible=True), "allow_plain_http_endpoints"),
    ],
)
def test_what_an_administrator_has_to_allow_is_named(forbidden: EgressPolicy, setting: str) -> None:
    with pytest.raises(StorageNotAllowedError, match=f"ask an administrator to change {setting}\\.$"):
        store(forbidden)


def test_default_credentials_must_be_allowed_and_reach_what_hands_them_out() -> None:
    values = {"google_project": "my-project-1"}
    found = StorageConfiguration.from_parameters("gcs_adc_configuration", values, "gitlab-offline-transfer-1")
    with pytest.raises(
        StorageNotAllowedError, match="change allow_application_default_credentials_for_offline_transfer"
    ):
        found.open(EgressPolicy())
    requests: list[bytes] = []
    token = json.dumps({"access_token": "token-of-the-tests", "expires_in": 3600}).encode()
    with answering(response("200 OK", token), requests) as server:
        names = Names([address_of(server.endpoint)])
        allowed = EgressPolicy(allow_application_default_credentials=True, resolver=names)
        with pytest.raises(
            EgressRefusedError, match=r"since http://169\.254\.169\.254:80 is at an address of this machine"
        ):
            found.open(allowed, patience=ASKING).store.size("key")
    assert requests == []
    assert names.asked == [("metadata.google.internal", 80), ("169.254.169.254", 80)]


def test_the_library_asks_for_the_token_of_this_machine_through_the_proxy(egress: EgressProxy) -> None:
    requests: list[bytes] = []
    token = json.dumps({"access_token": "token-of-the-tests", "expires_in": 3600}).encode()
    with answering(response("200 OK", token), requests) as server:
        names = Names([address_of(server.endpoint)])
        everywhere = frozenset(AddressKind)
        passage = Passage(
            store="gs://bucket",
            allowed={
                Destination("http", "metadata.google.internal", 80): everywhere,
                Destination("https", "storage.googleapis.com", 443): frozenset[AddressKind](),
            },
            resolver=names,
        )
        connection = Connection(proxy_url=egress.open(passage))
        with pytest.raises(StorageError):
            BucketStore(GcsDefaultBucket(bucket="bucket", file=None, connection=connection)).size("key")
    (request,) = requests
    assert request.startswith(b"GET /computeMetadata/v1/instance/service-accounts/default/token?")
    assert b"metadata-flavor: google" in request.lower()
    assert names.asked == [("metadata.google.internal", 80), ("storage.googleapis.com", 443)]


def test_a_client_without_a_passage_gets_nothing(egress: EgressProxy) -> None:
    requests: list[bytes] = []
    with answering(response("200 OK", b"secret"), requests) as server:
        address = egress.open(Passage(store="any", allowed=None, resolver=Names([address_of(server.endpoint)])))
        token = urlsplit(address).password
        closed = egress.open(Passage(store="any", allowed=None, resolver=Names([address_of(server.endpoint)])))
        egress.close(closed)
        answers = {
            authorization: said(egress, f"GET {HOST}/ HTTP/1.1\r\n{authorization}\r\n\r\n".encode())
            for authorization in (
                "Host: store.example",
                basic("passage:wrong"),
                basic(f"other:{token}"),
                basic(f"passage:{urlsplit(closed).password}"),
                "Proxy-Authorization: Bearer abc",
                "Proxy-Authorization: Basic !",
                basic(f"passage:{token}"),
            )
        }
    assert [answer.split(b" ")[1] for answer in answers.values()] == [b"407"] * 6 + [b"200"]
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /bucket HTTP/1.1", 400),
        ("GET ftp://store.example/ HTTP/1.1", 400),
        ("GET http://2852039166/ HTTP/1.1", 400),
        ("GET http://[::1/ HTTP/1.1", 400),
        ("GET http://store.example:99999/ HTTP/1.1", 400),
        ("CONNECT store.example HTTP/1.1\r\nX: y", 403),
        ("CONNECT store.example:9000 HTTP/1.1", 403),
        (f"GET {HOST.replace('http', 'https')}/ HTTP/1.1", 403),
        (f"PUT {HOST}/ HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
        (f"PATCH {HOST}/ HTTP/1.1", 501),
        (f"GET {HOST}/{'a' * 70_000} HTTP/1.1", 414),
        (f"GET {HOST}/ HTTP/1.1\r\nX: {'a' * 70_000}", 431),
        (f"GET {HOST}/ HTTP/1.1" + "\r\nX: y" * 200, 431),
    ],
)
def test_what_is_no_request_for_the_store_is_refused(egress: EgressProxy, head: str, status: int) -> None:
    names = Names([("127.0.0.1", closed_port())])
    place = Destination.of_endpoint(HOST)
    address = egress.open(Passage(store="any", allowed={place: frozenset(AddressKind)}, resolver=names))
    line, separator, rest = head.partition("\r\n")
    allowed = basic(f"passage:{urlsplit(address).password}")
    answer = said(egress, f"{line}\r\n{allowed}{separator}{rest}\r\n\r\n".encode())
    assert int(answer.split(b" ")[1]) == status
    assert names.asked == []


def test_a_client_that_says_nothing_is_given_up(egress: EgressProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy._Handler, "timeout", 0.05)
    with create_connection(("127.0.0.1", egress.server_port)) as client:
        client.sendall(b"GET ")
        client.settimeout(10)
        assert client.recv(1) == b""


@pytest.mark.parametrize("is_chunked", [False, True], ids=["of a length", "in chunks"])
def test_an_answer_that_is_cut_stays_cut(is_chunked: bool) -> None:
    if is_chunked:
        head = b'HTTP/1.1 200 OK\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n'
        answer = head + b"\r\n5\r\nhello\r\n5\r\nhe"
    else:
        answer = response("200 OK", bytes(3 * MEBIBYTE), announced=5 * MEBIBYTE)
    with answering(answer) as server:
        assert server.endpoint is not None
        found = BucketStore(server, policy=LOCAL).blocks("key")
        with pytest.raises((StorageUnavailableError, ObjectCutError, StorageRefusedError)):
            list(found)


def test_an_answer_before_the_end_of_a_request_arrives() -> None:
    with answering(response("403 Forbidden")) as server, pytest.raises(StorageAccessDeniedError):
        BucketStore(server, policy=LOCAL).put("key", lambda: [bytes(MEBIBYTE)] * 15)


def page(body: bytes, token: str = "") -> bytes:
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return response("200 OK", b"<ListBucketResult>" + more.encode() + body + b"</ListBucketResult>")


@pytest.mark.parametrize(
    "answer",
    [page(b"", token="again"), page(b"<x></x>" * (8 * MEBIBYTE))],
    ids=["pages without end", "a page without end"],
)
@pytest.mark.parametrize("allowed", [None, LOCAL], ids=["typed", "requested"])
def test_a_listing_without_end_is_given_up(
    answer: bytes, allowed: EgressPolicy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_transfer.storage.routes.PAGE_BYTES", 64 * 1024)
    with answering(answer) as server, pytest.raises(EndlessAnswerError) as raised:
        list(BucketStore(server, policy=allowed).list())
    assert not raised.value.retryable


@pytest.mark.parametrize("call", ["size", "put", "put in parts", "blocks", "delete"])
def test_a_message_of_failure_without_end_is_given_up(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offline_transfer.storage.routes._AHEAD_BYTES", 1024 * 1024)
    with answering(response("400 Bad Request", b" " * (4 * MEBIBYTE))) as server:
        found = BucketStore(server, policy=LOCAL)
        if call == "size":
            with pytest.raises(StorageRefusedError):
                # What answers HEAD has no body.
                found.size("key")
        else:
            with pytest.raises(EndlessAnswerError):
                CALLS[call](found)


def test_an_object_may_be_larger_than_what_may_be_ahead(
    rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_transfer.storage.routes._AHEAD_BYTES", 20 * MEBIBYTE)
    found = BucketStore(rclone_server.new_bucket(), policy=LOCAL)
    found.put("key", lambda: [bytes(MEBIBYTE)] * 100)
    assert sum(map(len, found.blocks("key"))) == 100 * MEBIBYTE
    for _ in range(20):
        next(found.blocks("key"))


def test_what_was_taken_makes_room() -> None:
    limit = AnswerLimit(most_bytes=10)
    passage = Passage(store="any", allowed=None, resolver=Names([]), limit=limit)
    for _ in range(3):
        passage.receive(10)
        passage.take(11)
    passage.receive(10)
    with pytest.raises(EndlessAnswerError):
        passage.receive(1)


def test_an_answer_has_its_time() -> None:
    limit = AnswerLimit(most_bytes=10, longest=timedelta(seconds=-1))
    with pytest.raises(EndlessAnswerError):
        Passage(store="any", allowed=None, resolver=Names([]), limit=limit).receive(1)


def test_a_proxy_is_shared_and_forgets_stores_that_are_gone() -> None:
    before = len(shared_proxy()._passages)
    held = [BucketStore(bucket_at(1), policy=LOCAL) for _ in range(2)]
    assert len(shared_proxy()._passages) == before + 2
    held.clear()
    assert len(shared_proxy()._passages) == before


def address_of(endpoint: str | None) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(endpoint or "").port or 0


def basic(text: str) -> str:
    return f"Proxy-Authorization: Basic {b64encode(text.encode()).decode()}"


def said(egress: EgressProxy, request: bytes) -> bytes:
    """All that the proxy answers to these bytes."""
    with create_connection(("127.0.0.1", egress.server_port), 10) as client:
        client.sendall(request)
        answer = b""
        # What it has not read of a request that is too long resets the connection behind the answer.
        with suppress(ConnectionResetError):
            while block := client.recv(65536):
                answer += block
    return answer
