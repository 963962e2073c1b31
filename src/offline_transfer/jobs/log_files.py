"""The logs of an instance: files of JSON lines in its data directory, written by many processes and read by one command.

A file is of one day and one machine, since appending a line at once is safe among the processes of a machine only, and has a
number, since a day may be long.
"""

import contextlib
import heapq
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from offline_transfer import logs
from offline_transfer.settings import MEBIBYTE
from offline_transfer.types import JsonObject

DIRECTORY: Final = "logs"
LARGEST: Final = 64 * MEBIBYTE

_NAME: Final = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)_.+_\d{3}\.jsonl", re.ASCII)

Matches = Callable[[JsonObject], bool]


class LogFiles(logging.Handler):
    """Appends lines to the file of the day."""

    def __init__(self, data_dir: Path, largest: int = LARGEST) -> None:
        super().__init__()
        self._directory = data_dir / DIRECTORY
        self._largest = largest
        self._day = date.min
        self._number = 0
        self._descriptor: int | None = None
        self._is_broken = False

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line. Where that cannot be done, standard error is told so once, and work goes on."""
        try:
            self._write(logs.line_of(record).encode() + b"\n", datetime.fromtimestamp(record.created, UTC).date())
            self._is_broken = False
        except OSError as error:
            if not self._is_broken:
                # What is full here may be full there.
                with contextlib.suppress(OSError):
                    sys.stderr.write(f"offline-transfer: cannot write logs to {self._directory}: {error.strerror}\n")
            self._is_broken = True

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        super().close()

    def _write(self, line: bytes, day: date) -> None:
        if self._descriptor is None or day != self._day:
            self._open(day, number=0)
        while self._descriptor is not None and os.fstat(self._descriptor).st_size >= self._largest:
            self._open(day, self._number + 1)
        # One call: the kernel puts it at the end as a whole, whoever else writes.
        if self._descriptor is not None:
            os.write(self._descriptor, line)

    def _open(self, day: date, number: int) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{day:%Y-%m-%d}_{_host()}_{number:03}.jsonl"
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._day, self._number = day, number


def lines(data_dir: Path, matches: Matches) -> Iterator[JsonObject]:
    """The lines that match, in the order of their times, those of all machines together."""
    by_machine: dict[str, list[Path]] = {}
    for path in _files(data_dir):
        by_machine.setdefault(path.name.split("_", 1)[1].rsplit("_", 1)[0], []).append(path)
    streams = [_matching(sorted(paths), matches) for paths in by_machine.values()]
    return heapq.merge(*streams, key=lambda line: str(line.get("time", "")))


def remove_older(data_dir: Path, age: timedelta) -> int:
    """Remove the files of days that ended so long ago, and give how many there were."""
    oldest = (datetime.now(UTC) - age).date()
    old = [path for path in _files(data_dir) if date.fromisoformat(path.name[:10]) < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _files(data_dir: Path) -> Iterator[Path]:
    directory = data_dir / DIRECTORY
    if directory.is_dir():
        yield from (path for path in directory.iterdir() if _NAME.fullmatch(path.name))


def _matching(paths: Iterable[Path], matches: Matches) -> Iterator[JsonObject]:
    for path in paths:
        with path.open("rb") as file:
            for raw in file:
                line = _parsed(raw)
                if line is not None and matches(line):
                    yield line


def _parsed(raw: bytes) -> JsonObject | None:
    """None for what a machine that crashed left half written."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "localhost"
