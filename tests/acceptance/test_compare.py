"""`archive compare` for an import by somebody who could not give everything."""

from pathlib import Path

from offline_transfer.errors import ExitStatus
from offline_transfer.types import JsonValue
from tests.acceptance.program import Program
from tests.unit.verify.archives import Draft


def archive(directory: Path, *, member: int, tag: int) -> str:
    """An archive with one member and one protected tag, of these levels."""
    draft = Draft(directory)
    draft.records("project_7/project_members.ndjson.gz", [{"user_id": 1, "access_level": member}])
    draft.records("project_7/user_contributions.ndjson.gz", [{"id": 1, "username": "ada", "name": "Ada"}])
    levels: list[JsonValue] = [{"access_level": tag}]
    draft.records("project_7/protected_tags.ndjson.gz", [{"name": "v*", "create_access_levels": levels}])
    draft.complete()
    draft.finish()
    return str(draft.root / str(draft.prefix))


def test_what_an_importer_could_not_give_is_no_difference_when_the_role_is_named(
    program: Program, tmp_path: Path
) -> None:
    before = archive(tmp_path / "before", member=50, tag=30)
    after = archive(tmp_path / "after", member=40, tag=40)
    for words in ((), ("--importer-role", "owner"), ("--importer-role", "developer")):
        differs = program.run("archive", "compare", before, after, "--json", *words).ended(ExitStatus.DIFFERENT)
    assert {row["path"] for row in differs.json["paths"] if not row["equal"]} == {"project_members"}
    same = program.run("archive", "compare", before, after, "--json", "--importer-role", "maintainer").ok()
    assert same.json["equal"] is True


def test_an_owner_of_a_group_below_could_not_bring_protections_as_they_are(program: Program, tmp_path: Path) -> None:
    before = archive(tmp_path / "before", member=50, tag=30)
    lowered, kept = archive(tmp_path / "lowered", member=50, tag=40), archive(tmp_path / "kept", member=50, tag=30)
    roles = ("--importer-role", "owner", "--importer-root-role", "maintainer")
    program.run("archive", "compare", before, lowered, *roles).ok()
    program.run("archive", "compare", before, kept, *roles).ended(ExitStatus.DIFFERENT)
    program.run("archive", "compare", before, kept, "--importer-role", "owner").ok()


def test_a_role_that_is_none_is_refused(program: Program, tmp_path: Path) -> None:
    found = archive(tmp_path / "a", member=50, tag=30)
    assert program.run("archive", "compare", found, found, "--importer-role", "king").status == ExitStatus.USAGE
