"""Parses JSON that a client sent, and accepts only what means the same to everybody.

RFC 8259 leaves open what a key means that is given twice; parsers take the first, the last or both. Whoever sends one has lost a
value without knowing, so it is refused. The same goes for numbers that are none and for texts that cannot be stored.
"""

import json
import math
from typing import Any, Final, NoReturn

from offline_transfer.api.errors import InvalidJsonError
from offline_transfer.archive.errors import shown
from offline_transfer.types import JsonValue

MOST_LEVELS: Final = 16
"""How deep objects and arrays may be nested; requests need four."""
MOST_DIGITS: Final = 64


def parse(body: bytes) -> JsonValue:
    """The value in a body. Raises InvalidJsonError."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJsonError(problem=f"it is not UTF-8 (byte {error.start + 1})") from None
    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=_object, parse_constant=_not_finite, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as error:
        raise InvalidJsonError(problem=f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise InvalidJsonError(problem=_TOO_DEEP) from None
    _check(value)
    return value


_TOO_DEEP: Final = f"it is nested deeper than {MOST_LEVELS} levels"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidJsonError(problem=f"the key `{shown(key)}` is given twice in one object")
        found[key] = value
    return found


def _not_finite(name: str) -> NoReturn:
    raise InvalidJsonError(problem=f"{name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise InvalidJsonError(problem=f"a number has more than {MOST_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MOST_DIGITS or not math.isfinite(number := float(digits)):
        raise InvalidJsonError(problem="a number is too large or too long")
    return number


def _check(value: JsonValue) -> None:
    """Refuses depth, and texts that PostgreSQL or UTF-8 have no place for."""
    waiting: list[tuple[JsonValue, int]] = [(value, 1)]
    while waiting:
        current, level = waiting.pop()
        if isinstance(current, str):
            _check_text(current)
        elif isinstance(current, dict | list):
            if level > MOST_LEVELS:
                raise InvalidJsonError(problem=_TOO_DEEP)
            if isinstance(current, dict):
                for key in current:
                    _check_text(key)
            below = current.values() if isinstance(current, dict) else current
            waiting.extend((item, level + 1) for item in below)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidJsonError(problem=r"a text holds \u0000")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidJsonError(problem="a text holds half of a surrogate pair")
