"""The demonstration shows that nothing was lost, and would say so if something were."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console
from sqlalchemy import func, select, update

from demo import judgement, report
from demo.marks import has_mark
from demo.stage import Outcome, Places, Stage
from demo.steps import Steps
from demo.words import MARK
from offline_transfer.cli.instance import Instance
from offline_transfer.errors import ExitStatus
from offline_transfer.forge.notes import Note
from offline_transfer.types import JsonObject, PortableKind
from tests.support import memory
from tests.support.environment import REPOSITORY
from tests.support.fill import COMPACT

PROGRAM: Final = (sys.executable, "-m", "demo")
CHANGED: Final = "This is not what was said."
SECONDS: Final = 300


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A directory for temporary files; whoever uses it clears up behind himself."""
    path = Path(tempfile.mkdtemp(prefix=memory.PREFIX, dir=memory.parent_directory()))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def environment(directory: Path) -> dict[str, str]:
    """The environment of the program: nothing in it leads to another database."""
    return {**os.environ, "TMPDIR": str(directory), "DATABASE_URL": "postgresql://nowhere.invalid/none"}


def test_nothing_is_lost_and_nothing_is_left_behind(directory: Path) -> None:
    ended = subprocess.run(
        [*PROGRAM, "--seed", "7"],
        cwd=REPOSITORY,
        env=environment(directory),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, [line.partition(":")[0] for line in ended.stderr.splitlines()]) == (
        ExitStatus.OK,
        [
            "Start two instances",
            "Fill the source",
            "Count at the source",
            "Export",
            "Import",
            "Export again",
            "Verify both archives",
            "Compare",
            "Search for secrets",
        ],
    )
    last = ended.stdout.splitlines()[-1]
    found = re.fullmatch(
        r"Nothing was lost: of ([\d,]+) records in 10 groups and projects ([\d,]+) arrived, (\d+) stayed behind on purpose, "
        r"and the second archive says the same as the first\.",
        last,
    )
    assert found is not None, last
    all_records, arrived, stayed = (int(number.replace(",", "")) for number in found.groups())
    assert (all_records > 10_000, all_records - arrived) == (True, stayed)
    assert re.search(r"^ *issues\.notes +(\d+) +\1 +\1 +0 +0 +yes *$", ended.stdout, re.MULTILINE)
    assert list(directory.iterdir()) == []


def test_an_interrupt_ends_it_and_leaves_nothing_behind(directory: Path) -> None:
    with subprocess.Popen(
        PROGRAM, cwd=REPOSITORY, env=environment(directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Start two instances: ")
        servers = server_processes(directory)
        process.send_signal(signal.SIGINT)
        assert (process.stdout.read(), process.stderr.read().splitlines()[-1]) == ("", "demo: Interrupted.")
    assert (len(servers), process.returncode) == (2, ExitStatus.INTERRUPTED)
    assert list(directory.iterdir()) == []
    assert [server for server in servers if is_running(server)] == []


def test_a_directory_in_which_something_lies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    ended = subprocess.run(
        [*PROGRAM, "--keep", tmp_path], cwd=REPOSITORY, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (
        ExitStatus.USAGE,
        f"python -m demo: error: {tmp_path} is not an empty directory: name another with --keep, or empty it first",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def server_processes(directory: Path) -> list[int]:
    """The database servers whose data lie below a directory, from their own files."""
    files = directory.glob("*/*/postgresql/server/data/postmaster.pid")
    return [int(file.read_text().partition("\n")[0]) for file in files]


def is_running(process: int) -> bool:
    """Whether a process lives; one that ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def change_a_note(destination: Instance) -> None:
    """What somebody might do at the destination before it is exported again."""
    with destination.database.session() as session:
        first = select(func.min(Note.id)).where(Note.noteable_type == "Issue").scalar_subquery()
        session.execute(update(Note).where(Note.id == first).values(note=CHANGED))


@pytest.fixture(scope="module")
def changed(directory: Path) -> Outcome:
    """A small demonstration in which a note is changed between the import and the second export."""
    with Steps(Console(file=io.StringIO())) as steps:
        stage = Stage(
            directory=directory / "changed",
            seed=7,
            steps=steps,
            plan=COMPACT,
            before_second_export=change_a_note,
        )
        try:
            return stage.play()
        finally:
            shutil.rmtree(directory / "changed")


@pytest.fixture(scope="module")
def sound(changed: Outcome) -> Outcome:
    """The same with the change undone, as far as anybody can see."""
    same = tuple(replace(path, second=path.first, is_equal=True) for path in changed.comparison.paths)
    outcome = replace(changed, comparison=replace(changed.comparison, paths=same, findings=()))
    assert list(judgement.faults(outcome)) == []
    return outcome


def shown(outcome: Outcome, kept: Places | None = None) -> tuple[ExitStatus, str]:
    """The exit status and what is printed."""
    console = Console(file=io.StringIO(), width=150)
    status = report.show(console, outcome, {"Import": 1.0}, kept=kept)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue()


def test_a_difference_is_named_and_ends_it_non_zero(changed: Outcome) -> None:
    status, text = shown(changed)
    assert status == ExitStatus.DIFFERENT
    faults = [line for line in text.splitlines() if line.startswith("The second archive differs: ")]
    assert faults[:2] == [
        "The second archive differs: fill/first, issues: 4 records in the first, 4 in the second",
        "The second archive differs: fill/first, issues.notes: 26 records in the first, 26 in the second",
    ]
    (named,) = [line for line in faults if "`note` differs" in line]
    assert named.startswith("The second archive differs: fill/first, issues.notes: `note` differs (")
    assert named.endswith(f' / "{CHANGED}")')
    assert text.endswith("things are not as they should be.\n")
    assert re.search(r"^ *issues\.notes .* NO *$", text, re.MULTILINE)
    assert re.search(r"^ *issues\.timelogs .* yes *$", text, re.MULTILINE)


def test_where_everything_was_kept_is_said(sound: Outcome) -> None:
    status, text = shown(sound, Places(directory=Path("/kept")))
    assert status == ExitStatus.OK
    assert f"/kept/archive/{sound.prefix} " in text
    assert "offline-transfer tree --data-dir /kept/destination " in text


def test_a_record_that_is_not_in_the_archive_is_missed(sound: Outcome) -> None:
    entity = (PortableKind.PROJECT, "fill/first")
    less = {**sound.archive, entity: Counter(sound.archive[entity]) - Counter({"issues.notes": 1})}
    (fault,) = judgement.faults(replace(sound, archive=less))
    assert fault == (
        "The counts do not add up: fill/first, issues.notes: 26 at the source, 25 in the archive, 26 read, "
        "26 imported, skipped or failed"
    )


def test_a_relation_of_which_the_import_says_nothing_is_missed(sound: Outcome) -> None:
    rows = tuple(row for row in sound.imported.rows if (row.entity, row.path) != ("fill/inner", "badges"))
    (fault,) = judgement.faults(replace(sound, imported=replace(sound.imported, rows=rows)))
    assert fault == (
        "The counts do not add up: fill/inner, badges: 2 at the source, 2 in the archive, 0 read, "
        "0 imported, skipped or failed"
    )


def test_a_record_that_failed_is_named(sound: Outcome) -> None:
    failure: JsonObject = {"entity": "fill/first", "path": "issues.notes", "record": "iid 3", "message": "too long"}
    (fault,) = judgement.faults(replace(sound, imported=replace(sound.imported, failures=(failure,))))
    assert fault == "The import failed: fill/first, issues.notes (iid 3): too long"


def test_a_secret_is_found_wherever_it_lies(sound: Outcome) -> None:
    (fault,) = judgement.faults(replace(sound, marked=("2026/project_1/issues.ndjson.gz",)))
    assert fault == "A secret left in 2026/project_1/issues.ndjson.gz"
    mark = MARK.encode()
    assert has_mark([b"a" + mark[:3], mark[3:7], mark[7:] + b"b"])
    assert has_mark([mark, b"and more"])
    assert not has_mark([mark[:-1], b"", b"x"])
    assert not has_mark([])
