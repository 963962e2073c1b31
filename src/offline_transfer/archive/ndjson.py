"""Records: one JSON object on each line, split and read without trusting it.

What happens to odd records: duplicate keys keep the last value, as in GitLab (finding them would cost more than reading). U+0000 is
refused, since PostgreSQL cannot store it and dropping it would change data in silence. So are whole numbers beyond 64 bits, which
would come back as floats.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import orjson

from offline_transfer.archive.errors import (
    InvalidRecordError,
    LimitExceededError,
    NulInRecordError,
    NumberOutOfRangeError,
    RecordTooDeepError,
    RecordTooLargeError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.types import JsonObject, JsonValue

_Container: TypeAlias = "JsonObject | list[JsonValue]"

SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**64 - 1

# The shortest value with its separator, `0,`: a line of fewer bytes than that for each allowed value needs no counting.
_BYTES_PER_VALUE = 2
_LONGEST_SAFE_DIGITS = 18
_DIGITS_ALIKE = bytes(ord("0") if chr(code) in "0123456789" else code for code in range(256))
_SUSPICIOUS_DIGITS = b"0" * (_LONGEST_SAFE_DIGITS + 1)
_BEFORE_DIGITS_OF_A_NUMBER = frozenset(b":,[ \t\r\n-+.eE")
_ZEROS = re.compile(rb"0*")
_BRACKETS_ALIKE = bytes.maketrans(b"[]", b"{}")
_NEITHER_BRACKET_NOR_QUOTE = bytes(code for code in range(256) if chr(code) not in '"{}[]')
_VALUES_PER_ESCAPE = 4
_BARE_STRING = re.compile(rb'"[^"]*+"')
_NUL_ESCAPE = b"\\u0000"
_REAL_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_EACH_NUL_ESCAPE = re.compile(rb"((?<!\\)(?:\\\\)*+(?:\\u0000)*?)\\u0000")
# An unterminated string runs to the end of the line, so that invalid input is passed over once and not from each quote again.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NUMBER = re.compile(rb"-?[0-9][0-9.eE+-]*+")


def lines(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[bytes]:
    """Split a stream at `\\n`, which is not part of the lines. The last line may lack it; empty content has no line.

    A line is refused with `LimitExceededError` as soon as more than `limits.line_bytes` of it have been seen.
    """
    begun: list[bytes] = []
    length = 0
    for block in blocks:
        first, newline, rest = block.partition(b"\n")
        begun.append(first)
        length += len(first)
        _check_line(length, limits, name)
        if not newline:
            continue
        yield first if len(begun) == 1 else b"".join(begun)
        *whole, last = rest.split(b"\n")
        if len(rest) > limits.line_bytes:
            for line in whole:
                _check_line(len(line), limits, name)
                yield line
        else:
            yield from whole
        begun = [last]
        length = len(last)
        _check_line(length, limits, name)
    if length:
        yield b"".join(begun)


def _check_line(length: int, limits: Limits, name: str) -> None:
    if length > limits.line_bytes:
        raise LimitExceededError(name=name, limit=limits.line_bytes, unit="bytes in one line", setting="line_bytes")


def parse(line: bytes, *, index: int, limits: Limits, name: str) -> JsonObject:
    """Read one record. `index` is its position in the object, from 0; `name` is the object: both stand in errors.

    Raises a `RecordError`: the line after is in step, so the caller may fail this record alone.
    """
    if len(line) > limits.record_values * _BYTES_PER_VALUE:
        _check_values(line, index=index, limits=limits, name=name)
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        problem = f"it is not JSON ({error.msg}, character {error.pos})"
        raise InvalidRecordError.at(name=name, index=index, problem=problem) from error
    if type(record) is not dict:
        problem = f"it holds a {type(record).__name__} instead of an object"
        raise InvalidRecordError.at(name=name, index=index, problem=problem)
    if line.count(b"{") + line.count(b"[") > limits.json_depth and _is_deeper(line, record, limits.json_depth):
        problem = f"it is nested more than {limits.json_depth} levels deep"
        raise RecordTooDeepError.at(name=name, index=index, problem=problem)
    if _NUL_ESCAPE in line and _REAL_NUL_ESCAPE.search(line):
        problem = "it holds the character U+0000, which PostgreSQL cannot store"
        raise NulInRecordError.at(name=name, index=index, problem=problem)
    if _may_hold_long_number(line):
        _check_numbers(line, index=index, limits=limits, name=name)
    return record


def without_nul(line: bytes) -> bytes:
    """The line without the escapes of U+0000, which PostgreSQL cannot store and GitLab removes from diffs."""
    return _EACH_NUL_ESCAPE.sub(rb"\1", line) if _NUL_ESCAPE in line else line


def document(blocks: Iterable[bytes], limits: Limits, name: str) -> JsonObject:
    """Read an object that is one JSON document, such as `self`, laid out in any way. It may be as long as a line."""
    pieces: list[bytes] = []
    length = 0
    for block in blocks:
        pieces.append(block)
        length += len(block)
        _check_line(length, limits, name)
    return parse(b"".join(pieces), index=0, limits=limits, name=name)


def _check_values(line: bytes, *, index: int, limits: Limits, name: str) -> None:
    """Count before parsing, because it is the parsed values that fill the memory."""
    if line.count(b",") + line.count(b"{") + line.count(b"[") < limits.record_values:
        return
    outside_strings = _STRING.sub(b"", line)
    # A value follows each comma and each bracket that opens something; a bracket that is empty opens nothing.
    values = 1 + sum(outside_strings.count(mark) for mark in (b",", b"{", b"["))
    values -= outside_strings.count(b"{}") + outside_strings.count(b"[]")
    if values > limits.record_values:
        problem = f"it holds more than {limits.record_values:,} values"
        raise RecordTooLargeError.at(name=name, index=index, problem=problem)


def _is_deeper(line: bytes, record: JsonObject, depth: int) -> bool:
    """Whether a record that has been parsed is nested deeper, by whichever way costs less.

    Reading brackets costs as much as there are escapes to step over, walking as much as there are values. Escapes abound in
    diffs, values in pipelines: there brackets are read three times as fast.
    """
    if line.count(b"\\") * _VALUES_PER_ESCAPE < line.count(b","):
        return _has_deeper_brackets(line, depth)
    return _has_deeper_containers(record, depth)


def _has_deeper_brackets(line: bytes, depth: int) -> bool:
    """Takes away strings, then the innermost brackets level by level. The line has to be JSON."""
    if b"\\" in line:
        line = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    # What is between quotes has become short or nothing; where two strings meet they are one, which is as good.
    brackets = line.translate(_BRACKETS_ALIKE, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")
    if b'"' in brackets:
        brackets = _BARE_STRING.sub(b"", brackets)
    for _ in range(depth):
        brackets = brackets.replace(b"{}", b"")
        if not brackets:
            return False
    return True


def _has_deeper_containers(record: JsonObject, depth: int) -> bool:
    """Walks the containers level by level."""
    level: list[_Container] = [record]
    for _ in range(depth):
        level = [
            value
            for container in level
            for value in (container.values() if type(container) is dict else container)
            if isinstance(value, (dict, list))
        ]
        if not level:
            return False
    return True


def _may_hold_long_number(line: bytes) -> bool:
    """Whether a long run of digits stands where a number may stand; most of them begin or go on inside texts."""
    digits = line.translate(_DIGITS_ALIKE)
    start = digits.find(_SUSPICIOUS_DIGITS)
    while start >= 0:
        if line[start - 1] in _BEFORE_DIGITS_OF_A_NUMBER:
            return True
        end = _ZEROS.match(digits, start).end()  # type: ignore[union-attr]  # it matches nothing, too
        start = digits.find(_SUSPICIOUS_DIGITS, end)
    return False


def _check_numbers(line: bytes, *, index: int, limits: Limits, name: str) -> None:
    """Look at every long number outside strings: long runs of digits are mostly parts of hashes."""
    for number in _NUMBER.findall(_STRING.sub(b'""', line)):
        if len(number) <= _LONGEST_SAFE_DIGITS:
            continue
        if len(number) > limits.number_digits:
            problem = f"it holds a number of more than {limits.number_digits} digits"
        elif number.lstrip(b"-").isdigit() and not SMALLEST_INTEGER <= int(number) <= LARGEST_INTEGER:
            problem = "it holds a whole number beyond 64 bits"
        else:
            continue
        raise NumberOutOfRangeError.at(name=name, index=index, problem=problem)
