"""`import` as a job that workers do: what can be left out, and going on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.program import Instance


def counted(printed: Mapping[str, Any], path: str) -> list[tuple[int, int, int, dict[str, int]]]:
    """Source, imported and skipped records of a path, and the reasons, of each entity that has it."""
    found = [row for row in printed["relations"] if row["path"] == path]
    return [(row["source"], row["imported"], row["skipped"], row["reasons"]) for row in found]


def test_projects_memberships_and_relations_can_be_left_out(destination: Instance, archive: Path) -> None:
    words = ("--no-projects", "--no-memberships", "--skip", "labels", "--processes", "1")
    printed = destination.json("import", archive, "--all", "", *words)
    assert not any(item["entity"] == "fill/app" for item in printed["entities"])
    for path in ("members", "labels"):
        for source, imported, skipped, reasons in counted(printed, path):
            assert (imported, skipped, reasons) == (0, source, {"on_purpose": source})
    assert counted(printed, "labels")


def test_what_failed_of_an_import_is_tried_again(destination: Instance, archive: Path) -> None:
    printed = destination.json("import", archive, "--all", "", "--processes", "1")
    import_id = printed["import"]
    message = destination.run("import", "--resume", import_id).refused(ExitStatus.CONFLICT)
    assert message.startswith(
        f"The import {import_id} is finished. It can be tried again when it has failed, was canceled, "
    )
    with psycopg.connect(destination.environment["DATABASE_URL"]) as connection:
        # As a cancellation leaves it.
        connection.execute("UPDATE bulk_imports SET status = -2 WHERE id = %s", [import_id])
        connection.execute(
            "UPDATE bulk_import_trackers SET status = -3 WHERE relation = 'issues' AND bulk_import_entity_id IN"
            " (SELECT id FROM bulk_import_entities WHERE project_id IS NOT NULL)"
        )
    again = destination.json("import", "--resume", import_id, "--processes", "1")
    assert [item["status"] for item in again["entities"]] == ["finished"] * len(again["entities"])
    assert counted(again, "issues") == counted(printed, "issues")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--all", ""], "Say where the archive is: URL/PREFIX, or `--resume` with the id of an import to go on with."),
        (
            ["--resume", "1", "--all", "", "--skip", "labels"],
            "`import --resume ID` goes on with an import as it was asked for: leave out --all, --skip.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(destination: Instance, words: list[str], message: str) -> None:
    assert destination.run("import", *words).refused(ExitStatus.USAGE).startswith(message)


def test_an_import_that_is_not_there_cannot_be_gone_on_with(destination: Instance) -> None:
    message = destination.run("import", "--resume", "99").refused(ExitStatus.NOT_FOUND)
    assert message.startswith("There is no import 99 in this instance.")
