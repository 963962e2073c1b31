"""The table of an export that runs."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from rich.console import Console

from offline_transfer.cli.live import ROWS, LiveTable, time_left
from offline_transfer.exporting.progress import RelationProgress, Totals
from offline_transfer.transfers.states import ExportState, RelationState

NOON = datetime(2026, 4, 16, 12, tzinfo=UTC)


def totals(relations: Mapping[RelationState, int], *, records: int = 0, size: int = 0) -> Totals:
    return Totals(
        status=ExportState.started,
        has_failures=False,
        entities=2,
        relations=relations,
        expected_relations=40,
        records=records,
        bytes=size,
        updated_at=NOON,
    )


def relation(name: str, status: RelationState, *, error: str | None = None, minute: int = 0) -> RelationProgress:
    return RelationProgress(
        entity="top/app",
        relation=name,
        status=status,
        batches=4,
        batches_done=1,
        records=1000,
        expected=3500,
        lost=0,
        bytes=1_234_567,
        retries=0,
        error=error,
        exception_class=None,
        updated_at=NOON.replace(minute=minute),
    )


def drawn(console: Console) -> list[str]:
    """The lines of what was drawn last, without what moves the cursor."""
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)


def test_a_relation_that_runs_is_shown_with_its_batches_records_and_bytes(console: Console) -> None:
    with LiveTable(console) as table:
        table.show(
            totals({RelationState.started: 1, RelationState.finished: 9}, records=1000, size=1_234_567),
            [relation("issues", RelationState.started), relation("labels", RelationState.pending)],
        )
        lines = drawn(console)
    assert any(
        line.split() == ["top/app", "issues", "started", "1/4", "1,000", "of", "3,500", "1.2", "MB"] for line in lines
    )
    assert not any("labels" in line for line in lines)
    assert any("9 of 40 relations of 2 groups and projects" in line and "1,000 records" in line for line in lines)


def test_a_relation_that_failed_says_why(console: Console) -> None:
    with LiveTable(console) as table:
        table.show(
            totals({RelationState.failed: 1}), [relation("issues", RelationState.failed, error="the disk is full")]
        )
        lines = drawn(console)
    assert any("the disk is full" in line for line in lines)


def test_of_many_relations_the_last_that_ended_and_those_that_run_are_shown(console: Console) -> None:
    ended = [relation(f"ended_{number}", RelationState.finished, minute=number) for number in range(30)]
    with LiveTable(console) as table:
        table.show(totals({RelationState.finished: 30}), [*ended, relation("running", RelationState.started)])
        text = "\n".join(drawn(console))
    assert "running" in text
    assert [number for number in range(30) if f"ended_{number} " in text] == list(range(30 - ROWS + 1, 30))


def test_where_nobody_watches_nothing_is_drawn() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with LiveTable(console) as table:
        assert not table.is_shown
    assert drawn(console) == []


@pytest.mark.parametrize(
    ("todo", "rate", "said"),
    [
        (10, 0.0, "time left: not known yet"),
        (10, 1.0, "about 10 s left"),
        (90, 1.0, "about 1 min left"),
        (7300, 1.0, "about 2 h 1 min left"),
    ],
)
def test_the_time_that_is_left_is_said_as_people_say_it(todo: int, rate: float, said: str) -> None:
    assert time_left(todo, rate) == said
