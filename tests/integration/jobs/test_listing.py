"""What people see of jobs and logs."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from docs import generate
from offline_transfer import logs, queue
from offline_transfer.cli.main import run
from offline_transfer.errors import ExitStatus
from offline_transfer.jobs import doing, metrics
from offline_transfer.jobs.log_files import LogFiles
from offline_transfer.jobs.metrics import Figures
from offline_transfer.settings import LogLevel, environment_names
from tests.integration.jobs.scene import Scene, take
from tests.meta import doc_guards


@pytest.fixture(autouse=True)
def environment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the scene."""
    assert scene.settings.database_url is not None
    monkeypatch.setenv(environment_names("database_url")[0], scene.settings.database_url.get_secret_value())
    monkeypatch.setenv(environment_names("data_dir")[0], str(scene.settings.data_dir))


def do(scene: Scene) -> None:
    """Takes the next job and does it."""
    job = take(scene)
    doing.do(scene.instance, queue.find(job.name), job, lambda: False)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that a command prints."""
    assert run([*arguments, "--json"]) == ExitStatus.OK
    return json.loads(capsys.readouterr().out)


def test_jobs_are_listed_with_their_last_error(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.defer("test_last", number=1)
    scene.defer("test_file", number=2)
    do(scene)
    (waiting, failed) = printed(capsys, "jobs", "list")["jobs"]
    assert waiting.pop("age") >= failed.pop("age") - 10
    assert (waiting, failed) == (
        {
            "id": 2,
            "task": "test_file",
            "state": "todo",
            "queue": "files",
            "attempts": 0,
            "ids": {"number": 2},
            "error": None,
            "scheduled_at": None,
        },
        {
            "id": 1,
            "task": "test_last",
            "state": "failed",
            "queue": "rows",
            "attempts": 1,
            "ids": {"number": 1},
            "error": "It never works.",
            "scheduled_at": None,
        },
    )
    assert [job["id"] for job in printed(capsys, "jobs", "list", "--state", "failed")["jobs"]] == [1]
    assert [job["id"] for job in printed(capsys, "jobs", "list", "--task", "test_file")["jobs"]] == [2]
    assert [job["id"] for job in printed(capsys, "jobs", "list", "--limit", "1")["jobs"]] == [2]


def test_jobs_are_listed_as_a_table(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.defer("test_last", number=1)
    do(scene)
    assert run(["jobs", "list"]) == ExitStatus.OK
    row = [cell.strip() for cell in capsys.readouterr().out.splitlines()[4].split("│")[1:-1]]
    assert row == ["1", "test_last", "number 1", "failed", "rows", row[5], "1", "It never works."]


def test_a_job_is_shown_with_each_failure_and_its_place_in_the_program(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.defer("test_last", number=1)
    do(scene)
    shown = printed(capsys, "jobs", "show", "1")
    (failure,) = shown["failures"]
    assert (failure["kind"], failure["error_class"], failure["message"]) == ("error", "LastingError", "It never works.")
    assert "in fail_for_good" in failure["traceback"]
    assert shown["worker"] is None
    assert run(["jobs", "show", "1"]) == ExitStatus.OK
    assert "in fail_for_good" in capsys.readouterr().out


def test_a_job_that_is_not_there_is_named(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "show", "77"]) == ExitStatus.NOT_FOUND
    assert capsys.readouterr().err == (
        "offline-transfer: There is no job 77. `offline-transfer jobs list` names those that are kept.\n"
    )


def test_the_lines_of_one_job_export_or_import_are_printed(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    handler = LogFiles(scene.settings.data_dir)
    logs.add_handler(handler, LogLevel.INFO)
    try:
        scene.defer("test_last", number=1)
        scene.defer("test_tell", number=2)
        scene.defer("test_tell", number=3)
        do(scene)
        with logs.bound(export=12):
            do(scene)
        with logs.bound(**{"import": 12}):
            do(scene)
    finally:
        logging.getLogger("offline_transfer").removeHandler(handler)
        handler.close()
    assert run(["logs", "--job", "1"]) == ExitStatus.OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["job.started", "job.failed"]
    assert "in fail_for_good" in lines[1]["traceback"]
    assert run(["logs", "--export", "12"]) == ExitStatus.OK
    assert [json.loads(line)["job"] for line in capsys.readouterr().out.splitlines()] == [2, 2]
    assert run(["logs", "--import", "12"]) == ExitStatus.OK
    assert [json.loads(line)["job"] for line in capsys.readouterr().out.splitlines()] == [3, 3]
    assert run(["logs"]) == ExitStatus.USAGE


def test_the_figures_are_those_of_the_rows(scene: Scene) -> None:
    scene.defer("test_last", number=1)
    scene.defer("test_tell", number=2)
    do(scene)
    with scene.database.session() as session:
        figures = metrics.collect(session)
    assert figures == Figures(
        jobs={("test_last", "failed"): 1, ("test_tell", "todo"): 1},
        oldest={"rows": figures.oldest["rows"]},
        stale_ended=0,
        errors={"test_last": 1},
        workers=(),
    )
    assert figures.oldest["rows"] >= 0


def test_the_keys_that_are_printed_are_described(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.defer("test_last", number=1)
    described = doc_guards.first_cells(Path(generate.REFERENCE / "json.md").read_text("utf-8"), "## `jobs`")
    assert [*printed(capsys, "jobs", "show", "1")] == described
