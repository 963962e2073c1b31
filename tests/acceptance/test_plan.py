"""`plan`: what an import would do, and the file in which people change that."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import Prepared
from tests.acceptance.program import Instance, Program
from tests.support.environment import REPOSITORY

pytestmark = pytest.mark.usefixtures("workers_here")


@pytest.fixture
def settled_instance(settled: Prepared, program: Program) -> Instance:
    """The settled instance, to be read only."""
    return settled.shared(program)


def test_a_plan_says_where_everything_would_go_and_writes_nothing(settled_instance: Instance, archive: Path) -> None:
    before = settled_instance.rows()
    planned = settled_instance.json("plan", archive, "--entity", "fill=place:inner", "--entity", "fill/app=place")
    assert [(item["entity"], item["destination"]) for item in planned["entities"]] == [
        ("fill", "place/inner_1"),
        ("fill/inner", "place/inner_1/inner"),
        ("fill/inner/empty", "place/inner_1/inner/empty"),
        ("fill/app", "place/app"),
    ]
    assert planned["blockers"] == []
    assert [item["kind"] for item in planned["warnings"]][:2] == ["unsigned", "taken_path"]
    assert settled_instance.rows() == before


def test_a_plan_that_cannot_be_carried_out_ends_with_10(settled_instance: Instance, archive: Path) -> None:
    outcome = settled_instance.run("plan", archive, "--all", "nowhere").ended(ExitStatus.BLOCKED)
    assert "There is no group `nowhere` to import into." in outcome.out
    assert outcome.err.splitlines() == ["This would not be imported as it is: the blockers say why."]
    assert outcome.status == 10


@pytest.mark.parametrize("words", [(), ("--all", "", "--entity", "fill=")])
def test_one_way_to_say_what_to_import_is_needed(
    settled_instance: Instance, archive: Path, words: tuple[str, ...]
) -> None:
    message = settled_instance.run("plan", archive, *words).refused(ExitStatus.USAGE)
    assert message == "Say what to import: one of --entity, --all and --plan. See `offline-transfer --help`."


def test_a_plan_file_can_be_edited_and_looked_at(settled_instance: Instance, archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    settled_instance.run("plan", archive, "--all", "place", "--output", file).ok()
    text = file.read_text()
    assert '  - entity: "fill/inner"\n    namespace: null\n    slug: "inner"\n    skip: false\n' in text
    file.write_text(
        text.replace('namespace: null\n    slug: "inner"', 'namespace: "place/inner"\n    slug: "moved"').replace(
            'slug: "app"\n    skip: false', 'slug: "app"\n    skip: true'
        )
    )
    planned = settled_instance.json("plan", archive, "--plan", file)
    assert [(item["entity"], item["destination"], item["skip"]) for item in planned["entities"]] == [
        ("fill", "place/fill", False),
        ("fill/app", None, True),
        ("fill/inner", "place/inner/moved", False),
        ("fill/inner/empty", "place/inner/moved/empty", False),
    ]
    message = settled_instance.run("plan", archive, "--all", "", "--output", file).refused(ExitStatus.CONFLICT)
    assert message == f"{file} exists already, and somebody may have edited it. Remove it, or name another file."


def test_what_shall_not_come_is_left_out_of_the_plan_and_of_its_file(
    settled_instance: Instance, archive: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yml"
    words = ("--all", "place", "--no-projects", "--no-memberships", "--skip", "epics")
    planned = settled_instance.json("plan", archive, *words, "--output", file)
    assert [(item["entity"], item["skip"], item["skip_relations"]) for item in planned["entities"]] == [
        ("fill", False, ["epics", "members", "project_members"]),
        ("fill/app", True, []),
        ("fill/inner", False, []),
        ("fill/inner/empty", True, []),
    ]
    assert come(planned).isdisjoint({"epics", "members", "repository"})
    again = settled_instance.json("plan", archive, "--plan", file)
    assert again["entities"] == planned["entities"]
    assert come(again) > come(settled_instance.json("plan", archive, "--plan", file, "--skip", "labels"))


def come(plan: dict[str, Any]) -> set[str]:
    """The relations of what would come."""
    entities = [entity for entity in plan["entities"] if not entity["skip"]]
    relations = [relation for entity in entities for relation in entity["relations"]]
    return {item["relation"] for item in relations if item["presence"] != "skipped"}


def test_an_import_follows_the_file(settled: Prepared, program: Program, archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    with settled.copied(program, tmp_path / "instance") as instance:
        # The path of the group is taken meanwhile, so that all below it goes elsewhere than the plan says.
        instance.run("plan", archive, "--entity", "fill=place:outer", "--output", file).ok()
        edit(file, "fill/inner", slug="renamed", skip_relations="[uploads, epics]")
        edit(file, "fill/inner/empty", namespace='"place/inner"')
        edit(file, "fill/app", skip="true")
        instance.run("import", archive, "--entity", "fill/inner/empty=place:outer").ok()
        imported = instance.json("import", archive, "--plan", file)
        assert [(item["entity"], item["destination"], item["status"]) for item in imported["entities"]] == [
            ("fill", "place/outer_1", "finished"),
            ("fill/inner/empty", "place/inner/empty", "finished"),
            ("fill/inner", "place/outer_1/renamed", "finished"),
        ]
        here = {(row["entity"], row["path"]) for row in instance.json("tree")["relations"]}
    assert {entity for entity, _ in here if entity.startswith("place/outer_1")} == {
        "place/outer_1",
        "place/outer_1/renamed",
    }
    assert ("place/outer_1", "epics") in here
    assert ("place/outer_1/renamed", "epics") not in here
    assert ("place/outer_1/renamed", "labels") in here


def test_the_plan_of_another_archive_is_not_followed(
    source: Instance, destination: Instance, archive: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yml"
    destination.run("plan", archive, "--all", "", "--output", file).ok()
    other = tmp_path / source.json("export", "fill", "--to", tmp_path)["export_prefix"]
    message = destination.run("import", other, "--plan", file).refused(ExitStatus.BAD_INPUT)
    assert message == (
        f"{file} is the plan of another archive, {archive.name}, and not of {other}. Make a plan of this one."
    )
    assert destination.paths() == []


def test_the_howto_says_what_works(
    settled: Prepared, source: Instance, program: Program, archive: Path, tmp_path: Path
) -> None:
    page = (REPOSITORY / "docs" / "howto" / "plan.md").read_text("utf-8")
    commands = re.findall(r"^offline-transfer (.+)$", page, re.MULTILINE)
    with settled.copied(program, tmp_path / "destination") as destination:
        for command in commands:
            said = command.replace("/tmp", str(tmp_path))
            words = shlex.split(said.replace("/media/disk/2026-04-16_19-39-00_export_dJtnb3CV", str(archive)))
            data_dir = words.index("--data-dir")
            instance = source if words[data_dir + 1] == str(tmp_path / "source") else destination
            instance.run(*words[:data_dir]).ok()
        assert "place/fill/app" in destination.paths()
    assert [command.split()[0] for command in commands] == ["plan", "plan", "plan", "import", "profile", "export"]
    entry = re.search(r"```yaml\n(.+?)```", page, re.DOTALL)
    assert entry is not None
    assert entry[1] in (tmp_path / "plan.yml").read_text()


def edit(file: Path, entity: str, **values: str) -> None:
    """Change an entry of a plan file, as somebody would in an editor."""
    before, found, after = file.read_text().partition(f'- entity: "{entity}"\n')
    assert found
    entry, dash, rest = after.partition("  # ")
    for name, value in values.items():
        entry, count = re.subn(rf"^    {name}: .*$", f"    {name}: {value}", entry, flags=re.MULTILINE)
        assert count == 1
    file.write_text(before + found + entry + dash + rest)


def test_a_destination_says_what_it_takes_and_an_export_heeds_it(
    source: Instance, destination: Instance, tmp_path: Path
) -> None:
    destination.run("settings", "set", "max_decompressed_archive_size", "1").ok()
    profile = tmp_path / "profile.json"
    destination.run("profile", "--output", profile).ok()
    assert destination.run("profile").ok().json == json.loads(profile.read_bytes())
    words = ("export", "fill/inner", "--to", tmp_path / "archives", "--check-against", profile)
    assert source.json(*words)["refused"] == []

    demanding = {**json.loads(profile.read_bytes()), "signature_policy": "signed"}
    profile.write_text(json.dumps(demanding))
    outcome = source.run(*words).ended(ExitStatus.BLOCKED)
    assert "the destination takes signed archives alone: sign it with `--sign FILE`" in outcome.out
    assert outcome.err.splitlines() == ["The destination would refuse this archive. Nothing was exported."]
    assert len(list((tmp_path / "archives").iterdir())) == 1


def test_what_became_too_large_is_told_with_the_archive(
    source: Instance, destination: Instance, tmp_path: Path
) -> None:
    narrow = {**destination.run("profile").ok().json, "largest_content": 2000}
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(narrow))
    words = ("export", "fill/app", "--skip", "uploads", "--skip", "lfs_objects", "--to", tmp_path / "archives")
    exported = source.json(*words, "--check-against", profile, status=ExitStatus.BLOCKED)
    assert {item["kind"] for item in exported["refused"]} == {"content_too_large"}
    assert (tmp_path / "archives" / exported["export_prefix"] / "metadata.json.gz").exists()
