"""`export` as a job that workers do: what can be chosen, Ctrl-C, and going on."""

from pathlib import Path
from typing import Final

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.interrupts import (
    LONG_GRACE,
    SHORT_GRACE,
    interrupted_once,
    interrupted_twice,
    wait_for_held,
    with_store,
)
from tests.acceptance.program import Instance, Program
from tests.support.faulty_s3 import FaultyFront, Hold, Rule
from tests.support.s3 import S3Server

MINE: Final = "issues"
"""The object at which an export of these tests is held up."""


@pytest.fixture
def with_keys(own_source: Instance, program: Program, tmp_path: Path) -> Instance:
    """A copy of the filled instance that can keep credentials."""
    file = tmp_path / "secrets.keys"
    program.run("db", "make-key", file).ok()
    return own_source.having(OFFLINE_TRANSFER_SECRETS_FILE=str(file))


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
    exported = source.json("export", "fill/inner", "--to", tmp_path, "--source-hostname", "the-old-one")
    inspected = program.run("archive", "inspect", tmp_path / exported["export_prefix"], "--json").ok().json
    assert inspected["source_hostname"] == "the-old-one"


def test_what_moved_meanwhile_is_looked_for_when_that_is_asked(source: Instance, tmp_path: Path) -> None:
    exported = source.json("export", "fill/inner", "--to", tmp_path, "--expect-unchanged")
    assert exported["moved"] == []


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


def test_a_second_ctrl_c_does_not_wait(with_keys: Instance, front: FaultyFront, rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    front.plan(Rule(Hold(), method="PUT", target=MINE))
    words = ("export", "fill", "--to", f"s3://{bucket}", "--s3-endpoint", front.server.endpoint)
    with with_store(with_keys, front, *words, **LONG_GRACE) as process:
        wait_for_held(front)
        interrupted_twice(process)


def test_workers_that_cannot_work_end_the_wait(
    own_source: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Worker processes find another Python than this one's packages.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    outcome = own_source.run("export", "fill", "--to", tmp_path / "place").ended(ExitStatus.UNEXPECTED)
    assert outcome.err.splitlines()[-1].startswith(
        "offline-transfer: The worker processes that should do the work end at once: "
    )
