"""What single relations need beside their attributes; named by `prepare` in the relation files.

A function gets the record and the row that it becomes, after the attributes were set and before the children are read. It may set
columns of the row and add children; it returns the keys that it has used.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from offline_transfer.forge.enums import IssueType
from offline_transfer.importing.units import Row, Unit
from offline_transfer.relations.attributes import DropReason

Record = dict[str, Any]


class Builder(Protocol):
    """What a prepare function may ask of the builder."""

    @property
    def portable_id(self) -> int:
        """The id of the project or group that is filled."""


Prepare = Callable[[Record, Row, Unit, Builder], frozenset[str]]

JOB_TYPES = frozenset({"Ci::Build", "Ci::Bridge", "GenericCommitStatus"})

_TYPE_NAMES: Mapping[str, IssueType] = {
    **{member.name: member for member in IssueType},
    **{member.name.replace("_", " "): member for member in IssueType},
}


def work_item_type(record: Record, row: Row, unit: Unit, _builder: Builder) -> frozenset[str]:
    """The type of an issue: by name, by base type, or by the older `issue_type`; an unknown one leaves it an issue."""
    given = record.get("work_item_type")
    name = None
    if isinstance(given, dict):
        name = given.get("base_type") or given.get("name")
    if name is None:
        name = record.get("issue_type")
    found = _issue_type(name)
    if found is None and name is not None:
        unit.drop(row.plan.path, "work_item_type", DropReason.INVALID)
    row.values[row.plan.columns.index("issue_type")] = (found or IssueType.issue).value
    return frozenset({"work_item_type", "issue_type"})


def merge_request(record: Record, row: Row, _unit: Unit, builder: Builder) -> frozenset[str]:
    """A merge request from a fork loses its source project; the others have it in the project itself."""
    same = record.get("source_project_id") is not None and record.get("source_project_id") == record.get(
        "target_project_id"
    )
    row.values[row.plan.columns.index("source_project_id")] = builder.portable_id if same else None
    return frozenset({"source_project_id", "target_project_id", "diff_head_sha"})


def job_type(_record: Record, row: Row, _unit: Unit, _builder: Builder) -> frozenset[str]:
    """Old exports keep all jobs of a stage in one relation; a kind that no newer relation holds would never leave again."""
    index = row.plan.columns.index("type")
    if row.values[index] not in JOB_TYPES:
        row.values[index] = "GenericCommitStatus"
    return frozenset()


PREPARE: Mapping[str, Prepare] = {
    "job_type": job_type,
    "merge_request": merge_request,
    "work_item_type": work_item_type,
}


def _issue_type(name: object) -> IssueType | None:
    if isinstance(name, int) and not isinstance(name, bool):
        return IssueType(name) if name in {member.value for member in IssueType} else None
    return _TYPE_NAMES.get(name.strip().lower()) if isinstance(name, str) else None
