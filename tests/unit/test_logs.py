"""What is written into logs, and what never is."""

import json
import logging
import sys
from collections.abc import Mapping

import pytest

from offline_transfer import logs
from offline_transfer.errors import UsageError

SECRET = "hunter2"


def line(message: str, *, name: str = "offline_transfer.jobs", **fields: object) -> Mapping[str, object]:
    """What is written of one event."""
    record = logging.makeLogRecord({"name": name, "msg": message, "levelname": "WARNING", "created": 0.0, **fields})
    written: Mapping[str, object] = json.loads(logs.line_of(record))
    return written


def error_of(raising: Exception) -> object:
    """An exception as it is handed to a logger."""
    try:
        raise raising
    except type(raising):
        return sys.exc_info()


def test_a_line_has_what_happened_its_context_and_its_fields() -> None:
    with logs.bound(job=5, export=3), logs.bound(relation="issues"):
        assert line("export.relation", records=7, duration=0.5) == {
            "time": "1970-01-01T00:00:00+00:00",
            "level": "warning",
            "event": "export.relation",
            "job": 5,
            "export": 3,
            "relation": "issues",
            "records": 7,
            "duration": 0.5,
        }
    assert "job" not in line("later")


def test_fields_of_libraries_are_left_out() -> None:
    assert line("Starting", name="procrastinate.worker", job={"id": 5}) == {
        "time": "1970-01-01T00:00:00+00:00",
        "level": "warning",
        "event": "Starting",
    }


def test_an_error_of_ours_says_what_it_says() -> None:
    written = line("job.failed", exc_info=error_of(UsageError(problem="It is late")))
    assert written["error"] == "It is late. See `offline-transfer --help`."
    assert written["error_class"] == "UsageError"
    assert "in error_of" in str(written["traceback"])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError(f"https://user:{SECRET}@example.com"), "ValueError"),
        (KeyError(SECRET), "KeyError"),
        (FileNotFoundError(2, "No such file or directory", SECRET), "the system refused: No such file or directory"),
        (AttributeError("'NoneType' has no attribute 'x'"), "AttributeError: 'NoneType' has no attribute 'x'"),
    ],
)
def test_of_the_errors_of_others_only_what_cannot_hold_a_secret_is_written(error: Exception, message: str) -> None:
    written = line("job.failed", exc_info=error_of(error))
    assert written["error"] == message
    assert SECRET not in str(written["error"])


def test_what_an_error_came_of_is_named_without_its_message() -> None:
    def raising() -> None:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error

    with pytest.raises(KeyError) as caught:
        raising()
    first, second = logs.traceback_of(caught.value).split("\n\nThis came of:\n\n")
    assert first.startswith("KeyError: KeyError\n  File ")
    assert second.startswith("ValueError: ValueError\n  File ")


def test_a_cause_that_causes_itself_ends() -> None:
    error = ValueError()
    error.__context__ = KeyError()
    error.__context__.__context__ = error
    assert len(logs.traceback_of(error).split("This came of:")) == 10
