"""Attributes that no column holds as they travel: enumerations by name, and the methods that the relation files name."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    SmallInteger,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from offline_transfer.forge.approval_rules import ApprovalProjectRulesProtectedBranch
from offline_transfer.forge.base import EnumInteger
from offline_transfer.forge.diffs import MergeRequestDiff
from offline_transfer.forge.enums import DiffType
from offline_transfer.forge.projects import ProjectSetting
from offline_transfer.forge.protection import ProtectedBranch

Value: TypeAlias = ColumnElement[Any]

Method: TypeAlias = Callable[[str, FromClause], Value]
"""Computes the attribute of this name from the row of its record, which stands in the FROM clause around it."""


TIME_FORMAT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
"""Times in UTC with microseconds, in a session whose time zone is UTC."""


def exported(column: Value) -> Value:
    """A column as it travels: an enumeration by GitLab's name, a time with all its digits, anything else as it is."""
    if isinstance(column.type, EnumInteger):
        return enum_name(column, column.type.enum_class)
    return func.to_char(column, TIME_FORMAT) if isinstance(column.type, DateTime) else column


def enum_name(column: Value, members: type[IntEnum]) -> Value:
    """The name of an integer. One without a name stays as digits, so that nothing turns into null on the way."""
    number = type_coerce(column, SmallInteger)
    names = {literal(member.value): literal(member.name) for member in members}
    return case(names, value=number, else_=cast(number, Text))


def head_commit_of_diff(_name: str, merge_request: FromClause) -> Value:
    """The head commit of the latest diff of a merge request; what a merge would look like is no version of it."""
    diffs = MergeRequestDiff.__table__.alias()
    return (
        select(diffs.c.head_commit_sha)
        .where(diffs.c.merge_request_id == merge_request.c.id, diffs.c.diff_type == DiffType.regular)
        .order_by(diffs.c.id.desc())
        .limit(1)
        .correlate(merge_request)
        .scalar_subquery()
    )


def project_setting(name: str, project: FromClause) -> Value:
    """The column of this name in the settings of a project; null while it has none."""
    settings = ProjectSetting.__table__.alias()
    return (
        select(exported(settings.c[name]))
        .where(settings.c.project_id == project.c.id)
        .correlate(project)
        .scalar_subquery()
    )


def protected_branch_name(_name: str, link: FromClause) -> Value:
    """The name of the protected branch to which an approval rule is tied."""
    branches = ProtectedBranch.__table__.alias()
    column = link.c[ApprovalProjectRulesProtectedBranch.protected_branch_id.key]
    return select(branches.c.name).where(branches.c.id == column).correlate(link).scalar_subquery()


def work_item_type(_name: str, issue: FromClause) -> Value:
    """The type of an issue as an object with its base type, which every instance knows."""
    return func.json_build_object("base_type", exported(issue.c.issue_type))


METHODS: Final[Mapping[str, Method]] = {
    "head_commit_of_diff": head_commit_of_diff,
    "project_setting": project_setting,
    "protected_branch_name": protected_branch_name,
    "work_item_type": work_item_type,
}
