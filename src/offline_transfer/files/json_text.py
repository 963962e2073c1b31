"""JSON as text: one document taken apart record by record, and texts laid out anew without a change to any value.

Values are never turned into Python objects and back, so numbers and escapes stay as they were spelled; a record is parsed only
to see that it is JSON. The memory is one record, because what is longer than `Limits.line_bytes` is refused while it streams in.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn

from offline_transfer.archive.errors import (
    InvalidRecordError,
    LimitExceededError,
    NulInRecordError,
    NumberOutOfRangeError,
    RecordTooDeepError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.ndjson import parse
from offline_transfer.files.errors import DamagedTreeError

INDENT: Final = b"  "

_SPACE: Final = b" \t\r\n"
_STRING_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING: Final = re.compile(_STRING_TEXT, re.DOTALL)
_WITHOUT_SPACE: Final = re.compile(rb'(?:[^" \t\r\n]++|' + _STRING_TEXT + rb")++", re.DOTALL)
_TO_BRACKET: Final = re.compile(rb'[^"\[\]{}]*+(?:' + _STRING_TEXT + rb'[^"\[\]{}]*+)*+', re.DOTALL)
_PLAIN: Final = re.compile(rb"[^\s,\]}]*+")
_TOKEN: Final = re.compile(_STRING_TEXT + rb'|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_FIRST_READ: Final = 64 * 1024


class JsonReader:
    """Walks through one JSON document; `name` stands in errors, which are DamagedTreeError and LimitExceededError."""

    def __init__(self, blocks: Iterable[bytes], limits: Limits, name: str) -> None:
        self._blocks: Final = iter(blocks)
        self._limits: Final = limits
        self._name: Final = name
        self._data = b""
        self._at = 0
        self._passed = 0

    def peek(self) -> bytes:
        """The next byte that is no white space."""
        while True:
            rest = self._data[self._at : self._at + 1]
            if rest and rest not in _SPACE:
                return rest
            if rest:
                self._at += 1
            else:
                self._more()

    def members(self) -> Iterator[bytes]:
        """The keys of the object that begins here, each as its JSON text; the value of each has to be taken before the next."""
        for _ in self._items(b"{", b"}"):
            if self.peek() != b'"':
                self._refuse("a key is not a string")
            key = self._take(self._string_end)
            if self.peek() != b":":
                self._refuse("a colon is missing")
            self._at += 1
            yield self._checked(key)

    def elements(self) -> Iterator[None]:
        """Once for each element of the list that begins here; it has to be taken before the next."""
        yield from self._items(b"[", b"]")

    def value(self) -> bytes:
        """The next value as its text, without white space between its parts."""
        begin = self.peek()
        end = self._string_end if begin == b'"' else self._container_end if begin in b"{[" else self._plain_end
        return compact(self._checked(self._take(end)))

    def end(self) -> None:
        """Sees that nothing follows."""
        while self._data[self._at :].strip(_SPACE) == b"":
            block = next(self._blocks, None)
            if block is None:
                return
            self._data, self._at = block, 0
        self._refuse("something follows the end of its JSON")

    def _items(self, opening: bytes, closing: bytes) -> Iterator[None]:
        if self.peek() != opening:
            self._refuse(f"`{opening.decode()}` is missing")
        self._at += 1
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            yield
            mark = self.peek()
            self._at += 1
            if mark == closing:
                return
            if mark != b",":
                self._refuse("a comma is missing")

    def _take(self, end: Callable[[], int]) -> bytes:
        stop = end()
        text = self._data[self._at : stop]
        self._at = stop
        if len(text) > self._limits.line_bytes:
            self._refuse_length()
        return text

    def _string_end(self) -> int:
        while (match := _STRING.match(self._data, self._at)) is None:
            self._more()
        return match.end()

    def _plain_end(self) -> int:
        while True:
            match = _PLAIN.match(self._data, self._at)
            assert match is not None
            if match.end() < len(self._data):
                return match.end()
            if not self._more_if_any():
                return len(self._data)

    def _container_end(self) -> int:
        """Counts brackets; whether they are of the right kind is seen when the text is checked."""
        depth, scanned = 0, 0
        while True:
            match = _TO_BRACKET.match(self._data, self._at + scanned)
            assert match is not None
            scanned = match.end() - self._at
            bracket = self._data[match.end() : match.end() + 1]
            if not bracket or bracket == b'"':
                # The rest may begin with a string that has not come to its end yet.
                self._more()
                continue
            scanned += 1
            depth += 1 if bracket in b"{[" else -1
            if depth == 0:
                return self._at + scanned

    def _more(self) -> None:
        if not self._more_if_any():
            self._refuse("it ends in the middle of its JSON")

    def _more_if_any(self) -> bool:
        """Reads about as much again as is held, so that a long value is looked at a few times and not once for each block."""
        held = self._data[self._at :]
        if len(held) > self._limits.line_bytes:
            self._refuse_length()
        pieces, wanted = [held], max(len(held), _FIRST_READ)
        for block in self._blocks:
            pieces.append(block)
            wanted -= len(block)
            if wanted <= 0:
                break
        self._passed += self._at
        self._data, self._at = b"".join(pieces), 0
        return len(self._data) > len(held)

    def _checked(self, text: bytes) -> bytes:
        try:
            check(text, self._limits, self._name)
        except InvalidRecordError as error:
            reason = f"what begins at byte {self._passed + self._at - len(text)} is not JSON"
            raise DamagedTreeError(name=self._name, reason=reason) from error
        return text

    def _refuse(self, problem: str) -> NoReturn:
        raise DamagedTreeError(name=self._name, reason=f"{problem} at byte {self._passed + self._at}")

    def _refuse_length(self) -> NoReturn:
        raise LimitExceededError(
            name=self._name, limit=self._limits.line_bytes, unit="bytes in one record", setting="line_bytes"
        )


def check(text: bytes, limits: Limits, name: str) -> None:
    """See that a text is one JSON value; raises a `RecordError` for what is not, or is too much to hold.

    What is JSON and only the import refuses, such as a number beyond 64 bits, is left to it: it fails that record alone.
    """
    # Only objects are taken for records, so anything else is looked at as part of one.
    record = text if text.startswith(b"{") else b'{"":%b}' % text
    try:
        parse(record, index=0, limits=limits, name=name)
    except (NulInRecordError, NumberOutOfRangeError, RecordTooDeepError):
        return


def compact(text: bytes) -> bytes:
    """The same JSON, which is known to be JSON, without white space between its parts, on one line."""
    return b"".join(_WITHOUT_SPACE.findall(text))


def pretty(text: bytes, depth: int = 0) -> bytes:
    """The same JSON, which is known to be JSON, laid out for people with two spaces a level.

    It is to stand inside something at this depth, so that its first line has no indent.
    """
    tokens = _TOKEN.findall(text)
    pieces: list[bytes] = []
    for token, following in zip(tokens, [*tokens[1:], b""], strict=True):
        if token in (b"{", b"["):
            pieces.append(token)
            depth += 1
            if following not in (b"}", b"]"):
                pieces.append(b"\n" + INDENT * depth)
        elif token in (b"}", b"]"):
            depth -= 1
            if pieces[-1] not in (b"{", b"["):
                pieces.append(b"\n" + INDENT * depth)
            pieces.append(token)
        elif token == b",":
            pieces.append(b",\n" + INDENT * depth)
        else:
            pieces.append(b": " if token == b":" else token)
    return b"".join(pieces)
