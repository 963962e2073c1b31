"""`export` as a job that workers do: what can be chosen, Ctrl-C, and going on."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from offline_transfer.cli import attended
from offline_transfer.cli.attended_export import AttendedExport
from offline_transfer.errors import ExitStatus
from offline_transfer.exporting import ending, places, schedule
from offline_transfer.exporting.create import create_export
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.jobs import contexts
from offline_transfer.jobs import instance as running
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.failures import Failure
from tests.acceptance.interrupts import (
    DEADLINE,
    LONG_GRACE,
    SHORT_GRACE,
    interrupted_once,
    interrupted_twice,
    wait_for_held,
    with_store,
)
from tests.acceptance.program import Instance, Program
from tests.support.faulty_s3 import Answer, FaultyFront, Hold, Rule
from tests.support.s3 import S3Server

RESUME: Final = re.compile(r"`offline-transfer export --resume (\S+)` goes on")
MINE: Final = "issues"
"""The object at which an export of these tests is held up."""


@pytest.fixture
def with_keys(own_source: Instance, program: Program, tmp_path: Path) -> Instance:
    """A copy of the filled instance that can keep credentials."""
    file = tmp_path / "secrets.keys"
    program.run("db", "make-key", file).ok()
    return own_source.having(OFFLINE_TRANSFER_SECRETS_FILE=str(file))


def objects(client: Any, bucket: str, prefix: str = "") -> set[str]:
    """The keys of a bucket that begin so."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"] for page in pages for item in page.get("Contents", ())}


def paths(rows: list[dict[str, object]]) -> set[tuple[object, object]]:
    """Entity and path of each row."""
    return {(row["entity"], row["path"]) for row in rows}


def exports_of(source: Instance) -> list[object]:
    """The exports that have jobs."""
    return [job["ids"] for job in source.json("jobs", "list", "--task", "offline_export")["jobs"]]


def test_relations_and_descendants_can_be_left_out(source: Instance, program: Program, tmp_path: Path) -> None:
    exported = source.json(
        "export", "fill", "--to", tmp_path, "--no-descendants", "--skip", "labels", "--skip", "uploads"
    )
    assert {entity for entity, _ in paths(exported["relations"])} == {"fill"}
    assert not {"labels", "uploads"} & {path for _, path in paths(exported["relations"])}
    program.run("archive", "verify", tmp_path / exported["export_prefix"]).ok()


def test_the_source_can_be_called_something_else(source: Instance, program: Program, tmp_path: Path) -> None:
    ended = source.run("export", "fill/inner", "--to", tmp_path, "--source-hostname", "the-old-one", "--json").ok()
    exported = ended.json
    assert (
        "People at a destination see the-old-one when they are asked to accept contributions." in ended.err.splitlines()
    )
    inspected = program.run("archive", "inspect", tmp_path / exported["export_prefix"], "--json").ok().json
    assert inspected["source_hostname"] == "the-old-one"


def test_what_moved_meanwhile_is_looked_for_when_that_is_asked(source: Instance, tmp_path: Path) -> None:
    exported = source.json("export", "fill/inner", "--to", tmp_path, "--expect-unchanged")
    assert exported["moved"] == []


def test_what_moved_meanwhile_is_told_and_the_exit_status_says_it(
    with_keys: Instance, front: FaultyFront, rclone_server: S3Server
) -> None:
    front.plan(Rule(Hold(), method="PUT", target="manifest"))
    place = ("--to", f"s3://{rclone_server.new_bucket().bucket}", "--s3-endpoint", front.server.endpoint)
    with with_store(with_keys, front, "export", "fill", *place, "--expect-unchanged", "--json") as process:
        wait_for_held(front)
        # All relations were read.
        with psycopg.connect(with_keys.environment["DATABASE_URL"]) as connection:
            connection.execute(
                "INSERT INTO labels (title, type, project_id) SELECT 'new', 'ProjectLabel', project_id FROM routes"
                " WHERE path = 'fill/app'"
            )
            before = connection.execute(
                "SELECT count(*) - 1 FROM labels JOIN routes USING (project_id) WHERE path = 'fill/app'"
            ).fetchone()
        front.release()
        out, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitStatus.DIFFERENT
    assert before is not None
    (exported,) = before
    assert json.loads(out)["moved"] == [
        {"entity": "fill/app", "path": "labels", "exported": exported, "now": exported + 1}
    ]
    assert said.splitlines() == [
        "The instance was changed while it was exported: the archive does not show one instant."
    ]


def test_without_a_place_nothing_is_begun(source: Instance) -> None:
    assert source.run("export", "fill").refused(ExitStatus.USAGE) == (
        "Say where the archive goes: `--to` a directory, or a place like s3://bucket/prefix."
    )


def test_an_export_goes_on_as_it_was_asked_for(source: Instance) -> None:
    outcome = source.run("export", "fill", "--skip", "labels", "--resume", "2026-04-16_19-39-00_export_dJtnb3CV")
    assert outcome.refused(ExitStatus.USAGE) == (
        "`export --resume PREFIX` goes on with an export as it was asked for: leave out the full paths, --skip. `--to` may be"
        " said again, for the credentials."
    )


def test_an_export_that_has_not_ended_says_that_it_takes_no_other_credentials(
    with_keys: Instance, rclone_server: S3Server
) -> None:
    bucket, at = rclone_server.new_bucket().bucket, ("--s3-endpoint", rclone_server.endpoint)
    environment = rclone_server.environment()
    storage = StorageConfiguration.from_location(f"s3://{bucket}", environment, rclone_server.endpoint)
    with with_keys.opened() as instance:
        (context,) = contexts.export(instance)
        prefix = create_export(context, ExportRequest.of_paths("fill/app", storage=storage)).prefix
    other = with_keys.having(**{**environment, "AWS_SECRET_ACCESS_KEY": "another"})
    elsewhere = other.run("export", "--resume", prefix, "--to", f"s3://{bucket}/elsewhere", *at)
    assert "and the rest of it cannot be elsewhere" in elsewhere.refused(ExitStatus.BAD_INPUT)
    outcome = other.run("export", "--resume", prefix, "--to", f"s3://{bucket}", *at).ok()
    assert outcome.err.splitlines() == [
        "The export has not ended, and goes on with the credentials that it has. To have those of now used, cancel it with"
        " Ctrl-C and resume it again."
    ]


def test_only_the_instance_that_began_an_export_goes_on_with_it(source: Instance) -> None:
    outcome = source.run("export", "--resume", "2026-04-16_19-39-00_export_dJtnb3CV")
    assert outcome.refused(ExitStatus.NOT_FOUND) == (
        "No export of this instance writes below 2026-04-16_19-39-00_export_dJtnb3CV. Exports are gone on with by the instance"
        " that began them."
    )


def test_a_store_that_cannot_be_reached_is_refused_before_anything_is_written(source: Instance, tmp_path: Path) -> None:
    before = exports_of(source)
    (tmp_path / "file").touch()
    source.run("export", "fill", "--to", tmp_path / "file" / "below").refused(ExitStatus.STORAGE)
    assert exports_of(source) == before


def test_ctrl_c_cancels_and_says_how_to_go_on(
    with_keys: Instance, program: Program, front: FaultyFront, rclone_server: S3Server
) -> None:
    bucket = rclone_server.new_bucket().bucket
    place = f"s3://{bucket}"
    front.plan(Rule(Hold(), method="PUT", target=MINE))
    endpoint = ("--s3-endpoint", front.server.endpoint)
    with with_store(with_keys, front, "export", "fill", "--to", place, *endpoint, **SHORT_GRACE) as process:
        wait_for_held(front)
        resume = interrupted_once(process)
    assert resume[:2] == ["export", "--resume"]
    prefix = resume[2]
    keys = {item["Key"] for item in rclone_server.client().list_objects_v2(Bucket=bucket)["Contents"]}
    assert f"{prefix}/metadata.json.gz" not in keys

    front.release()
    exported = with_keys.json(*resume)
    assert exported["export_prefix"] == prefix
    assert exported["failures"] == []
    assert ("fill/app", MINE) in paths(exported["relations"])
    verified = program.run("archive", "verify", f"{place}/{prefix}", *endpoint, environment=front.server.environment())
    verified.ok()


def canceled(source: Instance, front: FaultyFront, *words: object) -> str:
    """The prefix of an export that somebody cancels in its middle."""
    front.plan(Rule(Hold(), method="PUT", target=MINE))
    with with_store(source, front, "export", *words, **SHORT_GRACE) as process:
        wait_for_held(front)
        *_, prefix = interrupted_once(process)
    # What was on its way arrives when the export has ended.
    front.release()
    assert front.held_done.acquire(timeout=DEADLINE)
    return prefix


def failed(source: Instance, front: FaultyFront, *words: object) -> str:
    """The prefix of an export that cannot be ended."""
    front.plan(Rule(Answer(403, "AccessDenied"), method="PUT", target="SHA256SUMS"))
    with with_store(source, front, "export", *words) as process:
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitStatus.STORAGE
    named = RESUME.search(said)
    assert named is not None, said
    return named[1]


@pytest.mark.parametrize("broken_off", [canceled, pytest.param(failed, marks=pytest.mark.slow)])
def test_what_an_export_left_that_was_broken_off_is_removed_and_nothing_beside_it(
    with_keys: Instance,
    program: Program,
    front: FaultyFront,
    rclone_server: S3Server,
    broken_off: Callable[..., str],
) -> None:
    bucket = rclone_server.new_bucket().bucket
    client = rclone_server.client()
    place = f"s3://{bucket}/below"
    prefix = broken_off(with_keys, front, "fill", "--to", place, "--s3-endpoint", front.server.endpoint)
    left = objects(client, bucket, f"below/{prefix}/")
    assert left
    assert not [key for key in left if "metadata" in key]
    # Whole archives beside it, one of which has a name that begins like its.
    beside = [
        f"{parent}/{key.split('/', 2)[2]}" for parent in (f"below/{prefix}x", f"{prefix}", "below") for key in left
    ]
    for key in [*beside, f"below/{prefix}.txt"]:
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    others = objects(client, bucket) - left

    at, environment = ("--s3-endpoint", rclone_server.endpoint), rclone_server.environment()
    removal = ("archive", "delete", f"{place}/{prefix}", *at)
    outcome = program.run(*removal, environment=environment).ok()
    assert outcome.err.splitlines()[-1].startswith(f"Removed {len(left)} objects with ")
    assert objects(client, bucket) == others
    where = f"s3://{bucket} at {rclone_server.endpoint}/below/{prefix}"
    assert program.run(*removal, environment=environment).refused(ExitStatus.NOT_FOUND) == (
        f"There is nothing of an archive at {where}. Check the prefix."
    )


def test_a_second_ctrl_c_does_not_wait(with_keys: Instance, front: FaultyFront, rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    front.plan(Rule(Hold(), method="PUT", target=MINE))
    words = ("export", "fill", "--to", f"s3://{bucket}", "--s3-endpoint", front.server.endpoint)
    with with_store(with_keys, front, *words, **LONG_GRACE) as process:
        wait_for_held(front)
        interrupted_twice(process)


@dataclass(frozen=True, slots=True)
class Gone:
    """Worker processes that ended with the export, before they cleared up."""

    instance: running.Instance

    def attend(self, watched: AttendedExport) -> None:
        """There is something to clear up, and the export fails."""
        (found,) = (path for path in Path(self._place(watched)).iterdir())
        assert found.name.startswith(".offline-transfer-")
        with self.instance.database.session() as session:
            ending.fail(session, schedule.lock(session, watched.id), Failure("Dead", "its worker died"))

    def _place(self, watched: AttendedExport) -> str:
        with self.instance.database.session() as session:
            return places.configuration_of(session, watched.id).location


def test_nothing_but_the_objects_is_left_of_an_export_that_failed_whatever_its_workers_still_came_to(
    own_source: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of an export has a file by which workers know it."""

    @contextmanager
    def gone(instance: running.Instance, _count: int | None) -> Iterator[Gone]:
        yield Gone(instance)

    place = tmp_path / "place"
    monkeypatch.setattr(attended, "workers_of", gone)
    message = own_source.run("export", "fill", "--to", place).refused(ExitStatus.STORAGE)
    assert message.startswith("The export failed, and no archive was made: its worker died")
    assert list(place.iterdir()) == []


def test_workers_that_cannot_work_end_the_wait(
    own_source: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Worker processes find another Python than this one's packages.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    outcome = own_source.run("export", "fill", "--to", tmp_path / "place").ended(ExitStatus.UNEXPECTED)
    assert outcome.err.splitlines()[-1].startswith(
        "offline-transfer: The worker processes that should do the work end at once: "
    )
