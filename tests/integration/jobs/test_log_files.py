"""Log files: many processes write them, one command reads them."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from offline_transfer import logs
from offline_transfer.jobs import log_files
from offline_transfer.jobs.log_files import LogFiles
from offline_transfer.types import JsonObject

DAY = 86_400


def everything(line: JsonObject) -> bool:
    return bool(line)


def record(event: str, *, time: float = 0.0) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "offline_transfer.test", "msg": event, "levelname": "INFO"})
    made.created = time
    return made


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LogFiles]:
    handler = LogFiles(tmp_path, largest=200)
    yield handler
    handler.close()


def names(directory: Path) -> list[str]:
    host = os.uname().nodename
    return sorted(path.name.replace(host, "HOST") for path in (directory / "logs").iterdir())


def test_a_file_is_of_one_day_and_not_too_long(files: LogFiles, tmp_path: Path) -> None:
    for number in range(5):
        files.emit(record(f"event {number}"))
    files.emit(record("another day", time=DAY))
    assert names(tmp_path) == [
        "1970-01-01_HOST_000.jsonl",
        "1970-01-01_HOST_001.jsonl",
        "1970-01-02_HOST_000.jsonl",
    ]
    assert [line["event"] for line in log_files.lines(tmp_path, everything)] == [
        *(f"event {number}" for number in range(5)),
        "another day",
    ]


def test_lines_of_several_machines_come_in_the_order_of_their_times(files: LogFiles, tmp_path: Path) -> None:
    files.emit(record("first", time=1))
    files.emit(record("third", time=3))
    (tmp_path / "logs" / "1970-01-01_elsewhere_000.jsonl").write_text(
        '{"time": "1970-01-01T00:00:02+00:00", "event": "second"}\n{"half": "writt\n[]\n'
    )
    (tmp_path / "logs" / "notes.txt").write_text("not a log\n")
    assert [line["event"] for line in log_files.lines(tmp_path, everything)] == ["first", "second", "third"]


def test_only_what_was_asked_for_is_read(files: LogFiles, tmp_path: Path) -> None:
    for job in (1, 2, 1):
        with logs.bound(job=job):
            files.emit(record(f"of {job}"))
    found = log_files.lines(tmp_path, lambda line: line.get("job") == 1)
    assert [line["event"] for line in found] == ["of 1", "of 1"]


def test_old_files_are_removed(files: LogFiles, tmp_path: Path) -> None:
    files.emit(record("long ago"))
    files.emit(record("in a far future", time=DAY * 365 * 1000))
    assert log_files.remove_older(tmp_path, timedelta(days=14)) == 1
    assert names(tmp_path) == ["2969-05-03_HOST_000.jsonl"]


def test_an_instance_without_logs_has_no_lines(tmp_path: Path) -> None:
    assert list(log_files.lines(tmp_path, everything)) == []
    assert log_files.remove_older(tmp_path, timedelta()) == 0


def test_logs_that_cannot_be_written_end_no_work_and_are_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("in the way")
    handler = LogFiles(tmp_path)
    handler.emit(record("one"))
    handler.emit(record("two"))
    assert capsys.readouterr().err == f"offline-transfer: cannot write logs to {tmp_path}/logs: File exists\n"
