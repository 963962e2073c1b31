"""The report of an import, as a command writes it."""

import csv
import json
from pathlib import Path

from offline_transfer.errors import ExitStatus
from tests.acceptance.program import Instance
from tests.meta import doc_guards
from tests.support.environment import REPOSITORY

PROJECT = REPOSITORY / "tests" / "fixtures" / "project" / "small"
PAGE = (REPOSITORY / "docs" / "reference" / "json.md").read_text("utf-8")


def test_a_report_is_written_in_the_form_that_is_asked_for(destination: Instance, tmp_path: Path) -> None:
    loaded = destination.json("load", PROJECT, "--namespace", "acme", "--path", "kettle")
    number = loaded["import"]
    said = destination.run("report", number).ok().json
    assert sorted(said) == sorted(doc_guards.first_cells(PAGE, "## `report`"))
    for name in ("failures", "gaps", "dropped_attributes"):
        assert said[name] == loaded[name]
    assert said["entities"] == [{**entity, "kept": None} for entity in loaded["entities"]]
    assert [{k: row[k] for k in loaded["relations"][0]} for row in said["relations"]] == loaded["relations"]
    assert (said["import"], said["source_type"], said["adds_up"]) == (number, "file_export", True)

    files = {form: tmp_path / f"report.{form}" for form in ("json", "csv", "html")}
    for file in files.values():
        file.write_text("of another import")
        assert destination.run("report", number, "--output", file).ok().out == ""
    assert json.loads(files["json"].read_text()) == said
    with files["csv"].open(newline="") as file_of_rows:
        rows = list(csv.DictReader(file_of_rows))
    assert sum(int(row["source"]) for row in rows if row["kind"] == "relation") == said["source"]
    assert files["html"].read_text().startswith("<!DOCTYPE html>\n")
    assert destination.run("report", number, "--format", "html").ok().out == files["html"].read_text()
    assert destination.run("report", number, "--json", "--output", tmp_path / "as.csv").ok().out == ""
    assert json.loads((tmp_path / "as.csv").read_text()) == said
    refused = destination.run("report", number, "--json", "--format", "csv").ended(ExitStatus.USAGE).json
    assert refused["error"]["message"].startswith("--json and --format csv are two forms, and a report has one.")
    assert sorted(path.name for path in tmp_path.glob("report*")) == ["report.csv", "report.html", "report.json"]


def test_an_import_that_is_not_there_has_no_report(destination: Instance, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = destination.run("report", 99, "--output", file).refused(ExitStatus.NOT_FOUND)
    assert said.startswith("There is no import 99 in this instance.")
    assert not file.exists()
