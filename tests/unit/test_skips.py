"""The rule of a test run that a skip in CI is a failure."""

import pytest

pytest_plugins = ["pytester"]

SKIPPING = """
import pytest

@pytest.mark.skip(reason="no rclone here")
def test_marked():
    pass

def test_in_the_middle():
    pytest.skip("no git here")

@pytest.mark.skip(reason="fixtures absent: set a variable")
def test_of_fixtures():
    pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False

def test_that_passes():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(SKIPPING)
    return pytester


def test_a_skip_fails_in_ci_unless_fixtures_are_absent(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = run.runpytest_inprocess("-p", "tests.support.skips", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1, failed=1, skipped=1, xfailed=1, passed=1)
    result.stdout.fnmatch_lines(["skipped in CI: no rclone here. Install what it needs, or deselect it by a marker."])


def test_a_module_that_is_skipped_as_a_whole_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_module')")
    result = pytester.runpytest_inprocess("-p", "tests.support.skips", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)


def test_elsewhere_a_skip_is_a_skip(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = run.runpytest_inprocess("-p", "tests.support.skips", "-p", "no:cacheprovider")
    result.assert_outcomes(skipped=3, xfailed=1, passed=1)
