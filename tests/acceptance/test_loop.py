"""Everything in its course: load, tree, export, import, export, compare, dump; and what each command prints."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import NESTED, SMALL, MakeInstance
from tests.acceptance.program import Instance, Outcome, Program

pytestmark = pytest.mark.usefixtures("workers_here")

COUNTS: Final = ["entity", "path", "source", "imported", "skipped", "failed", "reasons"]
PREFIX: Final = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_export_[0-9A-Za-z]{8}")


def unbalanced(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that do not account for every record."""
    return [
        row
        for row in rows
        if row["source"] != row["imported"] + row["skipped"] + row["failed"]
        or row["skipped"] + row["failed"] != sum(row["reasons"].values())
    ]


def records(rows: Iterable[Mapping[str, Any]], name: str) -> dict[tuple[str, str], int]:
    """Entity and path to a number; what an export computes besides is left out."""
    return {
        (row["entity"], row["path"]): row[name] for row in rows if row["path"] != "user_contributions" and row[name]
    }


def lost(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows in which something was left out, less the refs that GitLab keeps for itself and makes again."""
    return [row for row in rows if row["failed"] or set(row["reasons"]) - {"internal_ref"}]


def assert_silent(outcome: Outcome) -> None:
    """Where nobody watches there is no progress, and nothing else went wrong."""
    assert outcome.err == ""


def test_a_group_leaves_one_instance_and_enters_another_and_nothing_is_lost(
    source: Instance, destination: Instance, program: Program, tmp_path: Path
) -> None:
    exported = source.run("export", "fill", "--to", tmp_path / "first", "--json").ok()
    assert_silent(exported)
    assert sorted(exported.json) == ["export_prefix", "failures", "incomplete", "relations"]
    rows = exported.json["relations"]
    assert [list(row) for row in rows] == [COUNTS] * len(rows)
    assert unbalanced(rows) == []
    assert (exported.json["failures"], exported.json["incomplete"]) == ([], [])
    assert PREFIX.fullmatch(exported.json["export_prefix"])
    assert {row["entity"] for row in rows} == {"fill", "fill/app", "fill/inner", "fill/inner/empty"}
    assert {"issues", "issues.notes", "issues.notes.award_emoji"} <= {row["path"] for row in rows}
    archive = tmp_path / "first" / exported.json["export_prefix"]

    imported = destination.run("import", archive, "--all", "", "--json").ok()
    assert_silent(imported)
    rows = imported.json["relations"]
    assert [list(row) for row in rows] == [COUNTS] * len(rows)
    assert unbalanced(rows) == []
    assert lost(rows) == []
    assert imported.json["failures"] == imported.json["gaps"] == []
    assert records(rows, "source") == records(exported.json["relations"], "imported")
    assert [(item["entity"], item["destination"], item["status"]) for item in imported.json["entities"]] == [
        (path, path, "finished") for path in ("fill", "fill/app", "fill/inner", "fill/inner/empty")
    ]

    there, here = source.json("tree", "fill"), destination.json("tree")
    assert list(there) == ["relations", "incomplete"]
    assert list(there["relations"][0]) == ["entity", "path", "records"]
    assert records(there["relations"], "records") == records(rows, "source")
    assert records(here["relations"], "records") == records(rows, "imported")

    again = destination.json("export", "fill", "--to", tmp_path / "second")
    compared = program.run("archive", "compare", archive, tmp_path / "second" / again["export_prefix"], "--json").ok()
    assert_silent(compared)
    assert (compared.json["equal"], compared.json["findings"]) == (True, [])


@pytest.mark.slow
def test_an_archive_enters_the_instance_it_left_twice_under_another_namespace(
    own_source: Instance, program: Program, archive: Path, tmp_path: Path
) -> None:
    own_source.run("load", NESTED, "--namespace", "", "--path", "elsewhere").ok()
    for _ in range(2):
        imported = own_source.json("import", archive, "--entity", "fill=elsewhere")
        assert lost(imported["relations"]) == []
    assert [path for path in own_source.paths() if path.startswith("elsewhere/fill")] == [
        "elsewhere/fill",
        "elsewhere/fill/app",
        "elsewhere/fill/inner",
        "elsewhere/fill/inner/empty",
        "elsewhere/fill_1",
        "elsewhere/fill_1/app",
        "elsewhere/fill_1/inner",
        "elsewhere/fill_1/inner/empty",
    ]
    for slug in ("fill", "fill_1"):
        exported = own_source.json("export", f"elsewhere/{slug}", "--to", tmp_path / slug)
        second = tmp_path / slug / exported["export_prefix"]
        compared = program.run("archive", "compare", archive, second, "--map", f"fill=elsewhere/{slug}", "--json")
        assert compared.ok().json["findings"] == []


def test_a_file_based_export_is_loaded_dumped_and_loaded_again(
    destination: Instance, make_instance: MakeInstance, tmp_path: Path
) -> None:
    loaded = destination.run("load", SMALL, "--namespace", "acme/tools", "--path", "kettle", "--json").ok()
    rows = loaded.json["relations"]
    assert [list(row) for row in rows] == [COUNTS] * len(rows)
    assert unbalanced(rows) == []
    assert destination.paths() == ["acme", "acme/tools", "acme/tools/kettle"]
    dumped = destination.json("dump", "acme/tools/kettle", "--output", tmp_path / "kettle.tar.gz")
    assert sorted(dumped) == ["file", "gaps", "left_out", "relations"]
    assert dumped["file"] == str(tmp_path / "kettle.tar.gz")
    other = make_instance("other")
    again = other.json("load", tmp_path / "kettle.tar.gz", "--namespace", "acme/tools", "--path", "kettle")
    assert unbalanced(again["relations"]) == []
    tree = destination.json("tree", "acme/tools/kettle")["relations"]
    assert other.json("tree", "acme/tools/kettle")["relations"] == tree
    assert records(dumped["relations"], "records") == records(tree, "records")


def test_groups_are_loaded_at_the_root_and_dumped(destination: Instance, tmp_path: Path) -> None:
    destination.run("load", NESTED, "--namespace", "").ok()
    dumped = destination.run("dump", destination.paths()[0], "--output", tmp_path / "groups.tar.gz").ok()
    assert dumped.err == f"Wrote {tmp_path / 'groups.tar.gz'}\n"
    assert "Dumped" in dumped.out


def test_a_dump_of_a_group_names_the_projects_that_it_leaves_out(source: Instance, tmp_path: Path) -> None:
    dumped = source.run("dump", "fill", "--output", tmp_path / "fill.tar.gz").ok()
    assert dumped.err.splitlines() == [
        "A dump of a group holds no projects: dump fill/app by itself.",
        "A dump of a group holds no projects: dump fill/inner/empty by itself.",
        f"Wrote {tmp_path / 'fill.tar.gz'}",
    ]


def test_without_json_there_are_tables_and_the_prefix_comes_last(
    source: Instance, destination: Instance, tmp_path: Path
) -> None:
    exported = source.run("export", "fill/inner", "--to", tmp_path).ok()
    assert_silent(exported)
    prefix = exported.out.splitlines()[-1]
    assert PREFIX.fullmatch(prefix)
    imported = destination.run("import", tmp_path / prefix, "--all", "").ok()
    assert_silent(imported)
    for words in ("Imported", "Where it went", "fill/inner/empty", "finished"):
        assert words in imported.out
    shown = destination.run("tree").ok()
    assert_silent(shown)
    assert "Groups and projects" in shown.out
    assert "NOT WHOLE" not in shown.out


def test_tree_shows_one_group_or_all(source: Instance) -> None:
    everything = source.json("tree")["relations"]
    inner = source.json("tree", "FILL/inner")["relations"]
    assert inner == [row for row in everything if row["entity"].startswith("fill/inner")]
    assert {row["entity"] for row in inner} == {"fill/inner", "fill/inner/empty"}


def test_an_archive_is_inspected_and_verified_without_an_instance(program: Program, archive: Path) -> None:
    inspected = program.run("archive", "inspect", archive, "--json").ok()
    assert_silent(inspected)
    assert inspected.json["has_manifest"] is True
    assert list(inspected.json["entities_mapping"]) == ["fill", "fill/inner", "fill/app", "fill/inner/empty"]
    assert {row["entity"] for row in inspected.json["relations"]} == set(inspected.json["entities_mapping"])
    verified = program.run("archive", "verify", archive, "--json").ok()
    assert_silent(verified)
    assert verified.json == {
        "valid": True,
        "encrypted": False,
        "opened": True,
        "signature": "unsigned",
        "signed_by": None,
        "findings": [],
    }
    shown = program.run("archive", "verify", archive).ok()
    assert shown.out == ""
    assert shown.err == "It is not encrypted. It is not signed.\nThe archive is as its manifest says.\n"
    assert "Relations" in program.run("archive", "inspect", archive).ok().out


def test_an_archive_behind_a_link_and_a_file_url_is_the_same_archive(
    program: Program, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "latest").symlink_to(archive)
    for place in (tmp_path / "latest", f"{archive}/", archive.as_uri()):
        assert program.run("archive", "inspect", place, "--json").ok().json["export_prefix"] == archive.name


def test_archives_that_differ_end_with_status_7_and_say_where(
    own_source: Instance, program: Program, archive: Path, tmp_path: Path
) -> None:
    exported = own_source.json("export", "fill/inner", "--to", tmp_path)
    second = tmp_path / exported["export_prefix"]
    compared = program.run("archive", "compare", archive, second, "--json").ended(ExitStatus.DIFFERENT)
    assert compared.json["equal"] is False
    assert {"kind", "reason"} <= set(compared.json["findings"][0])
    shown = program.run("archive", "compare", archive, second).ended(ExitStatus.DIFFERENT)
    assert shown.err == "The archives differ.\n"
    assert "only_in_first" in shown.out


def test_the_schema_of_a_relation_accepts_the_name_that_errors_use(program: Program) -> None:
    every = program.run("archive", "schema").ok().json
    assert sorted(every) == ["group", "project"]
    assert program.run("archive", "schema", "project.issues").ok().json == every["project"]["issues"]
    assert "nonsense" in program.run("archive", "schema", "nonsense").refused(ExitStatus.NOT_FOUND)


def test_fixtures_become_trees_and_documents_again(program: Program, tmp_path: Path) -> None:
    document = tmp_path / "project.json"
    assert program.run("fixtures", "to-json", SMALL, document, "--json").ok().json == {"file": str(document)}
    made = program.run("fixtures", "to-tree", document, tmp_path / "made", "--json").ok()
    assert made.json == {"tree": str(tmp_path / "made")}
    program.run("fixtures", "to-json", tmp_path / "made", tmp_path / "again.json").ok()
    assert (tmp_path / "again.json").read_bytes() == document.read_bytes()
