"""Documents are taken apart at any block size without a change to a value, and laid out as people expect."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.limits import Limits
from offline_transfer.files.errors import DamagedTreeError
from offline_transfer.files.json_text import JsonReader, compact, pretty

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), VALUES, max_size=5)


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def reader(data: bytes, *, size: int = 7, line_bytes: int = 1000) -> JsonReader:
    return JsonReader(blocks(data, size), Limits(line_bytes=line_bytes), "project.json")


def read(data: bytes, *, size: int = 7, line_bytes: int = 1000) -> list[tuple[bytes, list[bytes] | bytes]]:
    found: list[tuple[bytes, list[bytes] | bytes]] = []
    walking = reader(data, size=size, line_bytes=line_bytes)
    for key in walking.members():
        found.append(
            (key, [walking.value() for _ in walking.elements()] if walking.peek() == b"[" else walking.value())
        )
    walking.end()
    return found


@given(value=OBJECTS, size=st.integers(1, 40), indent=st.sampled_from([None, 0, 3]), ascii_only=st.booleans())
@settings(max_examples=150)
def test_a_document_read_in_pieces_is_the_document(
    value: dict[str, Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    found = read(data, size=size, line_bytes=100_000)
    joined = {
        json.loads(key): [json.loads(item) for item in texts] if isinstance(texts, list) else json.loads(texts)
        for key, texts in found
    }
    assert joined == value
    assert list(joined) == list(value)


@given(value=OBJECTS, ascii_only=st.booleans())
@settings(max_examples=150)
def test_pretty_and_compact_are_what_the_standard_library_writes(value: dict[str, Any], ascii_only: bool) -> None:
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only).encode()
    laid_out = json.dumps(value, indent=2, ensure_ascii=ascii_only).encode()
    assert pretty(plain) == laid_out
    assert compact(laid_out) == plain


def test_numbers_and_escapes_keep_their_spelling() -> None:
    assert read(rb'{"a": [1.50, -0, 1E3, 123456789012345678901234567890], "b": "\u00e9\/"}') == [
        (b'"a"', [b"1.50", b"-0", b"1E3", b"123456789012345678901234567890"]),
        (b'"b"', rb'"\u00e9\/"'),
    ]


def test_a_value_inside_a_document_is_indented_to_its_depth() -> None:
    assert pretty(b'{"a":[],"b":[1,{}]}', 1) == b'{\n    "a": [],\n    "b": [\n      1,\n      {}\n    ]\n  }'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends in the middle of its JSON at byte 0"),
        (b'{"a": [1, 2', "it ends in the middle of its JSON at byte 11"),
        (b'{"a": "x', "it ends in the middle of its JSON at byte 6"),
        (b"[1]", "`{` is missing at byte 0"),
        (b'{"a" 1}', "a colon is missing at byte 5"),
        (b"{1: 2}", "a key is not a string at byte 1"),
        (b'{"a": 1 "b": 2}', "a comma is missing at byte 9"),
        (b'{"a": tru}', "what begins at byte 6 is not JSON"),
        (b'{"a": {"b": 1]}', "what begins at byte 6 is not JSON"),
        (b'{"a": "\xff"}', "what begins at byte 6 is not JSON"),
        (b'{"a": "line\nfeed"}', "what begins at byte 6 is not JSON"),
        (b'{"a": 1}}', "something follows the end of its JSON at byte 8"),
        (b'{"a": 1} {}', "something follows the end of its JSON at byte 8"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(data: bytes, reason: str) -> None:
    with pytest.raises(DamagedTreeError) as raised:
        read(data)
    assert raised.value.details["reason"] == reason


def test_a_record_longer_than_a_line_may_be_is_refused_before_it_has_ended() -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"issues": [{"description": "'
        for _ in range(1000):
            yield b"x" * 100
        raise AssertionError("read to the end")

    walking = JsonReader(endless(), Limits(line_bytes=5000), "project.json")
    assert next(walking.members()) == b'"issues"'
    assert next(walking.elements()) is None
    with pytest.raises(LimitExceededError):
        walking.value()


def test_a_record_as_long_as_a_line_may_be_is_taken() -> None:
    record = b'{"a":"%b"}' % (b"x" * 92)
    assert read(b'{"b": [%b]}' % record, line_bytes=100) == [(b'"b"', [record])]
    with pytest.raises(LimitExceededError):
        read(b'{"b": [%b]}' % record, line_bytes=99)
