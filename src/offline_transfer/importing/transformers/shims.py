"""How records of older GitLab versions are read: each shim with its reason.

A shim changes a record in place before its keys are looked at. Keep the table even when it is empty one day.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Record = dict[str, Any]

_LINE_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class Derived(dict[str, Any]):
    """A record that a shim made out of attributes: it is written like others, and not counted, since the source holds none."""


@dataclass(frozen=True, slots=True)
class Shim:
    """One difference between what an older version wrote and what the tree says."""

    relations: frozenset[str]
    until: str
    reason: str
    apply: Callable[[Record], None]


def _public_email(record: Record) -> None:
    if "email" in record and "public_email" not in record:
        record["public_email"] = record.pop("email")


def _commit_people(record: Record) -> None:
    for role, prefix in (("commit_author", "author"), ("committer", "committer")):
        name, email = record.pop(f"{prefix}_name", None), record.pop(f"{prefix}_email", None)
        if (name or email) and not isinstance(record.get(role), dict):
            record[role] = Derived(name=name, email=email)


def _line_range(record: Record) -> None:
    for key in ("position", "original_position", "change_position"):
        position = record.get(key)
        if not isinstance(position, dict):
            continue
        old = position.get("line_range")
        if isinstance(old, dict) and "start_line_code" in old:
            position["line_range"] = {end: _range_end(old, end) for end in ("start", "end")}


def _range_end(line_range: Mapping[str, Any], end: str) -> Record:
    code = line_range.get(f"{end}_line_code")
    parts = code.split("_") if isinstance(code, str) else []
    lines = [int(part) or None if _LINE_NUMBER.fullmatch(part) else None for part in parts[1:3]]
    old_line, new_line = [*lines, None, None][:2]
    return {
        "line_code": code,
        "type": line_range.get(f"{end}_line_type"),
        "old_line": old_line,
        "new_line": new_line,
    }


def _diff(record: Record) -> None:
    if "utf8_diff" not in record and "diff_export" in record:
        record["utf8_diff"] = record.pop("diff_export")
    elif "diff_export" not in record and "utf8_diff" in record:
        record["diff_export"] = record.pop("utf8_diff")


def _work_item_type(record: Record) -> None:
    if "exported_work_item_type" in record:
        record.setdefault("work_item_type", record.pop("exported_work_item_type"))


def _emails_enabled(record: Record) -> None:
    disabled = record.pop("emails_disabled", None)
    if isinstance(disabled, bool):
        record.setdefault("emails_enabled", not disabled)


SHIMS: tuple[Shim, ...] = (
    Shim(
        frozenset({"group"}),
        "16.5",
        "whether a group sends e-mail was said the other way round",
        _emails_enabled,
    ),
    Shim(
        frozenset({"user", "user_contributions"}),
        "13.12",
        "members carried the private e-mail address before they carried the public one",
        _public_email,
    ),
    Shim(
        frozenset({"merge_request_diff_commits"}),
        "14.5",
        "author and committer were flat attributes of the commit before they were records of their own",
        _commit_people,
    ),
    Shim(
        frozenset({"notes"}),
        "13.2",
        "a line range named line codes and types side by side before it had two ends",
        _line_range,
    ),
    Shim(
        frozenset({"merge_request_diff_files"}),
        "15.0",
        "the text of a diff travels as `utf8_diff`; some writers named it `diff_export`",
        lambda record: _diff(record) if "diff_export" in record else None,
    ),
    Shim(
        frozenset({"note_diff_file"}),
        "15.0",
        "the text of a note's diff travels as `diff_export`; some writers named it `utf8_diff`",
        lambda record: _diff(record) if "utf8_diff" in record else None,
    ),
    Shim(
        frozenset({"issues"}),
        "19.0",
        "the method's own name, for readers that take the relation file at its word",
        _work_item_type,
    ),
)


def needed_by(version: str) -> tuple[Shim, ...]:
    """The shims without which records of a GitLab of this version would be misread."""
    return tuple(shim for shim in SHIMS if _numbers(version) < _numbers(shim.until))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.partition("-")[0].split("."))


def _by_relation() -> Mapping[str, tuple[Callable[[Record], None], ...]]:
    found: dict[str, list[Callable[[Record], None]]] = {}
    for shim in SHIMS:
        for relation in shim.relations:
            found.setdefault(relation, []).append(shim.apply)
    return MappingProxyType({relation: tuple(functions) for relation, functions in found.items()})


BY_RELATION = _by_relation()
