"""Stores that fail now and then, for real: what arrives is what was sent, or an error says that it did not."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from offline_transfer.storage.configuration import Patience
from offline_transfer.storage.errors import (
    ObjectCutError,
    StorageAccessDeniedError,
    StorageElsewhereError,
    StorageRefusedError,
    StorageUnavailableError,
)
from offline_transfer.storage.location import Location
from offline_transfer.storage.retry import RetryPolicy
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import BLOCK_BYTES, ObjectInfo, exists
from tests.storage.conftest import LOCAL
from tests.support.faulty_s3 import (
    Answer,
    ChangeHeader,
    CutAnswer,
    CutRequest,
    Fault,
    FaultyFront,
    HangUp,
    Hold,
    LoseAnswer,
    Rule,
    Trickle,
    faulty_front,
)
from tests.support.s3 import S3Server

ATTEMPTS = 5
SMALL = b"contents"
LARGE = os.urandom(17 * BLOCK_BYTES)
QUICK = Patience(
    retries=RetryPolicy(attempts=ATTEMPTS, first_wait=0.001, longest_wait=0.01), stalled_after=timedelta(seconds=30)
)
HASTY = Patience(retries=replace(QUICK.retries, attempts=20), stalled_after=timedelta(milliseconds=500))


@pytest.fixture
def front(moto_server: S3Server) -> Iterator[FaultyFront]:
    """A front before moto, which tells of unfinished uploads."""
    with faulty_front(moto_server) as found:
        yield found


@pytest.fixture
def bucket(moto_server: S3Server) -> str:
    """The name of an empty bucket."""
    return moto_server.new_bucket().bucket


def opened(front: FaultyFront, bucket: str, patience: Patience = QUICK) -> Location:
    return front.server.configuration(bucket).open(LOCAL, patience=patience)


def stored(front: FaultyFront, bucket: str, key: str) -> bytes:
    """What truly lies in the bucket."""
    body: bytes = front.behind.client().get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def unfinished(front: FaultyFront, bucket: str) -> int:
    return len(front.behind.client().list_multipart_uploads(Bucket=bucket).get("Uploads", []))


PASSING: dict[str, Fault] = {
    "500": Answer(500),
    "503": Answer(503, "SlowDown"),
    "429": Answer(429, "TooManyRequests"),
    "429 with a time": Answer(429, "TooManyRequests", retry_after=3600),
    "hang up": HangUp(),
    "lost answer": LoseAnswer(),
}
WRITES: dict[str, tuple[bytes, str, str]] = {
    "an object": (SMALL, "PUT", ""),
    "the beginning of an upload": (LARGE, "POST", r"\?uploads"),
    "a part": (LARGE, "PUT", "partNumber="),
    "the completion of an upload": (LARGE, "POST", "uploadId="),
}


# One of each kind for what takes long; those that were not heard of are the ones that differ.
COMBINATIONS = [
    pytest.param(PASSING[fault], *WRITES[write], id=f"{write}-{fault}")
    for fault, write in product(PASSING, WRITES)
    if write == "an object" or fault in ("503", "lost answer")
]


@pytest.mark.parametrize(("fault", "contents", "method", "target"), COMBINATIONS)
def test_what_fails_several_times_in_a_row_is_written_in_the_end(
    front: FaultyFront, bucket: str, fault: Fault, contents: bytes, method: str, target: str
) -> None:
    front.plan(Rule(fault, method, target, times=ATTEMPTS - 1))
    location = opened(front, bucket)
    assert location.store.put("key", from_bytes(contents)) == len(contents)
    assert len([seen for seen in front.seen if seen.fault == fault]) == ATTEMPTS - 1
    assert stored(front, bucket, "key") == contents
    # A beginning of which nobody heard has no name by which it could be cleared away.
    assert unfinished(front, bucket) == (ATTEMPTS - 1 if fault == LoseAnswer() and "uploads" in target else 0)
    assert list(location.store.list()) == [ObjectInfo("key", len(contents))]


@pytest.mark.parametrize("passed", [0, 4 * BLOCK_BYTES])
def test_a_request_that_is_cut_is_sent_again(front: FaultyFront, bucket: str, passed: int) -> None:
    front.plan(Rule(CutRequest(passed), "PUT", times=2))
    opened(front, bucket).store.put("key", from_bytes(LARGE))
    assert stored(front, bucket, "key") == LARGE
    assert unfinished(front, bucket) == 0


READS: dict[str, Callable[[Location], object]] = {
    "blocks": lambda location: b"".join(location.store.blocks("key")),
    "blocks from a byte": lambda location: b"".join(location.store.blocks("key", start=BLOCK_BYTES)),
    "size": lambda location: location.store.size("key"),
    "list": lambda location: list(location.store.list()),
    "delete": lambda location: location.store.delete("key"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("name", READS)
def test_what_fails_several_times_in_a_row_is_read_in_the_end(
    front: FaultyFront, bucket: str, fault: Fault, name: str
) -> None:
    location = opened(front, bucket)
    location.store.put("key", from_bytes(LARGE[: 2 * BLOCK_BYTES]))
    expected = None if name == "delete" else READS[name](location)
    front.plan(Rule(fault, times=ATTEMPTS - 1))
    assert READS[name](location) == expected
    assert [seen.fault for seen in front.seen] == [fault] * (ATTEMPTS - 1) + [None]


def test_a_body_that_is_cut_again_and_again_is_continued(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    location.store.put("key", from_bytes(LARGE))
    front.plan(Rule(CutAnswer(5 * BLOCK_BYTES), "GET", times=3))
    assert b"".join(location.store.blocks("key")) == LARGE
    assert len(front.seen) > 3


def test_a_store_that_is_too_slow_is_asked_again(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket, HASTY)
    for rule in (Rule(Hold(), "PUT", times=2), Rule(Hold(), "GET", times=2)):
        front.plan(rule)
        location.store.put("key", from_bytes(SMALL))
        assert b"".join(location.store.blocks("key")) == SMALL


def test_a_store_that_needs_longer_than_the_longest_silence_and_is_never_silent_is_waited_for(
    front: FaultyFront, bucket: str
) -> None:
    location = opened(front, bucket, replace(QUICK, stalled_after=timedelta(seconds=3)))
    location.store.put("key", from_bytes(SMALL * 100))
    front.plan(Rule(Trickle(0.1, len(SMALL) * 3), "GET", times=None))
    assert b"".join(location.store.blocks("key")) == SMALL * 100
    assert len(front.seen) == 1


def test_a_store_that_fails_every_time_is_given_up(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    for fault in (Answer(500), HangUp(), LoseAnswer()):
        front.plan(Rule(fault, times=None))
        with pytest.raises(StorageUnavailableError) as raised:
            location.store.put("key", from_bytes(SMALL))
        assert raised.value.retryable
        assert len(front.seen) == ATTEMPTS


def test_credentials_that_end_in_the_middle_are_not_tried_again(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    location.store.put("before", from_bytes(SMALL))
    front.plan(Rule(Answer(403, "InvalidAccessKeyId"), "PUT", "partNumber=", after=1, times=None))
    with pytest.raises(StorageAccessDeniedError) as raised:
        location.store.put("key", from_bytes(LARGE))
    assert front.server.access_key_id not in str(raised.value)
    assert len([seen for seen in front.seen if seen.method == "POST"]) == 1
    assert list(location.store.list()) == [ObjectInfo("before", len(SMALL))]
    assert unfinished(front, bucket) == 0


def test_a_part_that_the_store_names_otherwise_makes_no_object(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    front.plan(Rule(ChangeHeader("ETag", '"0"'), "PUT", "partNumber=1"))
    with pytest.raises(StorageRefusedError):
        location.store.put("key", from_bytes(LARGE))
    assert not exists(location.store, "key")


def test_an_answer_that_is_shorter_than_announced_is_no_object(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    location.store.put("key", from_bytes(SMALL))
    front.plan(Rule(ChangeHeader("Content-Length", "1000"), "GET", times=None))
    with pytest.raises((StorageUnavailableError, ObjectCutError)):
        b"".join(location.store.blocks("key"))


def test_a_store_that_sends_everybody_elsewhere_is_not_followed(front: FaultyFront, bucket: str) -> None:
    front.plan(Rule(Answer(307, "TemporaryRedirect", location="https://other.example/key"), times=None))
    for write in (SMALL, LARGE):
        with pytest.raises((StorageElsewhereError, StorageRefusedError)):
            opened(front, bucket).store.put("key", from_bytes(write))


def test_rules_hold_for_what_they_name(front: FaultyFront, bucket: str) -> None:
    location = opened(front, bucket)
    front.plan(Rule(Answer(400), "PUT", "key_2", after=1))
    location.store.put("key_1", from_bytes(SMALL))
    location.store.put("key_2", from_bytes(SMALL))
    with pytest.raises(StorageRefusedError):
        location.store.put("key_2", from_bytes(SMALL))
    location.store.put("key_2", from_bytes(SMALL))
    assert [(seen.target.rsplit("/", 1)[1], seen.fault) for seen in front.seen] == [
        ("key_1", None),
        ("key_2", None),
        ("key_2", Answer(400)),
        ("key_2", None),
    ]
