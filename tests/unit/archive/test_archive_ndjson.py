"""Lines and records: split exactly, bounded before they are parsed, refused with their place."""

import itertools
import json
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_transfer.archive.errors import (
    InvalidRecordError,
    LimitExceededError,
    NulInRecordError,
    NumberOutOfRangeError,
    RecordError,
    RecordTooDeepError,
    RecordTooLargeError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.ndjson import document, lines, parse
from offline_transfer.types import JsonObject

LIMITS = Limits()
NAME = "project_1/issues/batch_1.ndjson.gz"


def split(data: bytes, size: int, limits: Limits = LIMITS) -> Iterator[bytes]:
    return lines((data[start : start + size] for start in range(0, len(data), size)), limits, NAME)


def read(line: bytes, limits: Limits = LIMITS) -> JsonObject:
    return parse(line, index=6, limits=limits, name=NAME)


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
records = st.dictionaries(texts, values, max_size=5)


@settings(max_examples=30)
@given(st.lists(records, max_size=6), st.integers(1, 60))
def test_records_survive(written: list[JsonObject], size: int) -> None:
    data = b"".join(orjson.dumps(record) + b"\n" for record in written)
    assert [read(line) for line in split(data, size)] == written


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=10), st.integers(1, 30))
def test_lines_are_what_stands_between_newlines(written: list[bytes], size: int) -> None:
    assert list(split(b"".join(line + b"\n" for line in written), size)) == written


def test_the_last_line_may_lack_its_newline() -> None:
    assert list(split(b"{}\n[]", 2)) == [b"{}", b"[]"]


def test_empty_content_has_no_line_and_an_empty_line_is_one() -> None:
    assert (list(split(b"", 2)), list(split(b"\n", 2)), list(split(b"\n\n", 1))) == ([], [b""], [b"", b""])


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_line_of_the_limit_passes_and_one_byte_more_does_not(size: int) -> None:
    limits = Limits(line_bytes=10)
    data = b"short\n" + b"x" * 10 + b"\n" + b"y" * 10
    assert list(split(data, size, limits)) == [b"short", b"x" * 10, b"y" * 10]
    with pytest.raises(LimitExceededError, match="raise the limit `line_bytes`"):
        list(split(b"short\n" + b"x" * 11 + b"\n", size, limits))
    with pytest.raises(LimitExceededError):
        list(split(b"x" * 11, size, limits))


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for block in itertools.repeat(b"x" * 1000):
            taken += len(block)
            yield block

    with pytest.raises(LimitExceededError):
        list(lines(endless(), Limits(line_bytes=10_000), NAME))
    assert taken == 11_000


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b"{}{}",
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":01}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\x00"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"[" * 5000,
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_is_not_one_json_object_in_utf8_is_refused_with_its_place(line: bytes) -> None:
    with pytest.raises(InvalidRecordError, match=r"^project_1/issues/batch_1\.ndjson\.gz, line 7: it ") as caught:
        read(line)
    assert caught.value.index == 6


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_the_depth_is_bounded() -> None:
    assert read(nested(100))
    with pytest.raises(RecordTooDeepError, match="line 7: it is nested more than 100 levels deep"):
        read(nested(101))
    with pytest.raises(RecordTooDeepError):
        read(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(read(b'{"text":"' + b"[" * 1000 + b'","list":[' + b"{}," * 999 + b"{}]}")) == 2


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


odd_texts = st.text(alphabet='{}[]"\\n,', max_size=8)
odd_values = st.recursive(
    st.integers(0, 9) | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
)


@given(st.dictionaries(odd_texts, odd_values, min_size=1), st.integers(1, 5), st.booleans())
def test_the_depth_is_that_of_the_containers_whatever_the_texts_hold(
    record: JsonObject, depth: int, is_indented: bool
) -> None:
    line = json.dumps(record, indent=1 if is_indented else None).encode()
    limits = Limits(json_depth=depth)
    if depth_of(record) > depth:
        with pytest.raises(RecordTooDeepError):
            read(line, limits)
    else:
        assert read(line, limits) == record


def test_a_record_with_a_nul_is_refused_alone() -> None:
    with pytest.raises(NulInRecordError, match="PostgreSQL cannot store") as caught:
        read(b'{"note":"a\\u0000b"}')
    assert isinstance(caught.value, RecordError)
    with pytest.raises(NulInRecordError):
        read(b'{"note":"\\\\\\u0000"}')
    with pytest.raises(NulInRecordError):
        read(b'{"\\u0000":1}')


def test_a_text_about_a_nul_is_not_a_nul() -> None:
    assert read(b'{"note":"write \\\\u0000"}') == {"note": "write \\u0000"}


@pytest.mark.parametrize(
    "number",
    [b"18446744073709551616", b"-9223372036854775809", b"1" * 40, b"9" * 90, b"0." + b"1" * 120, b"1" * 101 + b".5"],
)
def test_a_number_that_would_come_back_changed_is_refused(number: bytes) -> None:
    with pytest.raises(NumberOutOfRangeError, match="line 7: it holds a"):
        read(b'{"text":"1","a":[' + number + b"]}")


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"18446744073709551615", 18446744073709551615),
        (b"-9223372036854775808", -9223372036854775808),
        (b"0.1000000000000000055511151231257827", 0.1),
        (b"1e25", 1e25),
    ],
)
def test_numbers_that_fit_are_read(number: bytes, value: float) -> None:
    assert read(b'{"a":' + number + b"}") == {"a": value}


@given(
    st.lists(
        st.text('0123456789abc \\",:-', max_size=30) | st.integers(-(10**25), 10**25) | st.floats(0, 1), max_size=6
    )
)
def test_long_numbers_are_found_beside_texts_that_look_like_them(items: list[str | int | float]) -> None:
    line = json.dumps({"a": items}).encode()
    if any(isinstance(item, int) and not -(2**63) <= item < 2**64 for item in items):
        with pytest.raises(NumberOutOfRangeError):
            read(line)
    else:
        assert read(line) == {"a": items}


def test_digits_in_texts_are_not_numbers() -> None:
    assert read(b'{"sha":"%s","note":"\\"%s"}' % (b"1" * 40, b"2" * 40)) == {"sha": "1" * 40, "note": '"' + "2" * 40}


def test_the_number_of_values_is_bounded_before_parsing() -> None:
    limits = Limits(record_values=1000)
    with pytest.raises(RecordTooLargeError, match="line 7: it holds more than 1,000 values"):
        read(b'{"a":[' + b"[]," * 998 + b"[]]}", limits)
    assert read(b'{"a":[' + b"[],{}," * 498 + b"[],{}]}", limits)
    assert read(b'{"a":"' + b"[,{" * 2000 + b'\\"' + b",,," * 1000 + b'"}', limits)


def test_counting_an_unterminated_text_takes_one_pass() -> None:
    with pytest.raises(InvalidRecordError):
        read(b'{"a":"' + b',\\"' * 300_000 + b"\\", Limits(record_values=1000))


def test_a_duplicate_key_keeps_its_last_value() -> None:
    assert read(b'{"a":1,"a":2}') == {"a": 2}


def test_a_document_may_have_any_layout() -> None:
    assert document([b'{\n  "name": ', b'"top"\n}\n'], LIMITS, "group_1/self.json.gz") == {"name": "top"}


def test_a_document_is_bounded_like_a_line() -> None:
    with pytest.raises(LimitExceededError):
        document(itertools.repeat(b" " * 100), Limits(line_bytes=1000), "group_1/self.json.gz")
