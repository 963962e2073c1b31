"""An import that is taken back with a command."""

import io
import sys
from typing import Any

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.program import Instance
from tests.meta import doc_guards
from tests.support.environment import REPOSITORY

PROJECT = REPOSITORY / "tests" / "fixtures" / "project" / "small"
PAGE = (REPOSITORY / "docs" / "reference" / "json.md").read_text("utf-8")


def load(destination: Instance, path: str) -> Any:
    return destination.json("load", PROJECT, "--namespace", "acme", "--path", path)["import"]


def test_what_an_import_made_goes_after_a_question(destination: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, number = load(destination, "kept"), load(destination, "kettle")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    refused = destination.run("rollback", number).ok()
    assert "acme/kettle" in refused.out
    assert refused.err.endswith("Nothing was removed.\n")
    assert destination.paths() == ["acme", "acme/kept", "acme/kettle"]

    done = destination.run("rollback", number, "--yes").ok()
    assert "acme/kettle" in done.out
    assert destination.paths() == ["acme", "acme/kept"]
    assert destination.json("rollback", number) == {"import": number, "removed": [], "kept": []}
    said = destination.run("report", number).ok().json
    assert said["rolled_back_at"] is not None

    done = destination.json("rollback", kept)
    assert sorted(done) == sorted(doc_guards.first_cells(PAGE, "## `rollback`"))
    assert done["removed"][0] == {"entity": "small", "path": "acme/kept", "kept": None}
    assert destination.rows()["issues"] == 0


def test_an_import_that_is_not_there_cannot_be_taken_back(destination: Instance) -> None:
    said = destination.run("rollback", 99, "--yes").refused(ExitStatus.NOT_FOUND)
    assert said.startswith("There is no import 99 in this instance.")
