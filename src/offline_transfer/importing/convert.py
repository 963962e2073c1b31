"""From JSON values to what a column takes: types checked, enumerations understood by name and by integer.

Older exports hold integers where newer ones hold names, dates where times are wanted, numbers in text columns; all that is taken as
GitLab takes it. What does not fit raises ValueError; the caller decides what becomes of the attribute or its record.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Double, Integer, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from offline_transfer.archive import ndjson
from offline_transfer.forge.base import EnumInteger, TextFormat
from offline_transfer.relations.nodes import AnyColumn
from offline_transfer.relations.rewriting import unaddressed

Converter = Callable[[Any], Any]

_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?: ?UTC|Z| ?[+-]\d\d:?(?:\d\d)?)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
# A scheme that runs nothing, and no quotes, angle brackets, controls, or characters that turn the direction of the text.
_LINK: Final = r"(?i:https?|ftp)://[^\x00-\x1f\x7f-\x9f<>\"\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,2048}"
_FORMATS: Final[Mapping[TextFormat, tuple[re.Pattern[str], str]]] = MappingProxyType(
    {
        TextFormat.COLOR: (re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}|[A-Za-z]{3,32}"), "not a colour"),
        TextFormat.URL: (re.compile(_LINK), "not a link"),
        TextFormat.WORD: (re.compile(r"[A-Za-z0-9_+:-]{1,255}"), "not a word"),
    }
)
_TRUE = frozenset({True, "1", "t", "true", "TRUE", "True", "on", "yes"})
_FALSE = frozenset({False, "0", "f", "false", "FALSE", "False", "off", "no"})


def converter(column: AnyColumn) -> Converter:
    """The function that turns a JSON value other than null into what `column` takes."""
    kind = column.type
    if "format" in column.info:
        return _formatted(column.info["format"], getattr(kind, "length", None))
    if isinstance(kind, EnumInteger):
        return _enumeration(kind)
    if isinstance(kind, DateTime):
        return timestamp
    if isinstance(kind, Date):
        return date
    if isinstance(kind, Boolean):
        return boolean
    if isinstance(kind, SmallInteger):
        return _integer_within(-(2**15), 2**15 - 1)
    if isinstance(kind, BigInteger | Integer):
        return _integer_within(-(2**63), 2**63 - 1)
    if isinstance(kind, Double):
        return number
    if isinstance(kind, JSONB):
        return document
    if isinstance(kind, ARRAY):
        return _array
    if isinstance(kind, Uuid):
        return _uuid
    if isinstance(kind, Text) or hasattr(kind, "length"):
        return _text_within(getattr(kind, "length", None))
    raise TypeError(f"{column.table.name}.{column.name}: no conversion for {kind!r}")


def text(value: Any) -> str:
    """A text; PostgreSQL cannot hold NUL characters, GitLab removes them as well."""
    if type(value) is not str:
        value = "true" if value is True else "false" if value is False else _plain(value)
    return value.replace("\0", "") if "\0" in value else value  # type: ignore[no-any-return]


def markdown(value: Any) -> str:
    """A text that addresses people: what it calls them may be the name of somebody else here, so their names become code."""
    return unaddressed(text(value))


def timestamp(value: Any) -> str:
    """A time in any of the spellings that GitLab has written; kept as text, PostgreSQL reads it."""
    if type(value) is str and _TIMESTAMP.fullmatch(value):
        return value
    raise ValueError("not a time")


def date(value: Any) -> str:
    """A date, also out of a time."""
    if type(value) is str and (match := _DATE.match(value)):
        return match.group()
    raise ValueError("not a date")


def boolean(value: Any) -> bool:
    """A boolean, also as the words and numbers of older exports."""
    if type(value) is bool:
        return value
    if isinstance(value, str | int):
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
    raise ValueError("not a boolean")


def number(value: Any) -> float:
    """A finite number."""
    result = float(value) if isinstance(value, int | float | str) else float("nan")
    if result != result or result in (float("inf"), float("-inf")):
        raise ValueError("not a number")
    return result


def document(value: Any) -> str:
    """A JSON document; a text that holds one is unwrapped, as older exports wrapped them."""
    if type(value) is str:
        try:
            unwrapped = orjson.loads(value)
        except orjson.JSONDecodeError:
            unwrapped = None
        if isinstance(unwrapped, dict):
            value = unwrapped
    try:
        return ndjson.without_nul(orjson.dumps(value)).decode()
    except orjson.JSONEncodeError:
        raise ValueError("nested too deeply") from None


READY: Final[Mapping[Converter, type]] = MappingProxyType({text: str, boolean: bool})
"""Converters that change nothing of values of one type. A text has no NUL: parsing has seen to it."""


def _integer_within(lowest: int, highest: int) -> Converter:
    def integer(value: Any) -> int:
        if type(value) is not int:
            if not (
                (isinstance(value, float) and value.is_integer())
                or (isinstance(value, str) and _INTEGER.fullmatch(value))
            ):
                raise ValueError("not an integer")
            value = int(value)
        if lowest <= value <= highest:
            return value  # type: ignore[no-any-return]
        raise ValueError("out of range")

    return integer


def _text_within(length: int | None) -> Converter:
    if length is None:
        return text

    def short_text(value: Any) -> str:
        result = text(value)
        if len(result) > length:
            raise ValueError(f"longer than {length} characters")
        return result

    return short_text


def _formatted(wanted: TextFormat, length: int | None) -> Converter:
    pattern, problem = _FORMATS[wanted]
    plain = _text_within(length)

    def formatted_text(value: Any) -> str:
        result: str = plain(value)
        # Nothing at all says nothing bad: that is how older exports left a link out.
        if type(value) is not str or (result and not pattern.fullmatch(result)):
            raise ValueError(problem)
        return result

    return formatted_text


def _enumeration(kind: EnumInteger[Any]) -> Converter:
    values: dict[Any, int] = {}
    for member in kind.enum_class:
        values[member.name] = values[member.value] = values[str(member.value)] = member.value

    def enumeration(value: Any) -> int:
        if type(value) in (str, int) and value in values:
            return values[value]
        raise ValueError("unknown name")

    return enumeration


def _array(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return [text(item) for item in value]


def _uuid(value: Any) -> str:
    if type(value) is str and _UUID.fullmatch(value):
        return value
    raise ValueError("not a UUID")


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else orjson.dumps(value).decode()
