"""`import` as a job that workers do: what can be left out, Ctrl-C, and going on."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.importing.create import create_import
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.jobs import contexts
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.states import ImportState, JobState
from tests.acceptance.interrupts import (
    DEADLINE,
    LONG_GRACE,
    SHORT_GRACE,
    interrupted_once,
    interrupted_twice,
    wait_for_held,
    with_store,
)
from tests.acceptance.program import Instance
from tests.support.faulty_s3 import Answer, FaultyFront, Hold, Rule
from tests.support.s3 import S3Server

CANCELED: Final = ImportState.canceled.value
ENDED: Final = JobState.ended.value


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


def test_the_log_has_the_lines_of_all_jobs_of_an_import(destination: Instance, archive: Path) -> None:
    import_id = destination.json("import", archive, "--all", "", "--no-projects", "--processes", "1")["import"]
    lines = [json.loads(line) for line in destination.run("logs", "--import", import_id).ok().out.splitlines()]
    assert {line["import"] for line in lines} == {import_id}
    listed = destination.json("jobs", "list")["jobs"]
    jobs = {job["id"] for job in listed if not job["task"].startswith("sweep:")}
    for event in ("job.started", "job.finished"):
        assert {line["job"] for line in lines if line["event"] == event} == jobs
    begun = {(line["task"], line.get("entity")) for line in lines}
    assert {("bulk_import", None), ("bulk_import_entity", "group_1"), ("finish_bulk_import", None)} <= begun
    assert destination.run("logs", "--import", import_id + 1).ok().out == ""


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


def test_an_import_that_has_not_ended_says_that_it_takes_no_other_keys(destination: Instance, archive: Path) -> None:
    storage = StorageConfiguration.from_location(str(archive.parent), {})
    with destination.opened() as instance:
        (context,) = contexts.importing(instance)
        request = ImportRequest(wanted=Everything(""), storage=storage, export_prefix=archive.name)
        import_id = create_import(context, request)
    outcome = destination.run("import", "--resume", import_id, "--identity", archive / "key").ok()
    assert outcome.err.splitlines() == [
        "The import has not ended, and goes on with the keys that it has. To have those of now used, cancel it with Ctrl-C"
        " and resume it again."
    ]


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


@pytest.fixture
def in_bucket(archive: Path, rclone_server: S3Server, front: FaultyFront) -> tuple[str, ...]:
    """The archive in a bucket, as words of an import."""
    bucket = rclone_server.new_bucket().bucket
    client = rclone_server.client()
    for path in archive.rglob("*"):
        if path.is_file():
            key = f"{archive.name}/{path.relative_to(archive)}"
            client.upload_file(str(path), bucket, key)
    return f"s3://{bucket}/{archive.name}", "--all", "", "--s3-endpoint", front.server.endpoint


@pytest.fixture
def held(archive: Path) -> str:
    """An object in the middle of the archive, at which an import of these tests is held up."""
    found = sorted(archive.glob("project_*/issues/batch_1.*"))[0]
    return str(found.relative_to(archive))


def import_states(instance: Instance) -> list[tuple[object, ...]]:
    """The states of all imports and of the jobs of their work."""
    with psycopg.connect(instance.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "SELECT bulk_imports.id, bulk_imports.status, array_agg(DISTINCT bulk_import_jobs.status) FROM bulk_imports"
            " LEFT JOIN bulk_import_jobs ON bulk_import_id = bulk_imports.id GROUP BY 1, 2 ORDER BY 1"
        ).fetchall()


@pytest.mark.slow
def test_ctrl_c_cancels_and_says_how_to_go_on(
    destination: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    # Once it is read when the archive is checked.
    front.plan(Rule(Hold(), method="GET", target=held, after=1))
    with with_store(destination, front, "import", *in_bucket, **SHORT_GRACE) as process:
        wait_for_held(front)
        resume = interrupted_once(process)
    assert resume == ["import", "--resume", "1"]
    assert import_states(destination) == [(1, CANCELED, [ENDED])]
    front.release()
    printed = destination.json(*resume)
    assert (printed["import"], printed["failures"], printed["gaps"]) == (1, [], [])
    assert {item["status"] for item in printed["entities"]} == {"finished"}
    assert [row for row in printed["relations"] if row["failed"]] == []


@pytest.mark.slow
def test_a_second_ctrl_c_does_not_wait(
    destination: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    front.plan(Rule(Hold(), method="GET", target=held, after=1))
    words = ("import", *in_bucket)
    with with_store(destination, front, *words, **LONG_GRACE) as process:
        wait_for_held(front)
        resume = interrupted_twice(process)
    assert import_states(destination) == [(1, CANCELED, [ENDED])]
    front.release()
    assert {item["status"] for item in destination.json(*resume)["entities"]} == {"finished"}


def test_ctrl_c_while_the_archive_is_checked_leaves_nothing_and_waits_for_no_store(
    destination: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    front.plan(Rule(Hold(), method="GET", target=held))
    with with_store(destination, front, "import", *in_bucket) as process:
        wait_for_held(front)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, said) == (ExitStatus.INTERRUPTED, "offline-transfer: Interrupted.\n")
    assert import_states(destination) == []


@pytest.mark.slow
def test_an_import_whose_command_was_killed_goes_on(
    destination: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    front.plan(Rule(Hold(), method="GET", target=held, after=1))
    with with_store(destination, front, "import", *in_bucket, **SHORT_GRACE) as process:
        wait_for_held(front)
        process.kill()
    assert [(number, status) for number, status, _ in import_states(destination)] == [(1, ImportState.started.value)]
    front.release()
    heard = {"OFFLINE_TRANSFER_STALLED_SECONDS": "2", "OFFLINE_TRANSFER_HEARTBEAT_SECONDS": "0.2"}
    printed = destination.having(**heard, OFFLINE_TRANSFER_SWEEP_SECONDS="1").json("import", "--resume", 1)
    assert (printed["import"], printed["failures"], printed["gaps"]) == (1, [], [])
    assert {item["status"] for item in printed["entities"]} == {"finished"}


@pytest.fixture
def hurried(destination: Instance, front: FaultyFront) -> Instance:
    """The instance, which asks a store and does a job twice before it gives up, and knows the store's credentials."""
    return destination.having(
        **front.server.environment(),
        OFFLINE_TRANSFER_WORKER_PROCESSES="1",
        OFFLINE_TRANSFER_STORE_ATTEMPTS="2",
        OFFLINE_TRANSFER_STORE_RETRY_SECONDS="0.01",
        OFFLINE_TRANSFER_JOB_ATTEMPTS="2",
        OFFLINE_TRANSFER_RETRY_SECONDS="0.1",
    )


@pytest.mark.slow
def test_a_store_that_is_away_for_a_while_costs_nothing(
    hurried: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    front.plan(Rule(Answer(503, "SlowDown"), method="GET", target=held, after=1, times=2))
    printed = hurried.json("import", *in_bucket)
    assert (printed["failures"], printed["gaps"]) == ([], [])
    assert [row for row in printed["relations"] if row["failed"]] == []
    assert len([seen for seen in front.seen if seen.fault is not None]) == 2


@pytest.mark.slow
def test_what_a_store_that_stays_away_kept_back_is_counted_and_comes_when_it_is_there_again(
    hurried: Instance, front: FaultyFront, in_bucket: tuple[str, ...], held: str
) -> None:
    front.plan(Rule(Answer(503, "SlowDown"), method="GET", target=held, after=1, times=None))
    printed = hurried.json("import", *in_bucket, status=ExitStatus.WITH_FAILURES)
    kept_back = {row["path"]: row for row in printed["relations"] if row["failed"]}
    assert {"issues", "issues.notes", "issues.notes.award_emoji"} <= kept_back.keys()
    for path, row in kept_back.items():
        assert path.partition(".")[0] == "issues"
        assert (row["imported"], row["skipped"]) == (0, 0)
        assert row["reasons"] == {"given_up": row["source"]}
    front.plan()
    again = hurried.json("import", "--resume", printed["import"])
    assert again["failures"] == []
    came = {row["path"]: row["imported"] for row in again["relations"] if row["entity"] == "fill/app"}
    assert {path: came[path] for path in kept_back} == {path: row["source"] for path, row in kept_back.items()}
