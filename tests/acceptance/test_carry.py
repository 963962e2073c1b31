"""The whole way of an archive that somebody carries, as `docs/howto/carry.md` tells it."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeInstance, Prepared
from tests.acceptance.pages import blocks, run_page
from tests.acceptance.program import Program

PAGE = "carry.md"


@pytest.mark.slow
def test_the_page_brings_a_group_over_and_takes_it_back(
    settled: Prepared, make_instance: MakeInstance, program: Program, tmp_path: Path
) -> None:
    destination = make_instance("destination")
    before = destination.rows()
    with settled.copied(program, tmp_path / "source") as source:
        ended = run_page(PAGE, tmp_path, [source, destination], group="place")
        assert ended.returncode == 0, ended.stderr
        assert len(blocks(PAGE)) == 11
        paths = source.paths()
    imported = json.loads((tmp_path / "imported.json").read_text())
    assert imported["failures"] == []
    assert {row["entity"] for row in imported["relations"]} == set(paths)
    # Users and stand-ins stay, and so does what the import says of itself.
    after = destination.rows()
    assert {table: after[table] for table in ("namespaces", "projects", "routes", "issues", "labels")} == {
        table: before[table] for table in ("namespaces", "projects", "routes", "issues", "labels")
    }
    report = (tmp_path / "report.html").read_text()
    assert all(path in report for path in paths)
