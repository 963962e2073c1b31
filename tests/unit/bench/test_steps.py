"""The steps of the benchmarks compare the same rows."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import steps
from bench.relations import Counts
from bench.workload import write_nearly_empty_project, write_project
from tests.support.database import TestServer

FEW = Counts(issues=5, merge_requests=5, pipelines=3)


@pytest.fixture
def make_url(database_server: TestServer) -> Iterator[Callable[[], str]]:
    """Makes migrated databases and gives their addresses."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(database_server.clone())


def test_everything_of_a_workload_is_imported_and_the_bare_copy_moves_the_same_rows(
    make_url: Callable[[], str], tmp_path: Path
) -> None:
    destination, clone = make_url(), make_url()
    (tree := tmp_path / "tree").mkdir()
    (copied := tmp_path / "copied").mkdir()
    write_project(tree, FEW)

    load = steps.load(destination, str(tmp_path), str(tree))
    export = steps.export(destination, str(tmp_path), [load["path"]])
    out = steps.copy_out(destination, str(copied))
    back = steps.copy_in(clone, str(copied))

    assert load["status"] == "finished"
    assert load["imported"] == load["records"] > 0
    assert export["archive_bytes"] > 0
    assert out["rows"]["issues"] == 5
    assert back["rows"] == out["rows"]


def test_a_relation_in_many_objects_gives_the_same_counts(make_url: Callable[[], str], tmp_path: Path) -> None:
    (tree := tmp_path / "tree").mkdir()
    write_project(tree, FEW)

    whole = steps.load(make_url(), str(tmp_path / "whole"), str(tree))
    cut = steps.load(make_url(), str(tmp_path / "cut"), str(tree), batch_records=2)

    assert cut["accounting"]["paths"] == whole["accounting"]["paths"]


def test_a_nearly_empty_project_can_be_imported_many_times(make_url: Callable[[], str], tmp_path: Path) -> None:
    (tree := tmp_path / "tree").mkdir()
    write_nearly_empty_project(tree)
    destination = make_url()

    steps.load_many(destination, str(tmp_path), str(tree), times=3)

    assert steps.copy_out(destination, str(tmp_path))["rows"]["projects"] == 3
