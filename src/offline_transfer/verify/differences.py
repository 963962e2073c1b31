"""Names what differs between records that should be the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from offline_transfer.types import JsonValue
from offline_transfer.verify.canonical import Canonical, Hasher

_LABELS: Final = (
    "iid", "title", "name", "filename", "tag", "ref", "key", "sha", "oid", "username", "relative_order", "new_path",
    "created_at", "user_id", "author_id",
)  # fmt: skip
"""What people call a record, the best name first."""
_EXCERPT: Final = 70
_LEAD: Final = 20
_CANDIDATES: Final = 30


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two records are not the same, or a record that has no partner."""

    path: str
    reason: str
    sample: str


def label(record: Canonical) -> str:
    """What to call a record: its number, title or name, or the first values that it has."""
    return _name(record) or orjson.dumps(record.values).decode()[:_EXCERPT]


def differences(first: Canonical, second: Canonical, hasher: Hasher) -> Iterator[Difference]:
    """Everything that differs between two records with all below them."""
    name = label(first)
    for key in sorted(first.values.keys() | second.values.keys()):
        one, other = first.values.get(key), second.values.get(key)
        if one != other:
            yield Difference(first.path, f"`{key}` differs", f"{name}: {' / '.join(excerpts(one, other))}")
    for key in sorted(first.children.keys() | second.children.keys()):
        yield from _of_lists(first.children.get(key, []), second.children.get(key, []), name, hasher)


def pair(
    first: Sequence[Canonical], second: Sequence[Canonical]
) -> Iterator[tuple[Canonical | None, Canonical | None]]:
    """Pair records that are meant to be the same: by what they are called, then those that have most in common."""
    if len(first) == len(second) == 1 and _name(first[0]) == _name(second[0]) is None:
        yield first[0], second[0]
        return
    called: dict[str, list[Canonical]] = {}
    for record in reversed(second):
        called.setdefault(label(record), []).append(record)
    lonely = []
    for record in first:
        namesakes = called.get(label(record))
        if namesakes:
            yield record, namesakes.pop()
        else:
            lonely.append(record)
    waiting = [record for namesakes in called.values() for record in reversed(namesakes)]
    # Everyone is compared with everyone, which long lists of strangers do not deserve.
    for record in lonely:
        partner = max(waiting[:_CANDIDATES], key=lambda other: _likeness(record, other), default=None)
        if partner is not None and _likeness(record, partner) >= 0:
            waiting.remove(partner)
            yield record, partner
        else:
            yield record, None
    for other in waiting:
        yield None, other


def excerpts(one: JsonValue, other: JsonValue) -> tuple[str, str]:
    """Two values side by side; long ones from shortly before the point where they part."""
    first, second = (orjson.dumps(value).decode() for value in (one, other))
    if max(len(first), len(second)) <= _EXCERPT:
        return first, second
    common = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    start = max(0, common - _LEAD)
    return _cut(first, start), _cut(second, start)


def _name(record: Canonical) -> str | None:
    return next((f"{key} {record.values[key]}" for key in _LABELS if record.values.get(key) is not None), None)


def _cut(text: str, start: int) -> str:
    end = start + _EXCERPT
    return ("..." if start else "") + text[start:end] + ("..." if end < len(text) else "")


def _of_lists(first: list[Canonical], second: list[Canonical], around: str, hasher: Hasher) -> Iterator[Difference]:
    for one, other in pair(*_without_equals(first, second, hasher)):
        if one is not None and other is not None:
            for difference in differences(one, other, hasher):
                yield Difference(difference.path, difference.reason, f"{around}, {difference.sample}")
        elif one is not None:
            yield Difference(one.path, "a record is only in the first archive", f"{around}, {label(one)}")
        elif other is not None:
            yield Difference(other.path, "a record is only in the second archive", f"{around}, {label(other)}")


def _without_equals(
    first: list[Canonical], second: list[Canonical], hasher: Hasher
) -> tuple[list[Canonical], list[Canonical]]:
    theirs: dict[bytes, list[Canonical]] = {}
    for record in second:
        theirs.setdefault(hasher.digest(record), []).append(record)
    mine = []
    for record in first:
        same = theirs.get(hasher.digest(record))
        if same:
            same.pop()
        else:
            mine.append(record)
    return mine, [record for records in theirs.values() for record in records]


def _likeness(one: Canonical, other: Canonical) -> int:
    """How many more values are the same than differ."""
    keys = one.values.keys() | other.values.keys()
    same = sum(one.values.get(key) == other.values.get(key) for key in keys)
    return 2 * same - len(keys)
