"""Disks that are full, places that vanish, databases that cannot be reached: what is said, and what is left behind."""

import json
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from offline_transfer.cli.attended import Attendant, Attended
from offline_transfer.errors import ExitStatus
from offline_transfer.importing import create
from offline_transfer.importing.places import Reaching
from offline_transfer.importing.request import ImportRequest
from tests.acceptance.conftest import SMALL
from tests.acceptance.program import PROGRAM, SECONDS, Instance, Outcome, Program, environment_of
from tests.support.database import TestServer
from tests.unit.verify.archives import Draft

PASSWORD = "open-sesame"


def with_small_files(instance: Instance, limit: int, *words: object) -> Outcome:
    """The program where no file may grow beyond some bytes, which is how a full disk looks from inside."""
    ended = subprocess.run(
        [*PROGRAM, *map(str, words), "--data-dir", str(instance.data_dir)],
        # Python would leave what it compiles cut short, for all who come after.
        env=environment_of(**instance.environment, PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port at which nobody answers."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.mark.slow
def test_a_full_disk_leaves_no_archive_behind(own_source: Instance, program: Program, tmp_path: Path) -> None:
    hurried = own_source.having(OFFLINE_TRANSFER_RETRY_SECONDS="0.1")
    message = with_small_files(hurried, 3000, "export", "fill", "--to", tmp_path / "out").refused(ExitStatus.STORAGE)
    assert message.startswith("The export failed, and no archive was made: There is no room for ")
    (left,) = (tmp_path / "out").iterdir()
    assert message.endswith(
        "Free space there, raise its quota or limit on file sizes, or choose another place. Once the reason is out of the way,"
        f" `offline-transfer export --resume {left.name}` goes on; `offline-transfer archive delete` removes what was written"
        " below that prefix."
    )
    assert not (left / "metadata.json.gz").exists()
    program.run("archive", "inspect", left).refused(ExitStatus.NOT_FOUND)


def test_a_full_disk_leaves_no_part_of_a_dump_behind(source: Instance, tmp_path: Path) -> None:
    output = tmp_path / "app.tar.gz"
    message = with_small_files(source, 3000, "dump", "fill/app", "--output", output).refused(ExitStatus.STORAGE)
    assert "no room" in message or "cannot be written" in message
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_a_load(destination: Instance, tmp_path: Path) -> None:
    export = tmp_path / "project.json"
    export.write_text('{"labels": [' + ",".join(f'{{"title": "{number}"}}' for number in range(1000)) + "]}")
    before = destination.rows()
    message = with_small_files(destination, 3000, "load", export, "--namespace", "acme").refused(ExitStatus.STORAGE)
    assert "cannot be written: " in message
    assert destination.rows() == before


def test_a_full_temporary_directory_fails_what_does_not_fit_and_says_so(destination: Instance, tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    # It does not compress, so it is as large in the archive as it is here.
    content = Random(1).randbytes(9000)  # noqa: S311
    draft.files("project_7/uploads.tar.gz", {"0123456789abcdef0123456789abcdef/a.bin": content})
    archive = draft.complete().finish().path("")
    outcome = with_small_files(destination, 8000, "import", archive, "--all", "", "--json").ended(
        ExitStatus.WITH_FAILURES
    )
    assert any(
        "There is no room for project_7/uploads.tar.gz" in failure["message"] for failure in outcome.json["failures"]
    )
    assert [gap["entity"] for gap in destination.json("tree")["incomplete"]] == ["top/app"]


def test_a_full_data_directory_fails_the_repository_that_does_not_fit(destination: Instance, tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(SMALL, export)
    (export / "project.bundle").write_bytes(Random(1).randbytes(9000))  # noqa: S311
    outcome = with_small_files(destination, 8000, "load", export, "--namespace", "acme", "--json").ended(
        ExitStatus.WITH_FAILURES
    )
    spool = destination.data_dir / "spool"
    (message,) = [failure["message"] for failure in outcome.json["failures"] if failure["path"] == "repository"]
    assert message == (
        "project.bundle: There is no room for repository.bundle in `spool` in the data directory. Free some space there, or raise "
        "its quota or limit on file sizes, and import again."
    )
    assert list(spool.iterdir()) == []
    assert [gap["entity"] for gap in destination.json("tree")["incomplete"]] == ["acme/export"]


@pytest.mark.parametrize(("place", "problem"), [("file", "is not a directory"), ("file/below", "Not a directory")])
def test_a_place_that_is_no_directory_is_refused_before_anything_is_read(
    source: Instance, tmp_path: Path, place: str, problem: str
) -> None:
    (tmp_path / "file").write_text("mine")
    message = source.run("export", "fill", "--to", tmp_path / place).refused(ExitStatus.STORAGE)
    assert message.startswith(f"Unable to access object storage bucket. {tmp_path / place} ")
    assert problem in message
    assert (tmp_path / "file").read_text() == "mine"


def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    program: Program, archive: Path, tmp_path: Path
) -> None:
    with nobody_listens() as port:
        address = f"postgresql://ali:{PASSWORD}@127.0.0.1:{port}/treasure"
        for words in (
            ["tree"],
            ["export", "fill", "--to", tmp_path / "out"],
            ["import", archive, "--all", ""],
            ["load", SMALL, "--namespace", "a"],
            ["dump", "fill", "--output", tmp_path / "x.tar.gz"],
            ["db", "migrate"],
        ):
            instance = Instance(program, tmp_path / "data", {"DATABASE_URL": address})
            message = instance.run(*words).refused(ExitStatus.DATABASE)
            assert message.startswith(f"The database `treasure` on 127.0.0.1:{port} cannot be reached: ")
            assert message.endswith(
                "Check that it runs and that DATABASE_URL has the right host, user and password, or unset DATABASE_URL to use the"
                " embedded one."
            )
            assert PASSWORD not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", [f"postgresql://ali:{PASSWORD}@127.0.0.1:x/treasure", f"mysql://ali:{PASSWORD}@127.0.0.1/treasure"]
)
def test_an_address_that_is_none_is_refused_without_its_password(
    program: Program, tmp_path: Path, address: str
) -> None:
    outcome = program.run("tree", "--data-dir", tmp_path, environment={"DATABASE_URL": address})
    assert outcome.ended(ExitStatus.DATABASE).out == ""
    assert PASSWORD not in outcome.err


def test_a_wrong_password_is_refused_without_being_repeated(
    program: Program, database_url: str, tmp_path: Path
) -> None:
    parameters = conninfo_to_dict(database_url)
    name, host = parameters["dbname"], parameters["host"]
    address = f"host={host} port={parameters.get('port', 5432)} dbname={name} user=nobody password={PASSWORD}"
    outcome = program.run("tree", "--data-dir", tmp_path, environment={"DATABASE_URL": address})
    assert outcome.ended(ExitStatus.DATABASE).out == ""
    assert f"The database `{name}` on " in outcome.err
    assert PASSWORD not in outcome.err


def test_a_database_that_goes_away_ends_the_command_in_one_line(
    own_source: Instance, database_server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(conninfo_to_dict(own_source.environment["DATABASE_URL"])["dbname"])

    def drop(self: Attendant, attended: Attended) -> None:
        with psycopg.connect(database_server.url, autocommit=True) as administrator:
            administrator.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
            administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        attend(self, attended)

    attend = Attendant.attend
    monkeypatch.setattr(Attendant, "attend", drop)
    message = own_source.run("export", "fill", "--to", tmp_path / "out").refused(ExitStatus.DATABASE)
    assert message.startswith("The database broke off: ")
    assert message.endswith(". Check that it runs and has room, then run the command again.")


def test_a_data_directory_that_cannot_be_made_is_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = program.run("tree", "--data-dir", tmp_path / "file")
    assert outcome.ended(ExitStatus.DATABASE).out == ""
    assert f"{tmp_path / 'file'}" in outcome.err


@pytest.mark.slow
def test_a_destination_that_is_removed_meanwhile_fails_the_import(
    destination: Instance, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination.run("load", SMALL, "--namespace", "place/inner").ok()
    take_on = create.create_checked_import

    def take_on_and_remove_the_group(context: Reaching, request: ImportRequest, watch: Callable[[], None]) -> int:
        bulk_import_id = take_on(context, request, watch)
        with psycopg.connect(destination.environment["DATABASE_URL"]) as connection:
            connection.execute("UPDATE routes SET path = 'gone' WHERE path = 'place'")
        return bulk_import_id

    monkeypatch.setattr(create, "create_checked_import", take_on_and_remove_the_group)
    words = ("import", archive, "--entity", "fill/inner=place")
    assert destination.run(*words).refused(ExitStatus.BAD_INPUT) == (
        "Import 2 failed: There is no group `place` to import into. Create it first, or name another destination."
        " `offline-transfer report 2` says what became of each group and project. Once the reason is out of the way,"
        " `offline-transfer import --resume 2` goes on."
    )
    told = json.loads(destination.run("report", 2).ok().out)
    assert [item["status"] for item in told["entities"]] == ["failed", "failed"]
    printed = destination.json("import", "--resume", 2, status=ExitStatus.BAD_INPUT)
    assert printed["error"]["code"] == "import_failed"
    with psycopg.connect(destination.environment["DATABASE_URL"]) as connection:
        connection.execute("UPDATE routes SET path = 'place' WHERE path = 'gone'")
    printed = destination.json("import", "--resume", 2)
    assert [item["status"] for item in printed["entities"]] == ["finished", "finished"]
