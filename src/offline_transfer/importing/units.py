"""What one line of a relation becomes: rows to write, shared records to find, and what is already known to fail or be left out."""

from dataclasses import dataclass, field
from typing import Any

from offline_transfer.importing.plan import NodePlan
from offline_transfer.relations.attributes import DropReason
from offline_transfer.transfers.accounting import Fail, Skip


@dataclass(slots=True, eq=False)
class Row:
    """One row to be written; `parent` is the row that it hangs on, None directly below the portable."""

    plan: NodePlan
    values: list[Any]
    parent: "Row | None"
    counted: bool = True
    written: bool = False
    failure: Fail | None = None
    skip: Skip | None = None
    message: str = ""

    @property
    def id(self) -> Any:
        """The row's id, for the records below it."""
        index = self.plan.id_index
        return self.values[index] if index is not None else self.values[self.plan.link_index or 0]

    @property
    def is_out(self) -> bool:
        """Whether it is already decided that it will not be written."""
        return self.failure is not None or self.skip is not None


@dataclass(slots=True, eq=False)
class SharedRef:
    """A record that may exist already, and where its id is wanted: `row.values[index]`."""

    plan: NodePlan
    key: tuple[Any, ...]
    record: dict[str, Any]
    unit: "Unit"
    row: Row | None
    index: int
    counted: bool = True


@dataclass(slots=True)
class Unit:
    """One record of the first level with everything below it."""

    index: int
    plan: NodePlan
    rows: list[Row] = field(default_factory=list)
    shared: list[SharedRef] = field(default_factory=list)
    recognised: dict[str, int] = field(default_factory=dict)
    skipped: dict[tuple[str, Skip], int] = field(default_factory=dict)
    failed: dict[tuple[str, Fail], int] = field(default_factory=dict)
    failures: list[tuple[str, Fail, str]] = field(default_factory=list)
    dropped: dict[tuple[str, str, str], int] = field(default_factory=dict)
    users: list[tuple[Row, int, int]] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    title: str | None = None
    project_id: int | None = None
    """The project at the source to which the record says it belongs."""
    local: dict[tuple[Any, ...], Row] = field(default_factory=dict)
    size: int = 0
    """How many bytes its line has, which says about how much it takes to hold it."""

    def recognise(self, path: str, count: int = 1) -> None:
        """Counts records that need no row of their own."""
        self.recognised[path] = self.recognised.get(path, 0) + count

    def skip(self, path: str, reason: Skip, count: int = 1) -> None:
        """Counts records that are left out."""
        self.skipped[path, reason] = self.skipped.get((path, reason), 0) + count

    def fail(self, path: str, reason: Fail, message: str) -> None:
        """Counts one record that failed, and keeps why."""
        self.failed[path, reason] = self.failed.get((path, reason), 0) + 1
        self.failures.append((path, reason, message))

    def fail_below(self, path: str, count: int = 1) -> None:
        """Counts records that fail because of the one above them."""
        key = (path, Fail.PARENT_FAILED)
        self.failed[key] = self.failed.get(key, 0) + count

    def drop(self, path: str, name: str, reason: str) -> None:
        """Counts an attribute that is not taken over."""
        key = (path, name, reason)
        self.dropped[key] = self.dropped.get(key, 0) + 1


def refuse(row: Row, unit: Unit, key: str, problem: str, *, optional: bool) -> None:
    """A value that its column cannot take: the attribute is left out where it may be absent, else the record fails."""
    if optional:
        unit.drop(row.plan.path, key, DropReason.INVALID)
    else:
        row.failure = Fail.INVALID_VALUE
        row.message = f"`{key}` is {problem}"
