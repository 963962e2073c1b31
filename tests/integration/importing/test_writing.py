"""Rows are written in a thread while the next ones are built: what is held meanwhile, and what an interrupt leaves."""

import gc
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from offline_transfer.db import Database
from offline_transfer.importing import batch, stages, writer
from offline_transfer.importing.pipeline import PipelineContext, Stream
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.importing.units import Unit
from offline_transfer.types import PortableKind
from tests.support.pipelines import Portable, lines_of, make_scene

SECONDS = 30


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Portable:
    """An empty project in an instance of its own."""
    return make_scene(database, tmp_path).portable(PortableKind.PROJECT)


def test_long_lines_are_held_one_at_a_time(project: Portable, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[int] = []

    def counted(_context: PipelineContext, entries: Iterator[Any]) -> Stream:
        for entry in entries:
            alive.append(sum(type(found) is Unit for found in gc.get_objects()))
            yield entry

    pipeline = ndjson_pipeline("issues")
    monkeypatch.setattr(
        stages, "pipeline", lambda *_: replace(pipeline, transformers=(counted, *pipeline.transformers))
    )
    context = project.work.context
    small = replace(context, settings=context.settings.model_copy(update={"flush_bytes": 16}))
    records = ({"iid": iid, "title": "x" * 20, "author_id": 7} for iid in range(1, 6))
    gc.collect()
    project = replace(project, work=replace(project.work, context=small))
    assert project.run(lines_of("issues", *records)).paths["issues"].imported == 5
    assert alive == [alive[0]] * 5


def test_an_interrupt_ends_a_statement_that_waits_and_leaves_nothing(
    project: Portable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_context: PipelineContext, pieces: Iterator[Any]) -> Stream:
        yield next(pieces)
        raise KeyboardInterrupt

    boards = ndjson_pipeline("boards")
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    monkeypatch.setattr(
        stages, "pipeline", lambda *_: replace(boards, transformers=(*boards.transformers, interrupted))
    )
    found = lines_of("boards", {"name": "a"}, {"name": "b"})
    waited = threading.Event()
    with psycopg.connect(database.conninfo) as other:
        other.execute("LOCK TABLE boards")

        def give_up() -> None:
            waited.set()
            other.close()

        too_late = threading.Timer(SECONDS, give_up)
        too_late.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                project.run(found)
        finally:
            too_late.cancel()
    assert not waited.is_set(), "the statement was waited for"
    assert project.instance.rows("boards", "name") == []


def test_rows_are_not_written_after_the_end_of_their_transaction(
    project: Portable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[Unit]] = []
    write = writer.write

    def noted(connection: psycopg.Connection, units: Sequence[Unit]) -> frozenset[int]:
        written.append(list(units))
        return write(connection, units)

    monkeypatch.setattr(writer, "write", noted)
    project.run(lines_of("boards", {"name": "a"}))
    ((unit,),) = written
    unit.rows[0].written = False
    with database.raw_connection() as connection, pytest.raises(RuntimeError, match="has ended"):
        write(connection, [unit])
    assert project.instance.rows("boards", "name") == [("a",)]
