"""The table of an export or import that runs, drawn anew as it gets on."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from offline_transfer.cli.output import printable

ROWS: Final = 12
"""Relations that are shown at once: those that run, and before them the last that have ended."""
RATE_SECONDS: Final = 10.0
"""The rate is that of so many seconds: a shorter time jumps about, a longer one tells of yesterday."""


class Shown(Protocol):
    """How far one relation of one group or project is."""

    @property
    def entity(self) -> str:
        """The full path."""

    @property
    def relation(self) -> str:
        """Its name."""

    @property
    def status(self) -> IntEnum:
        """Its state, by which it is called."""

    @property
    def is_running(self) -> bool:
        """Whether it is worked on."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""

    @property
    def batches(self) -> int:
        """How many there are."""

    @property
    def batches_done(self) -> int:
        """How many have ended."""

    @property
    def records(self) -> int:
        """How many are done."""

    @property
    def expected(self) -> int:
        """How many there should be; 0 where nobody knows."""

    @property
    def bytes(self) -> int:
        """In how many bytes; 0 where nobody knows."""

    @property
    def error(self) -> str | None:
        """What went wrong."""

    @property
    def updated_at(self) -> datetime:
        """When it last moved."""


class Sums(Protocol):
    """How far everything is."""

    @property
    def entities(self) -> int:
        """Groups and projects."""

    @property
    def ended_relations(self) -> int:
        """Relations that have ended."""

    @property
    def expected_relations(self) -> int:
        """Relations that there will be."""

    @property
    def records(self) -> int:
        """Records that are done."""

    @property
    def bytes(self) -> int:
        """In how many bytes; 0 where nobody knows."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """How much was done at some time."""

    at: float
    records: int
    bytes: int
    relations: int


class LiveTable:
    """Shows an export or import on standard error while it runs, and nothing where nobody watches."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._samples: deque[_Sample] = deque()

    @property
    def is_shown(self) -> bool:
        """Whether somebody sees it."""
        return self._console.is_terminal

    def __enter__(self) -> "LiveTable":
        if self.is_shown:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, totals: Sums, relations: Iterable[Shown]) -> None:
        """Draw it. Of relations only those that are shown are kept."""
        running: list[Shown] = []
        ended: deque[Shown] = deque(maxlen=ROWS)
        for relation in relations:
            if relation.is_running:
                running.append(relation)
            elif relation.has_ended:
                ended.append(relation)
        latest = sorted(ended, key=lambda relation: relation.updated_at)
        shown = [*latest, *running[:ROWS]][-ROWS:]
        self._live.update(Group(_table(shown), self._summary(totals)), refresh=True)

    def _summary(self, totals: Sums) -> RenderableType:
        done = totals.ended_relations
        now = _Sample(time.monotonic(), totals.records, totals.bytes, done)
        self._samples.append(now)
        while now.at - self._samples[0].at > RATE_SECONDS:
            self._samples.popleft()
        first = self._samples[0]
        passed = now.at - first.at
        line = Table.grid(padding=(0, 2))
        cells: list[RenderableType] = [
            ProgressBar(total=max(totals.expected_relations, 1), completed=done, width=30),
            Text(f"{done:,} of {totals.expected_relations:,} relations of {totals.entities:,} groups and projects"),
            Text(f"{now.records:,} records"),
            Text(decimal(now.bytes) if now.bytes else ""),
        ]
        if passed > 0:
            cells.append(Text(f"{(now.records - first.records) / passed:,.0f} records/s"))
            if now.bytes:
                cells.append(Text(f"{decimal(int((now.bytes - first.bytes) / passed))}/s"))
            cells.append(Text(time_left(totals.expected_relations - done, (done - first.relations) / passed)))
        line.add_row(*cells)
        return line


def time_left(todo: int, per_second: float) -> str:
    """How long what is left takes at this rate, as people say it."""
    if per_second <= 0:
        return "time left: not known yet"
    seconds = round(todo / per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"about {hours} h {minutes} min left"
    return f"about {minutes} min left" if minutes else f"about {seconds} s left"


def _table(relations: Sequence[Shown]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for column in ("entity", "relation", "state"):
        table.add_column(column, overflow="ellipsis", no_wrap=True)
    for column in ("batches", "records", "bytes"):
        table.add_column(column, justify="right")
    for relation in relations:
        table.add_row(
            Text(printable(relation.entity)),
            Text(relation.relation),
            Text(relation.status.name if relation.error is None else printable(relation.error)),
            f"{relation.batches_done:,}/{relation.batches:,}" if relation.batches else "",
            f"{relation.records:,}" + (f" of {relation.expected:,}" if relation.expected > relation.records else ""),
            decimal(relation.bytes) if relation.bytes else "",
        )
    return table
