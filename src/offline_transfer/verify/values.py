"""Different spellings of one value become one: times by their instant, enumerations by their name, 1.0 as 1."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum

from sqlalchemy import Date, DateTime

from offline_transfer.forge.base import EnumInteger
from offline_transfer.relations.nodes import AnyColumn
from offline_transfer.types import JsonValue

Reader = Callable[[JsonValue], JsonValue]

_EXACT = 2**53
"""Up to here floats hold every whole number."""
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", re.ASCII | re.DOTALL)


def reader(column: AnyColumn | None) -> Reader:
    """What makes the values of a column comparable. A value that does not fit the column stays as it is."""
    kind = None if column is None else column.type
    if isinstance(kind, EnumInteger):
        return _enumeration(kind)
    if isinstance(kind, DateTime):
        return instant
    if isinstance(kind, Date):
        return day
    return plain


def plain(value: JsonValue) -> JsonValue:
    """A value with its numbers written in one way, at any depth."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def instant(value: JsonValue) -> JsonValue:
    """A time as an instant in UTC, whatever spelling GitLab gave it; one without a zone is taken for UTC."""
    if not isinstance(value, str):
        return plain(value)
    try:
        moment = datetime.fromisoformat(value.replace(" UTC", "Z"))
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()
    except (ValueError, OverflowError):
        return value


def day(value: JsonValue) -> JsonValue:
    """A date, also out of a time."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else plain(value)


def _enumeration(kind: EnumInteger[IntEnum]) -> Reader:
    names: dict[JsonValue, str] = {}
    for member in kind.enum_class:
        names[member.name] = names[int(member)] = names[str(int(member))] = member.name

    def name(value: JsonValue) -> JsonValue:
        known = None if isinstance(value, bool | list | dict) else names.get(value)
        return plain(value) if known is None else known

    return name
