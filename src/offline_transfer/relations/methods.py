"""The values of attributes as SQL that gives their JSON as text, and the methods that the relation files name.

A value that is null is null in SQL too; whoever asks makes the `null` of JSON of it.
"""

import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, TypeAlias

from sqlalchemy import Boolean, DateTime, Integer

from offline_transfer.forge.approval_rules import ApprovalProjectRulesProtectedBranch
from offline_transfer.forge.base import EnumInteger
from offline_transfer.forge.diffs import MergeRequestDiff
from offline_transfer.forge.enums import DiffType
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.projects import ProjectSetting
from offline_transfer.forge.protection import ProtectedBranch
from offline_transfer.relations.links import table_of
from offline_transfer.relations.nodes import AnyColumn
from offline_transfer.relations.sql import constant, joined

Method: TypeAlias = Callable[[str, str], str]
"""Computes the attribute of this name from the row of its record, which goes by the second name in the statement around it."""

# Times in UTC with microseconds, in a session whose time zone is UTC; the outer quotes are those of JSON.
_TIME: Final = constant(r'\"YYYY-MM-DD"T"HH24:MI:SS.US"Z"\"')
_QUOTE: Final = constant('"')


def json_text(column: AnyColumn, row: str) -> str:
    """A column as it travels: an enumeration by GitLab's name, a time with all its digits, anything else as it is."""
    value = f"{row}.{column.name}"
    if isinstance(column.type, EnumInteger):
        return _enum_name(column.type.enum_class, value)
    if isinstance(column.type, DateTime):
        return f"to_char({value}, {_TIME})"
    # JSON writes these as SQL does.
    return f"{value}::text" if isinstance(column.type, Integer | Boolean) else f"to_json({value})::text"


def _enum_name(members: type[IntEnum], value: str) -> str:
    """The name of an integer. One without a name stays as digits, so that nothing turns into null on the way."""
    names = " ".join(f"WHEN {member.value} THEN {constant(json.dumps(member.name))}" for member in members)
    return f"CASE {value} {names} ELSE {_QUOTE} || {value}::text || {_QUOTE} END"


def head_commit_of_diff(_name: str, merge_request: str) -> str:
    """The head commit of the latest diff of a merge request; what a merge would look like is no version of it."""
    diffs = table_of(MergeRequestDiff)
    return (
        f"(SELECT {json_text(diffs.c.head_commit_sha, 'diff')} FROM {diffs.name} AS diff"
        f" WHERE diff.merge_request_id = {merge_request}.id AND diff.diff_type = {DiffType.regular:d}"
        " ORDER BY diff.id DESC LIMIT 1)"
    )


def project_setting(name: str, project: str) -> str:
    """The column of this name in the settings of a project; null while it has none."""
    settings = table_of(ProjectSetting)
    return (
        f"(SELECT {json_text(settings.c[name], 'setting')} FROM {settings.name} AS setting"
        f" WHERE setting.project_id = {project}.id)"
    )


def protected_branch_name(_name: str, link: str) -> str:
    """The name of the protected branch to which an approval rule is tied."""
    branches = table_of(ProtectedBranch)
    pointer = ApprovalProjectRulesProtectedBranch.protected_branch_id.key
    return (
        f"(SELECT {json_text(branches.c.name, 'branch')} FROM {branches.name} AS branch"
        f" WHERE branch.id = {link}.{pointer})"
    )


def work_item_type(_name: str, issue: str) -> str:
    """The type of an issue as an object with its base type, which every instance knows."""
    base_type = json_text(table_of(Issue).c.issue_type, issue)
    return joined([('{"base_type":', True), (f"coalesce({base_type}, 'null')", False), ("}", True)])


METHODS: Final[Mapping[str, Method]] = {
    "head_commit_of_diff": head_commit_of_diff,
    "project_setting": project_setting,
    "protected_branch_name": protected_branch_name,
    "work_item_type": work_item_type,
}
