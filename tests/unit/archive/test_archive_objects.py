"""One pass over an object: compressed, counted, hashed, and compared with what was announced."""

import hashlib
import itertools
from collections.abc import Iterator

import pytest

from offline_transfer.archive.checksums import checked
from offline_transfer.archive.errors import ChecksumMismatchError, LimitExceededError
from offline_transfer.archive.keys import ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.objects import Measurement, ObjectStream, content

LINES = [b'{"title":"label %d"}\n' % number for number in range(30_000)]
KEY = ObjectKey.parse("group_1/labels.ndjson.gz")
LIMITS = Limits()


def test_an_object_is_measured_on_its_way() -> None:
    stream = ObjectStream(iter(LINES))
    stored = b"".join(stream)
    whole = b"".join(LINES)
    assert stream.measurement == Measurement(
        stored_bytes=len(stored),
        sha256=hashlib.sha256(stored).hexdigest(),
        content_bytes=len(whole),
        content_sha256=hashlib.sha256(whole).hexdigest(),
    )
    assert b"".join(content([stored], KEY, LIMITS)) == whole


def test_an_empty_object_has_an_explicit_form() -> None:
    stream = ObjectStream([])
    assert b"".join(content(iter(stream), KEY, LIMITS)) == b""
    assert stream.measurement == Measurement(
        stored_bytes=20,
        sha256="ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83",
        content_bytes=0,
        content_sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )


def test_an_object_that_is_not_finished_has_no_measurement() -> None:
    stream = ObjectStream(LINES)
    next(iter(stream))
    with pytest.raises(RuntimeError, match="when all of it has been read"):
        _ = stream.measurement


def test_writing_holds_no_more_than_a_block() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for line in itertools.cycle(LINES):
            taken += len(line)
            yield line

    written = iter(ObjectStream(endless()))
    for _ in range(3):
        next(written)
    assert taken < 4 * 2**20


def test_an_uncompressed_object_is_read_as_it_is_and_bounded() -> None:
    key = ObjectKey.parse("group_1-self.json")
    assert b"".join(content([b"{", b"}"], key, Limits(object_bytes=2))) == b"{}"
    with pytest.raises(LimitExceededError, match="raise the limit `object_bytes`"):
        list(content([b"{", b"}", b"\n"], key, Limits(object_bytes=2)))


def test_what_was_announced_passes() -> None:
    assert list(checked([b"ab", b"c"], length=3, sha256=hashlib.sha256(b"abc").hexdigest(), name="x")) == [b"ab", b"c"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"abd", "its SHA-256 differs from the one announced"),
        (b"ab", "it has 2 bytes of the 3 announced"),
        (b"abcd", "it is longer than the 3 bytes announced"),
    ],
)
def test_anything_else_is_refused_by_name(data: bytes, reason: str) -> None:
    sha256 = hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(ChecksumMismatchError) as caught:
        list(checked([data], length=3, sha256=sha256, name="group_1/self.json.gz"))
    assert caught.value.details == {"name": "group_1/self.json.gz", "reason": reason}


def test_an_endless_object_is_refused_at_once() -> None:
    with pytest.raises(ChecksumMismatchError):
        list(checked(itertools.repeat(b"x" * 10), length=35, sha256="0" * 64, name="x"))
