"""Which parts of an archive go where."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import NESTED, SMALL, MakeInstance, Prepared
from tests.acceptance.program import Instance, Program
from tests.acceptance.test_loop import unbalanced

pytestmark = pytest.mark.usefixtures("workers_here")

NO_GROUP = (
    "A project needs a group to stand in, and none is named for {}. Name one with `--entity SOURCE=NAMESPACE`, or one for all that"
    " comes with `--all NAMESPACE`."
)


@pytest.fixture
def own_settled(settled: Prepared, program: Program, tmp_path: Path) -> Iterator[Instance]:
    """A copy of the settled instance, to be changed."""
    with settled.copied(program, tmp_path / "own-settled") as instance:
        yield instance


def test_several_entities_go_each_to_its_own_place(own_settled: Instance, archive: Path) -> None:
    imported = own_settled.json(
        "import", archive, "--entity", "fill/app=place:renamed", "--entity", "FILL/inner/=/place/INNER/"
    )
    assert unbalanced(imported["relations"]) == []
    assert imported["entities"] == [
        {"entity": "fill/app", "destination": "place/renamed", "status": "finished", "error": None},
        {"entity": "fill/inner", "destination": "place/INNER/inner", "status": "finished", "error": None},
        {"entity": "fill/inner/empty", "destination": "place/inner/inner/empty", "status": "finished", "error": None},
    ]
    assert [path for path in own_settled.paths() if path.startswith("place")] == [
        "place",
        "place/inner",
        "place/inner/app",
        "place/inner/inner",
        "place/inner/inner/empty",
        "place/renamed",
    ]


def test_a_group_goes_to_the_root_under_another_name(destination: Instance, archive: Path) -> None:
    destination.run("import", archive, "--entity", "fill/inner=:moved").ok()
    assert destination.paths() == ["moved", "moved/empty"]


def test_what_is_taken_gets_a_number_and_the_result_says_so(own_settled: Instance, archive: Path) -> None:
    imported = own_settled.json("import", archive, "--entity", "fill/inner/empty=place/inner:app")
    assert [item["destination"] for item in imported["entities"]] == ["place/inner/app_1"]
    assert "place/inner/app_1" in own_settled.paths()


def test_everything_goes_into_one_group(own_settled: Instance, source: Instance, tmp_path: Path) -> None:
    exported = source.json("export", "fill/inner", "--to", tmp_path)
    own_settled.run("import", tmp_path / exported["export_prefix"], "--all", "place").ok()
    assert [path for path in own_settled.paths() if path.startswith("place/inner_1")] == [
        "place/inner_1",
        "place/inner_1/empty",
    ]


@pytest.fixture
def without_group(source: Instance, tmp_path: Path) -> Path:
    """An archive of two projects whose groups are not in it, and of a group with one of its own."""
    exported = source.json("export", "fill/app", "fill/inner", "--to", tmp_path)
    return tmp_path / str(exported["export_prefix"])


def test_all_brings_projects_without_their_groups_too(own_settled: Instance, without_group: Path) -> None:
    imported = own_settled.json("import", without_group, "--all", "place")
    assert imported["entities"] == [
        {"entity": "fill/inner", "destination": "place/inner_1", "status": "finished", "error": None},
        {"entity": "fill/app", "destination": "place/app", "status": "finished", "error": None},
        {"entity": "fill/inner/empty", "destination": "place/inner_1/empty", "status": "finished", "error": None},
    ]


def test_projects_without_their_groups_have_no_place_at_the_root(
    source: Instance, destination: Instance, tmp_path: Path
) -> None:
    exported = source.json("export", "fill/app", "fill/inner/empty", "--to", tmp_path)
    archive = tmp_path / str(exported["export_prefix"])
    message = destination.run("import", archive, "--all", "").refused(ExitStatus.USAGE)
    assert message == NO_GROUP.format("`fill/app`, `fill/inner/empty`")
    assert destination.run("import", archive, "--all", "", "--no-projects").refused(ExitStatus.BAD_INPUT) == (
        f"The archive at {archive} holds nothing that is wanted: no group, and no project but those that shall stay away."
    )
    assert destination.paths() == []


def test_a_plan_says_of_each_what_has_no_place_and_can_be_changed(
    destination: Instance, without_group: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yml"
    planned = destination.run("plan", without_group, "--all", "", "--output", file, "--json")
    assert planned.status == ExitStatus.BLOCKED
    assert json.loads(planned.out)["blockers"] == [
        {"kind": "project_at_root", "entity": "fill/app", "message": NO_GROUP.format("`fill/app`")}
    ]
    assert destination.run("import", without_group, "--all", "").refused(ExitStatus.USAGE) == NO_GROUP.format(
        "`fill/app`"
    )
    destination.run("import", without_group, "--all", "", "--no-projects").ok()
    assert destination.paths() == ["inner"]
    changed = file.read_text().replace(
        '- entity: "fill/app"\n    namespace: ""', '- entity: "fill/app"\n    namespace: "inner"'
    )
    file.write_text(changed)
    imported = destination.json("import", without_group, "--plan", file)
    assert [(item["entity"], item["destination"]) for item in imported["entities"]] == [
        ("fill/inner", "inner_1"),
        ("fill/app", "inner/app"),
        ("fill/inner/empty", "inner_1/empty"),
    ]


def test_community_edition_leaves_out_what_is_marked_and_says_so(destination: Instance, archive: Path) -> None:
    community = destination.having(OFFLINE_TRANSFER_EDITION="ce")
    imported = community.json("import", archive, "--all", "")
    rows = imported["relations"]
    assert unbalanced(rows) == []
    left_out = {(row["entity"], row["path"]): row["imported"] for row in rows if "edition" in row["reasons"]}
    assert {
        ("fill", "epics"),
        ("fill", "wiki"),
        ("fill/app", "vulnerabilities"),
        ("fill/app", "issues.epic_issue"),
    } <= set(left_out)
    assert set(left_out.values()) == {0}
    here = {(row["entity"], row["path"]) for row in community.json("tree")["relations"]}
    assert here & set(left_out) == set()
    # Nothing is written of what hangs below a record that was left out, and it counts too.
    below = {(row["entity"], row["path"]) for row in rows if row["reasons"] == {"parent_skipped": row["source"]}}
    assert ("fill", "epics.notes.award_emoji") in below
    assert here & below == set()


def test_what_community_edition_brought_is_a_gap_nowhere(
    source: Instance, destination: Instance, tmp_path: Path
) -> None:
    exported = source.having(OFFLINE_TRANSFER_EDITION="ce").json("export", "fill", "--to", tmp_path)
    assert "epics" not in {row["path"] for row in exported["relations"]}
    imported = destination.having(OFFLINE_TRANSFER_EDITION="ce").json(
        "import", tmp_path / exported["export_prefix"], "--all", ""
    )
    assert imported["gaps"] == []


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["--entity", "fill/nothing=place"],
            ExitStatus.NOT_FOUND,
            "The archive holds no `fill/nothing`. It holds: fill, fill/inner, fill/app, fill/inner/empty.",
        ),
        (
            ["--entity", "fill=nowhere"],
            ExitStatus.NOT_FOUND,
            "There is no group `nowhere` to import into. Create it first, or name another destination.",
        ),
        (
            ["--entity", "fill/app=place", "--entity", "fill/inner=place/inner/app"],
            ExitStatus.NOT_FOUND,
            "There is no group `place/inner/app` to import into. Create it first, or name another destination.",
        ),
        (
            ["--all", "nowhere"],
            ExitStatus.NOT_FOUND,
            "There is no group `nowhere` to import into. Create it first, or name another destination.",
        ),
        (
            ["--entity", "fill/app="],
            ExitStatus.USAGE,
            NO_GROUP.format("`fill/app`"),
        ),
        (
            ["--entity", "fill=place:a b"],
            ExitStatus.BAD_INPUT,
            "`a b` cannot be a path of a group or project: a path is made of letters, digits, `_`, `-` and `.`. Choose another with"
            " `--entity SOURCE=NAMESPACE:SLUG`.",
        ),
        (["--entity", "fill"], ExitStatus.USAGE, "`--entity fill` is not SOURCE=NAMESPACE or SOURCE=NAMESPACE:SLUG."),
        (
            ["--entity", "=place"],
            ExitStatus.USAGE,
            "`--entity =place` is not SOURCE=NAMESPACE or SOURCE=NAMESPACE:SLUG.",
        ),
        (
            ["--entity", "fill=p:"],
            ExitStatus.USAGE,
            "`--entity fill=p:` is not SOURCE=NAMESPACE or SOURCE=NAMESPACE:SLUG.",
        ),
        (
            [],
            ExitStatus.USAGE,
            "Say what to import: one of --entity, --all and --plan. See `offline-transfer --help`.",
        ),
        (
            ["--all", "", "--entity", "fill=place"],
            ExitStatus.USAGE,
            "Say what to import: one of --entity, --all and --plan. See `offline-transfer --help`.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    settled: Prepared, program: Program, archive: Path, words: list[str], status: ExitStatus, message: str
) -> None:
    instance = settled.shared(program)
    before = instance.rows()
    assert instance.run("import", archive, *words).refused(status) == message
    assert instance.rows() == before


def test_an_export_names_every_path_that_it_does_not_find(source: Instance, tmp_path: Path) -> None:
    message = source.run("export", "fill", "nothing", "fill/none", "--to", tmp_path / "out").refused(
        ExitStatus.NOT_FOUND
    )
    assert message == (
        "There is no group or project `fill/none`, `nothing` in this instance. `offline-transfer tree` shows what there is."
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["tree", "none"], ["dump", "none", "--output", "/nowhere/x.tar.gz"]])
def test_what_is_not_there_is_not_shown_or_dumped(source: Instance, words: list[str]) -> None:
    assert "`none`" in source.run(*words).refused(ExitStatus.NOT_FOUND)


def test_a_project_is_loaded_into_a_group_only(destination: Instance) -> None:
    before = destination.rows()
    message = destination.run("load", SMALL, "--namespace", "").refused(ExitStatus.USAGE)
    assert (
        message
        == "A project needs a group to stand in. Name one with `--namespace`; it is made when it does not exist."
    )
    assert destination.rows() == before


def test_a_load_below_a_project_is_a_conflict(settled: Prepared, program: Program) -> None:
    instance = settled.shared(program)
    before = instance.rows()
    message = instance.run("load", NESTED, "--namespace", "place/inner/app/x").refused(ExitStatus.CONFLICT)
    assert message == "`place/inner/app` is a project, and groups and projects stand in groups. Name another namespace."
    assert instance.rows() == before


@pytest.mark.parametrize("given", ["fill", "fill=", "=fill"])
def test_a_map_that_maps_nothing_is_refused(program: Program, archive: Path, given: str) -> None:
    message = program.run("archive", "compare", archive, archive, "--map", given).refused(ExitStatus.USAGE)
    assert (
        message == f"`--map {given}` is not A=B: the path of a top of the first archive, and what it is in the second."
    )


def test_two_instances_do_not_know_each_other(make_instance: MakeInstance, archive: Path) -> None:
    one, other = make_instance("one"), make_instance("other")
    one.run("import", archive, "--entity", "fill/inner=").ok()
    assert (one.paths(), other.paths()) == (["inner", "inner/empty"], [])
