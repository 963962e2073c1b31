"""Objects that are what the manifest says, and cannot be imported: they fail alone, and nobody is told that all is well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.jobs import marker
from tests.acceptance.program import Instance, Program
from tests.unit.archive import raw_tar
from tests.unit.verify.archives import Draft

LABEL: Final = b'{"title":"%s","color":"#112233"}\n'
OTHERS: Final = "some of its records or files could not be imported"

REMARK: Final = (
    "Not everything arrived: the failures say what and why. `offline-transfer tree` names what is not whole.\n"
)

pytestmark = pytest.mark.usefixtures("workers_here")

Write = Callable[[Draft], None]


def written(directory: Path, write: Write) -> Path:
    """An archive of the group `top` with the project `app`, with a manifest that is right."""
    draft = Draft(directory)
    write(draft)
    return draft.complete().finish().path("")


def nothing(_draft: Draft) -> None:
    """No records at all."""


def labels(content: bytes) -> Write:
    """Labels of the project, line by line."""
    return lambda draft: draft.content("project_7/labels.ndjson.gz", content, {"labels": content.count(b"\n")})


def uploads(entry: bytes) -> Write:
    """Uploads of the project, as a tar made by hand."""
    return lambda draft: draft.content("project_7/uploads.tar.gz", entry + raw_tar.END, {"uploads": 1})


def imported(instance: Instance, archive: Path) -> Any:
    """What an import says that could not do everything."""
    outcome = instance.run("import", archive, "--all", "", "--json").ended(ExitStatus.WITH_FAILURES)
    assert outcome.err == REMARK
    return outcome.json


def counts(printed: Any, path: str) -> list[tuple[int, int, int, dict[str, int]]]:
    """Records at the source, imported, and failed with the reasons."""
    return [
        (row["source"], row["imported"], row["failed"], row["reasons"])
        for row in printed["relations"]
        if row["path"] == path
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"nonsense", "it is not JSON"),
        (b'["a"]', "it holds a list instead of an object"),
        (b'{"title":"\xff"}', "not valid UTF-8"),
        (b'{"title":', "it is not JSON"),
        (b'{"title":1e999}', ""),
        (b"[" * 200_000, ""),
    ],
    ids=["words", "list", "bytes", "cut", "number", "depth"],
)
def test_a_line_that_is_no_record_fails_alone_and_is_named(
    destination: Instance, tmp_path: Path, line: bytes, message: str
) -> None:
    printed = imported(destination, written(tmp_path, labels(LABEL % b"one" + line + b"\n" + LABEL % b"three")))
    assert counts(printed, "labels") == [(3, 2, 1, {"not_json": 1})]
    (failure,) = printed["failures"]
    assert (failure["entity"], failure["path"], failure["batch"], failure["line"]) == ("top/app", "labels", 1, 1)
    assert failure["message"].startswith("project_7/labels.ndjson.gz, line 2: ")
    assert message in failure["message"]
    assert destination.json("tree")["incomplete"] == [{"entity": "top/app", "import": 1, "problem": OTHERS}]


def test_a_line_longer_than_fifty_megabytes_fails_its_object(
    destination: Instance, program: Program, tmp_path: Path
) -> None:
    archive = written(tmp_path, labels(LABEL % b"one" + LABEL % (b"x" * (50 * 1024 * 1024)) + LABEL % b"three"))
    printed = imported(destination, archive)
    assert counts(printed, "labels") == [(3, 0, 3, {"object_damaged": 3})]
    (failure,) = printed["failures"]
    assert failure["message"] == (
        "project_7/labels.ndjson.gz has more than 52,428,800 bytes in one line. If you trust where"
        " it comes from, raise the limit `line_bytes`."
    )
    (finding,) = program.run("archive", "verify", archive, "--json").ended(ExitStatus.BAD_INPUT).json["findings"]
    assert finding["where"] == "project_7/labels.ndjson.gz"


def test_who_trusts_an_archive_may_raise_a_limit_or_lower_it(
    destination: Instance, program: Program, tmp_path: Path
) -> None:
    archive = written(tmp_path, labels(LABEL % (b"x" * 20_000)))
    strict = ("--limit", "line_bytes=10000", "--limit", "json_depth=9")
    refused = destination.run("import", archive, "--all", "", *strict, "--json").ended(ExitStatus.WITH_FAILURES)
    assert counts(refused.json, "labels") == [(1, 0, 1, {"object_damaged": 1})]
    program.run("archive", "verify", archive, *strict).ended(ExitStatus.BAD_INPUT)
    assert program.run("archive", "inspect", archive, "--limit", "metadata_bytes=10").ended(ExitStatus.BAD_INPUT)
    destination.run("import", archive, "--all", "", "--limit", "line_bytes=30000").ok()
    program.run("archive", "verify", archive, "--limit", "line_bytes=30000").ok()
    program.run("archive", "compare", archive, archive, "--limit", "line_bytes=30000").ok()


@pytest.mark.parametrize(
    "given", ["line_bytes", "line_bytes=", "line_bytes=-1", "line_bytes=0", "lines=5", "line_bytes=\u0663"]
)
def test_a_limit_that_is_none_is_refused_with_the_names_of_all(program: Program, given: str) -> None:
    message = program.run("archive", "verify", "/nowhere/x", "--limit", given).refused(ExitStatus.USAGE)
    assert message.startswith(
        f"`--limit {ascii(given)[1:-1]}` is not NAME=NUMBER with one of these names: object_bytes, "
    )


@pytest.mark.parametrize(
    ("entry", "member"),
    [
        (raw_tar.entry(b"../../../escaped", b"out"), "../../../escaped"),
        (raw_tar.entry(b"/escaped", b"out"), "/escaped"),
        (raw_tar.entry(b"link", kind=b"2", target=b"/etc/passwd"), "link"),
        (raw_tar.entry(b"link", kind=b"1", target=b"../../etc/passwd"), "link"),
        (raw_tar.entry(b"device", kind=b"3"), "device"),
        (raw_tar.entry(b"block", kind=b"4"), "block"),
        (raw_tar.entry(b"pipe", kind=b"6"), "pipe"),
        (raw_tar.entry(b"a\nb", b"out"), "a\\nb"),
    ],
    ids=["parent", "absolute", "symlink", "hardlink", "device", "block", "pipe", "newline"],
)
def test_a_tar_that_would_leave_its_directory_fails_as_a_whole(
    destination: Instance, program: Program, tmp_path: Path, entry: bytes, member: str
) -> None:
    archive = written(tmp_path / "archives", uploads(entry))
    around = sorted(tmp_path.glob("*"))
    printed = imported(destination, archive)
    assert counts(printed, "uploads") == [(1, 0, 1, {"object_damaged": 1})]
    (failure,) = printed["failures"]
    assert failure["message"].startswith("project_7/uploads.tar.gz holds a member that is refused, ")
    assert f"`{member}`" in failure["message"]
    assert destination.json("tree")["incomplete"] == [{"entity": "top/app", "import": 1, "problem": OTHERS}]
    # Nothing is where it does not belong: there is the instance, with an empty repository for each project and wiki, and its mark.
    assert sorted(path for path in tmp_path.glob("*") if path != destination.data_dir) == around
    assert [
        path for path in destination.data_dir.glob("*") if path.name not in ("repositories", "spool", marker.FILE)
    ] == []
    assert not Path("/escaped").exists()
    (finding,) = program.run("archive", "verify", archive, "--json").ended(ExitStatus.BAD_INPUT).json["findings"]
    assert finding["where"] == "project_7/uploads.tar.gz"


def test_a_bundle_that_git_refuses_fails_the_repository(destination: Instance, tmp_path: Path) -> None:
    archive = written(
        tmp_path,
        lambda draft: draft.files(
            "project_7/repository.tar.gz", {"repository.bundle": b"# v2 git bundle\nnonsense\n"}, count=3
        ),
    )
    printed = imported(destination, archive)
    assert counts(printed, "repository")[0][1:3] == (0, 3)
    assert destination.json("tree")["incomplete"] == [{"entity": "top/app", "import": 1, "problem": OTHERS}]
    assert list((destination.data_dir / "repositories").rglob("*.pack")) == []


def test_a_damaged_object_of_an_archive_without_a_manifest_fails_alone(destination: Instance, tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    labels(LABEL % b"one")(draft)
    draft.complete().finish_as_gitlab()
    key = draft.path("project_7/labels.ndjson.gz")
    content = key.read_bytes()
    key.write_bytes(content[:-6] + bytes([content[-6] ^ 1]) + content[-5:])
    printed = imported(destination, draft.path(""))
    assert counts(printed, "labels") == [(1, 0, 1, {"object_damaged": 1})]
    (failure,) = printed["failures"]
    assert failure["message"].startswith("project_7/labels.ndjson.gz is damaged: ")
    assert failure["message"].endswith("Copy it again from where it was exported, or export again.")


def test_a_group_without_attributes_takes_everything_in_it_along(destination: Instance, tmp_path: Path) -> None:
    def write(draft: Draft) -> None:
        draft.content("group_1/self.json.gz", b"nonsense", {"self": 1})
        draft.records("group_1/labels.ndjson.gz", [{"title": "a"}])
        draft.records("project_7/labels.ndjson.gz", [{"title": "b", "priorities": [{"priority": 1}]}, {"title": "c"}])

    message = destination.run("import", written(tmp_path, write), "--all", "").refused(ExitStatus.BAD_INPUT)
    why = "The attributes of top cannot be used: group_1/self.json.gz, line 1: "
    assert message.startswith(f"Import 1 failed: {why}")
    assert message.endswith(
        " `offline-transfer report 1` says what became of each group and project. Once the reason is out of the way,"
        " `offline-transfer import --resume 1` goes on."
    )
    printed = destination.run("report", 1).ok().json
    assert [(item["entity"], item["status"]) for item in printed["entities"]] == [
        ("top", "failed"),
        ("top/app", "failed"),
    ]
    assert [(row["entity"], row["path"], row["failed"], row["reasons"]) for row in printed["relations"]] == [
        ("top", "self", 1, {"invalid_value": 1}),
        ("top", "labels", 1, {"parent_failed": 1}),
        ("top/app", "self", 1, {"parent_failed": 1}),
        ("top/app", "labels", 2, {"parent_failed": 2}),
        ("top/app", "labels.priorities", 1, {"parent_failed": 1}),
    ]
    own, below = printed["failures"]
    assert (own["entity"], own["path"]) == ("top", "self")
    assert own["message"].startswith(why)
    assert own["message"].endswith("; export the relation again.")
    assert below == {"entity": "top/app", "path": "self", "message": "the group around it could not be imported"}
    assert destination.json("tree") == {"relations": [], "incomplete": []}


def test_a_project_that_could_not_be_made_is_a_gap_in_its_group(
    destination: Instance, program: Program, tmp_path: Path
) -> None:
    broken = written(
        tmp_path / "broken", lambda draft: draft.content("project_7/self.json.gz", b"nonsense", {"self": 1})
    )
    imported(destination, broken)
    (gap,) = destination.json("tree")["incomplete"]
    assert (gap["entity"], gap["import"]) == ("top", 1)
    assert gap["problem"].startswith("top/app is not in it: The attributes of top/app cannot be used: ")
    shown = destination.run("tree").ok()
    assert "NOT WHOLE" in shown.out
    # What leaves such a group is no more whole than it is, and the export says so.
    exported = destination.json("export", "top", "--to", tmp_path / "out")
    assert exported["incomplete"] == [gap]
    assert "NOT WHOLE" in destination.run("export", "top", "--to", tmp_path / "out").ok().out
    # Another attempt with a sound archive fills the gap.
    destination.run("import", written(tmp_path / "sound", nothing), "--entity", "top/app=top").ok()
    assert destination.json("tree")["incomplete"] == []


def test_what_a_project_below_another_group_lacks_is_not_told_of_this_one(
    destination: Instance, tmp_path: Path
) -> None:
    imported(destination, written(tmp_path / "one", labels(b"nonsense\n")))
    destination.run("import", written(tmp_path / "two", nothing), "--entity", "top=:sound").ok()
    assert destination.json("tree", "sound")["incomplete"] == []
    assert [gap["entity"] for gap in destination.json("tree", "top")["incomplete"]] == ["top/app"]
    assert [gap["entity"] for gap in destination.json("tree", "TOP/app/")["incomplete"]] == ["top/app"]


def test_names_of_an_archive_do_not_take_over_the_terminal(destination: Instance, tmp_path: Path) -> None:
    hostile = b'{"title":"\\u001b[2J[/red]","color":"#112233","priorities":[{"priority":{"a":1}}]}\n'
    archive = written(tmp_path, labels(hostile + b"[/blue] \x1b[2J\n"))
    outcome = destination.run("import", archive, "--all", "").ended(ExitStatus.WITH_FAILURES)
    assert "\x1b" not in outcome.out + outcome.err
    assert "Failed" in outcome.out
