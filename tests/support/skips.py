"""A pytest plugin: in CI a skipped test is a failed one.

What a run did not look at must not look like a success. GitLab's own fixtures may be absent, and tests that need them say so.
"""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

from tests.support.environment import FIXTURES_ABSENT

ReportT = TypeVar("ReportT", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test that was skipped."""
    return _judge((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a module that was skipped as a whole."""
    return _judge((yield))


def _judge(report: ReportT) -> ReportT:
    if not report.skipped or not os.environ.get("CI") or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(FIXTURES_ABSENT):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {reason}. Install what it needs, or deselect it by a marker."
    return report
