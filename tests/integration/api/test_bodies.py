"""Bodies of requests that nobody should have sent."""

import json
import logging
import socket
import threading
from http.client import HTTPResponse

import httpx
import pytest

from offline_transfer.api import bodies
from tests.integration.api import scene
from tests.integration.api.scene import PATH, refused
from tests.support.api import SECONDS, Api, Person


def test_a_body_is_not_read_before_it_is_known_whose_it_is(api: Api) -> None:
    answer = api.client().post(PATH, content=b"{nonsense")
    assert refused(answer, 401) == {"message": "401 Unauthorized"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (
            b"{",
            {},
            400,
            "The body is not acceptable JSON: Expecting property name enclosed in double quotes (line 1, column 2).",
        ),
        (b"[]", {}, 400, "The body is not a JSON object."),
        (b"\xff", {}, 400, "The body is not acceptable JSON: it is not UTF-8 (byte 1)."),
        (b'{"a": NaN}', {}, 400, "The body is not acceptable JSON: NaN is no JSON number."),
        (b" " * 1024 * 1024 + b"{}", {}, 413, "The body is larger than 1048576 bytes."),
        (
            b"{}",
            {"Content-Type": "text/plain"},
            415,
            "The provided content-type 'text/plain' is not supported. Send `Content-Type: application/json`.",
        ),
        (
            b"{}",
            {"Content-Type": "application/json; charset=latin-1"},
            415,
            "The provided content-type 'application/json; charset=latin-1' is not supported. Send `Content-Type:"
            " application/json`.",
        ),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    ada: httpx.Client, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    answer = ada.post(PATH, content=body, headers={"Content-Type": "application/json", **headers})
    assert refused(answer, status) == {"error": said}


def test_a_body_without_a_declared_length_is_measured_all_the_same(ada: httpx.Client) -> None:
    answer = ada.post(PATH, content=(b" " * 1000 for _ in range(2000)), headers={"Content-Type": "application/json"})
    assert refused(answer, 413) == {"error": "The body is larger than 1048576 bytes."}


def test_the_request_of_the_worker_document_would_lose_a_group_and_is_refused(api: Api, ada: httpx.Client) -> None:
    good = json.dumps(scene.to_directory(api, "acme/tools"))
    body = good.replace('"full_path": "acme/tools"', '"full_path": "acme", "full_path": "acme/tools"')
    answer = ada.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert refused(answer, 400) == {
        "error": "The body is not acceptable JSON: the key `full_path` is given twice in one object."
    }


def test_what_is_missing_is_told_at_once(ada: httpx.Client) -> None:
    assert refused(ada.post(PATH, json={}), 400) == {
        "error": "entities is missing, bucket is missing, aws_s3_configuration, s3_compatible_configuration, gcs_configuration,"
        " gcs_hmac_configuration, gcs_adc_configuration, azure_configuration, disk_configuration are missing, exactly one"
        " parameter must be provided"
    }


def half_a_request(api: Api, person: Person) -> socket.socket:
    """A connection on which a request was begun, whose body is not all there."""
    host, _, port = api.address.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=SECONDS)
    connection.sendall(
        f"POST /api/v4{PATH} HTTP/1.1\r\nHost: {host}\r\nPRIVATE-TOKEN: {person.token}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"bucket"'.encode()
    )
    return connection


def test_a_body_that_does_not_come_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_SECONDS", 0.1)
    with half_a_request(api, scene.owner(api)) as connection:
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.read()) == (408, b'{"error":"The body did not arrive within 0.1 seconds."}')


def test_a_client_that_leaves_is_no_fault(api: Api) -> None:
    answered = threading.Event()
    levels: list[tuple[int, object]] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            levels.append((record.levelno, record.__dict__.get("status")))
            answered.set()

    logger, ears = logging.getLogger("offline_transfer.api.watching"), Ears()
    level = logger.level
    logger.addHandler(ears)
    logger.setLevel(logging.INFO)
    try:
        half_a_request(api, scene.owner(api)).close()
        assert answered.wait(SECONDS)
    finally:
        logger.removeHandler(ears)
        logger.setLevel(level)
    assert levels == [(logging.INFO, 499)]
