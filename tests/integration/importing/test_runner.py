"""The runner of pipelines: what it does whatever the steps are."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from offline_transfer.archive.errors import TruncatedObjectError
from offline_transfer.db import Database
from offline_transfer.errors import DatabaseError
from offline_transfer.importing import batch, stages
from offline_transfer.importing.errors import PipelineAbortedError
from offline_transfer.importing.pipeline import Pipeline, PipelineContext, Stream
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.importing.units import Unit
from offline_transfer.types import PortableKind
from tests.support.pipelines import NO_RECORD, Failed, PackedObject, Portable, lines_of, make_scene

BOARDS = ndjson_pipeline("boards")
FOUND = lines_of("boards", *({"name": f"Board {number}"} for number in range(4)))


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Portable:
    """An empty project in an instance of its own."""
    return make_scene(database, tmp_path).portable(PortableKind.PROJECT)


def use(monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline) -> None:
    """Have this pipeline for whatever is imported."""
    monkeypatch.setattr(stages, "pipeline", lambda _kind, _relation: pipeline)


def boards(project: Portable) -> list[str]:
    """The names of the boards that were written."""
    return [name for (name,) in project.instance.rows("boards", "name")]


def renamed(_context: PipelineContext, entries: Iterator[Any]) -> Stream:
    """A transformer of records."""
    for entry in entries:
        if entry.record["name"] != "Board 2":
            yield entry._replace(record={"name": entry.record["name"].upper()})


def breaking(_context: PipelineContext, pieces: Iterator[Any]) -> Stream:
    """A step that breaks at its second piece."""
    yield next(pieces)
    raise TruncatedObjectError(name="the object", reason="it ends early")


def breaking_loader(_context: PipelineContext, pieces: Iterator[Any]) -> None:
    """A loader that breaks when it has seen everything."""
    list(pieces)
    raise TruncatedObjectError(name="the object", reason="it ends early")


def test_a_transformer_of_records_stands_before_those_that_make_rows(
    project: Portable, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, replace(BOARDS, transformers=(renamed, *BOARDS.transformers)))
    project.run(FOUND)
    assert boards(project) == ["BOARD 0", "BOARD 1", "BOARD 3"]


@pytest.mark.parametrize(
    ("pipeline", "step"),
    [
        (replace(BOARDS, transformers=(breaking, *BOARDS.transformers)), "transformer"),
        (replace(BOARDS, transformers=(*BOARDS.transformers, breaking)), "transformer"),
        (replace(BOARDS, loader=breaking_loader), "loader"),
    ],
)
def test_an_object_that_breaks_leaves_nothing_but_a_failure_that_names_the_step(
    project: Portable, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, step: str
) -> None:
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    use(monkeypatch, pipeline)
    count = project.run(FOUND).paths["boards"]
    assert (count.source, count.failed, dict(count.reasons)) == (4, 4, {"object_damaged": 4})
    (failure,) = project.failures("boards")
    assert failure == Failed("BoardsPipeline", step, "object_damaged", failure.message, "boards", None)
    assert boards(project) == []


def test_an_object_that_is_cut_breaks_in_the_extractor_and_is_closed(project: Portable) -> None:
    opened: list[str] = []

    @dataclass(frozen=True, slots=True)
    class Watched(PackedObject):
        """Says when it is opened and when it is closed."""

        @contextmanager
        def lines(self) -> Iterator[Iterator[bytes]]:
            """The lines."""
            opened.append("opened")
            try:
                with PackedObject.lines(self) as lines:
                    yield lines
            finally:
                opened.append("closed")

    found = FOUND.cut()
    project.run(Watched(found.relation, found.data, found.records))
    (failure,) = project.failures("boards")
    assert (failure.step, failure.reason) == ("extractor", "object_damaged")
    assert opened == ["opened", "closed"]


PRIORITIES = "labels.priorities"


def labels(*others: bytes, announced: int) -> PackedObject:
    """Two labels with one priority each, of which so many are announced."""
    label = {"color": "#ff0000", "type": "ProjectLabel", "priorities": [{"priority": 1}]}
    found = lines_of("labels", {"title": "a", **label}, {"title": "b", **label}, *others)
    return replace(found, nested={PRIORITIES: announced, "labels.of_another_version": 9})


def test_nested_records_that_are_announced_and_not_there_are_a_gap(project: Portable) -> None:
    count = project.run(labels(announced=5)).paths[PRIORITIES]
    assert (count.source, count.imported, count.failed, dict(count.reasons)) == (5, 2, 3, {"gap": 3})
    (failure,) = project.failures("labels")
    said = "project_1/labels.gz holds 2 of the 5 records that are announced"
    assert failure == Failed("LabelsPipeline", "extractor", "gap", said, PRIORITIES, None)
    assert len(project.instance.rows("label_priorities", "id")) == 2


def test_an_object_with_more_nested_records_than_announced_is_refused(project: Portable) -> None:
    count = project.run(labels(announced=1)).paths
    assert (count["labels"].failed, dict(count["labels"].reasons)) == (2, {"object_damaged": 2})
    (failure,) = project.failures("labels")
    assert failure.message.startswith(f"project_1/labels.gz holds more records of `{PRIORITIES}` than the 1 that are")


def test_of_an_object_that_is_damaged_all_has_failed_that_was_announced(project: Portable) -> None:
    count = project.run(labels(announced=3).cut()).paths
    assert {path: (found.source, found.failed, dict(found.reasons)) for path, found in count.items()} == {
        "labels": (2, 2, {"object_damaged": 2}),
        PRIORITIES: (3, 3, {"object_damaged": 3}),
    }


def test_what_was_nested_in_a_line_that_is_no_record_is_not_counted(project: Portable) -> None:
    for found in (labels(announced=2), labels(NO_RECORD, announced=3)):
        assert project.run(found).paths[PRIORITIES].failed == 0


class WithdrawnError(DatabaseError):
    """The work was given to somebody else."""


@dataclass(slots=True)
class ShortLease:
    """A lease that ends after so many looks at it."""

    left: int

    def check(self) -> None:
        """Count down."""
        self.left -= 1
        if self.left < 0:
            raise WithdrawnError


def test_whoever_loses_the_lease_leaves_nothing_and_the_next_one_does_it_all(
    project: Portable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    undone = project.batch("boards")
    lease = ShortLease(10**6)
    project.run_batch(project.batch("boards"), lines_of("boards"), lease=lease)
    looks_without_a_record = 10**6 - lease.left
    for left in range(4 * 3 + looks_without_a_record):
        with pytest.raises(WithdrawnError):
            project.run_batch(undone, FOUND, lease=ShortLease(left))
    assert boards(project) == []
    assert project.run_batch(undone, FOUND).paths["boards"].imported == 4
    assert boards(project) == ["Board 0", "Board 1", "Board 2", "Board 3"]


def test_where_some_lines_are_tried_again_the_others_are_passed_over(project: Portable) -> None:
    found = lines_of("boards", {"name": "a"}, b"{", {"name": "b"}, {"name": "c"})
    count = project.run_batch(project.batch("boards", retried=frozenset({1, 3})), found).paths["boards"]
    assert (count.source, count.imported, count.failed) == (2, 1, 1)
    assert boards(project) == ["c"]
    assert [failure.line for failure in project.failures("boards")] == [1]


def test_more_failures_than_are_held_are_all_written(project: Portable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offline_transfer.importing.pipeline.FAILURES_HELD", 2)
    count = project.run(lines_of("boards", b"{", b"{", b"{", {"name": "a"}, {"name": ""}, b"{")).paths["boards"]
    assert (count.source, count.imported, count.failed) == (6, 1, 5)
    assert sorted(failure.line or 0 for failure in project.failures("boards")) == [0, 1, 2, 4, 5]


def test_failures_are_written_beside_the_rows_of_others(project: Portable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offline_transfer.importing.pipeline.FAILURES_HELD", 1)
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    lines = [line for number in range(100) for line in ({"name": f"{number:02}"}, b"{")]
    count = project.run(lines_of("boards", *lines)).paths["boards"]
    assert (count.source, count.imported, count.failed) == (200, 100, 100)
    assert [failure.line for failure in project.failures("boards")] == list(range(1, 200, 2))
    assert boards(project) == [f"{number:02}" for number in range(100)]


def test_without_a_vital_relation_there_is_no_project_however_often_it_is_tried(
    project: Portable, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, replace(BOARDS, abort_on_failure=True))
    undone = project.batch("boards")
    for _ in range(2):
        with pytest.raises(PipelineAbortedError, match="`boards` could not be imported"):
            project.run_batch(undone, FOUND.cut())
    assert project.run(FOUND).paths["boards"].imported == 4


def test_of_a_chunk_that_was_written_nothing_is_held_while_the_one_after_the_next_is_built(
    project: Portable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 10)
    alive: list[int] = []

    def units() -> int:
        return sum(type(found) is Unit for found in gc.get_objects())

    def counted(_context: PipelineContext, entries: Iterator[Any]) -> Stream:
        for number, entry in enumerate(entries):
            if number % 5 == 4:  # counting looks at everything that is alive
                alive.append(units())
            yield entry

    pipeline = ndjson_pipeline("issues")
    use(monkeypatch, replace(pipeline, transformers=(counted, *pipeline.transformers)))
    links = [{"target_type": "Issue", "label": {"title": "bug"}}]
    records = ({"iid": iid, "title": "x", "author_id": iid, "label_links": links} for iid in range(1, 51))
    gc.collect()
    before = units()
    assert project.run(lines_of("issues", *records)).paths["issues"].imported == 50
    assert max(alive) - before <= 20
