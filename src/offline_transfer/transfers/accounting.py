"""What became of every record: the counts that must add up.

For each path of a relation tree `source = imported + skipped + failed`; reasons are counted beside them, and so are the attributes
that were dropped, by name and reason, without their values.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from offline_transfer.types import JsonObject


class Skip(StrEnum):
    """Why a record was left out on purpose."""

    DUPLICATE = "duplicate"
    EDITION = "edition"
    GROUP_OUTSIDE = "group_outside"
    INTERNAL_REF = "internal_ref"
    NO_AUTHOR = "no_author"
    NO_PLACE = "no_place"
    NOT_FOUND = "not_found"
    ON_PURPOSE = "on_purpose"
    OTHER_PROJECT = "other_project"
    PARENT_SKIPPED = "parent_skipped"


class Fail(StrEnum):
    """Why a record could not be written."""

    CONSTRAINT = "constraint"
    GAP = "gap"
    GIVEN_UP = "given_up"
    INVALID_VALUE = "invalid_value"
    MISSING_VALUE = "missing_value"
    NOT_JSON = "not_json"
    OBJECT_DAMAGED = "object_damaged"
    PARENT_FAILED = "parent_failed"
    UNREADABLE = "unreadable"


NOT_FETCHED: Final = (Fail.GAP, Fail.GIVEN_UP, Fail.OBJECT_DAMAGED, Fail.UNREADABLE)
"""Why a record is known of that nobody has read, as far as one can tell."""


def fetched(source: int, reasons: Mapping[str, int]) -> int:
    """How many of the records that a source has could be read: GitLab's `fetched_objects_count`."""
    return source - sum(reasons.get(reason, 0) for reason in NOT_FETCHED)


@dataclass(slots=True)
class PathCount:
    """The counts of one path."""

    source: int = 0
    imported: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: "PathCount") -> None:
        """Adds another count of the same path."""
        self.source += other.source
        self.imported += other.imported
        self.skipped += other.skipped
        self.failed += other.failed
        self.reasons.update(other.reasons)

    def subtract(self, other: "PathCount") -> None:
        """Takes out what `add` added."""
        self.source -= other.source
        self.imported -= other.imported
        self.skipped -= other.skipped
        self.failed -= other.failed
        self.reasons.subtract(other.reasons)
        self.reasons = +self.reasons


@dataclass(slots=True)
class Accounting:
    """Counts per path and dropped attributes per path, name and reason."""

    paths: dict[str, PathCount] = field(default_factory=dict)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def path(self, path: str) -> PathCount:
        """The counts of one path, made when absent."""
        count = self.paths.get(path)
        if count is None:
            count = self.paths[path] = PathCount()
        return count

    def imported(self, path: str, count: int = 1) -> None:
        """Counts records that were written or recognised."""
        entry = self.path(path)
        entry.source += count
        entry.imported += count

    def skipped(self, path: str, reason: Skip, count: int = 1) -> None:
        """Counts records that were left out on purpose."""
        entry = self.path(path)
        entry.source += count
        entry.skipped += count
        entry.reasons[reason] += count

    def failed(self, path: str, reason: Fail, count: int = 1) -> None:
        """Counts records that could not be written."""
        entry = self.path(path)
        entry.source += count
        entry.failed += count
        entry.reasons[reason] += count

    def add(self, other: "Accounting") -> None:
        """Adds all of another accounting."""
        for path, count in other.paths.items():
            self.path(path).add(count)
        self.dropped.update(other.dropped)

    def subtract(self, other: "Accounting") -> None:
        """Takes out what was counted before, as `add` added it."""
        for path, count in other.paths.items():
            self.path(path).subtract(count)
        self.dropped.subtract(other.dropped)
        self.dropped = +self.dropped

    def to_json(self) -> JsonObject:
        """As it is kept in a row and printed."""
        return {
            "paths": {
                path: {
                    "source": count.source,
                    "imported": count.imported,
                    "skipped": count.skipped,
                    "failed": count.failed,
                    "reasons": {str(reason): number for reason, number in sorted(count.reasons.items())},
                }
                for path, count in self.paths.items()
            },
            "dropped": [
                {"path": path, "name": name, "reason": str(reason), "count": count}
                for (path, name, reason), count in sorted(self.dropped.items())
            ],
        }


def from_json(documents: Iterable[JsonObject]) -> Accounting:
    """The sum of accountings as `to_json` wrote them."""
    total = Accounting()
    for document in documents:
        paths = document.get("paths") or {}
        assert isinstance(paths, dict)
        for path, values in paths.items():
            assert isinstance(values, dict)
            reasons = values["reasons"]
            assert isinstance(reasons, dict)
            total.path(path).add(
                PathCount(
                    source=_int(values["source"]),
                    imported=_int(values["imported"]),
                    skipped=_int(values["skipped"]),
                    failed=_int(values["failed"]),
                    reasons=Counter({name: _int(count) for name, count in reasons.items()}),
                )
            )
        dropped = document.get("dropped") or []
        assert isinstance(dropped, list)
        for row in dropped:
            assert isinstance(row, dict)
            total.dropped[str(row["path"]), str(row["name"]), str(row["reason"])] += _int(row["count"])
    return total


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
