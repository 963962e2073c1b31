"""What commands print of lists that may be very long."""

import json
from collections.abc import Iterator

import pytest

from offline_transfer.cli import output
from offline_transfer.types import JsonObject


def failures(count: int) -> Iterator[JsonObject]:
    for number in range(count):
        yield {"entity": "a", "path": "issues", "message": f"reason {number}"}


def test_a_list_is_written_while_it_is_read(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    output.print_json({"one": 1, "failures": failures(2), "none": failures(0), "more": ["x"]})
    assert capsysbinary.readouterr().out == (
        b'{"one":1,"failures":[{"entity":"a","path":"issues","message":"reason 0"},'
        b'{"entity":"a","path":"issues","message":"reason 1"}],"none":[],"more":["x"]}\n'
    )


def test_nothing_is_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({})
    assert json.loads(capsys.readouterr().out) == {}


def test_of_very_many_failures_some_are_shown_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_failures(failures(output.MOST_FAILURES + 1234), all_in="`offline-transfer report 7`")
    lines = capsys.readouterr().out.splitlines()
    assert sum("reason" in line for line in lines) == output.MOST_FAILURES
    assert lines[-1] == "1,234 more failed: `offline-transfer report 7` has all of them."


def test_as_many_failures_as_are_shown_need_no_more_words(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_failures(failures(output.MOST_FAILURES), all_in="the manifest")
    assert "more failed" not in capsys.readouterr().out
    output.print_failures(failures(0), all_in="the manifest")
    assert capsys.readouterr().out == ""
