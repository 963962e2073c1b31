"""The main test: everything leaves one instance, enters another, leaves that, and says the same."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from demo.words import MARK
from offline_transfer.db import Database
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.importing.request import Wanted
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import ImportRule
from offline_transfer.types import PortableKind
from tests.support.fill import empty_paths, fill_every_relation, unset_attributes
from tests.support.instances import Exported, Instance, compared

CLEARED = {
    "ci_pipeline_schedules.next_run_at",
    "protected_branch_merge_access_levels.group_id",
    "protected_branch_push_access_levels.group_id",
    "protected_branch_unprotect_access_levels.group_id",
    "protected_environment_deploy_access_levels.group_id",
    "protected_tag_create_access_levels.group_id",
    "users.public_email",
}
"""What an import leaves empty on purpose; public e-mail addresses are kept beside the stand-ins."""

SOURCE, DESTINATION = "https://source.example", "https://destination.example:8443"
POINTING = (
    f"{SOURCE}/fill/first/-/issues/1 {SOURCE}/groups/fill/inner {SOURCE}/left-behind fill/inner/second#1 first!1 `fill/first#1`"
    " @maren"
)
"""What every text of the source says, too."""

MakeDatabase = Callable[[], Database]


def instance(make_database: MakeDatabase, directory: Path, **overrides: object) -> Instance:
    """An empty instance."""
    directory.mkdir()
    return Instance(make_database(), directory, {"instance_url": DESTINATION, **overrides})


@pytest.fixture
def source(make_database: MakeDatabase, tmp_path: Path) -> Instance:
    """An instance in which every relation has records."""
    filled = instance(make_database, tmp_path / "source", batch_size=3, instance_url=SOURCE)
    fill_every_relation(filled.database, filled.repositories, filled.files)
    with filled.database.session() as session:
        for table, column in text_columns():
            session.execute(
                text(f"UPDATE {table} SET {column} = concat_ws(' ', {column}, CAST(:pointing AS text))"),
                {"pointing": POINTING},
            )
    return filled


@pytest.fixture
def exported(source: Instance, tmp_path: Path) -> Exported:
    """Its archive."""
    archive = source.export(tmp_path / "first", "fill")
    assert archive.failures == []
    return archive


def text_columns() -> set[tuple[str, str]]:
    """The tables and columns of the texts that an import rewrites."""
    return {
        (node.table.name, attribute.column.name)
        for kind in PortableKind
        for node in tree(kind).root.walk()
        for attribute in node.attributes
        if attribute.rule is ImportRule.REFERENCES and attribute.column is not None
    }


def pointing(instance: Instance, pattern: str) -> dict[str, int]:
    """How many texts of each column match a pattern."""
    with instance.database.session() as session:
        counts = {
            f"{table}.{column}": session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE {column} LIKE :pattern"), {"pattern": pattern}
            )
            for table, column in text_columns()
        }
    return {column: count for column, count in sorted(counts.items()) if count}


def make_group(destination: Instance, path: str, visibility: Visibility = Visibility.private) -> None:
    """A group to import into."""
    with destination.database.session() as session:
        group = Namespace(name=path, path=path, type="Group", visibility_level=visibility)
        session.add(group)
        session.flush()
        session.add(Route(path=path, name=path, namespace_id=group.id))


def same(first: Exported, second: Exported, roots: dict[str, str] | None = None) -> None:
    """Both archives say the same, or the test says what differs."""
    comparison = compared(first, second, roots)
    assert "\n".join(str(finding.to_json()) for finding in comparison.findings) == ""
    assert [path for path in comparison.paths if not path.is_equal] == []


def test_every_relation_survives_the_way_into_an_empty_instance_with_dirty_sequences(
    exported: Exported, make_database: MakeDatabase, tmp_path: Path
) -> None:
    destination = instance(make_database, tmp_path / "destination", batch_size=5)
    destination.dirty_sequences()
    imported = destination.import_archive(exported)
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert imported.gaps == []
    assert empty_paths(destination.database, least=1) == set()
    assert unset_attributes(destination.database) == CLEARED
    same(exported, destination.export(tmp_path / "second", "fill"))
    assert pointing(destination, f"%{SOURCE}/fill%") == {}
    assert pointing(destination, f"%{DESTINATION}/fill/first/-/issues/1%").keys() == {
        f"{table}.{column}" for table, column in text_columns()
    }


@pytest.mark.slow
def test_the_same_archive_enters_the_same_instance_twice_under_other_names(
    source: Instance, exported: Exported, tmp_path: Path
) -> None:
    for slug in ("again", "and-again"):
        imported = source.import_archive(exported, [Wanted("fill", "", slug)])
        assert imported.failures == []
        assert imported.unbalanced() == []
        same(exported, source.export(tmp_path / slug, slug), {"fill": slug})
    same(exported, source.export(tmp_path / "original", "fill"))


def test_a_project_enters_another_group_alone(exported: Exported, make_database: MakeDatabase, tmp_path: Path) -> None:
    destination = instance(make_database, tmp_path / "destination")
    make_group(destination, "elsewhere")
    imported = destination.import_archive(exported, [Wanted("fill/first", "elsewhere", "renamed")])
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert [item["destination"] for item in imported.destinations] == ["elsewhere/renamed"]


def test_a_project_that_travels_without_its_group_loses_what_was_the_groups_and_says_so(
    source: Instance, make_database: MakeDatabase, tmp_path: Path
) -> None:
    first = source.export(tmp_path / "alone", "fill/first")
    destination = instance(make_database, tmp_path / "destination")
    make_group(destination, "elsewhere", visibility=Visibility.public)
    imported = destination.import_archive(first, [Wanted("fill/first", "elsewhere")])
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert {row["path"]: row["reasons"] for row in imported.lost() if row["path"] != "repository"} == {
        "issues.iteration": {"not_found": 3},
        "issues.iteration.iterations_cadence": {"parent_skipped": 3},
        "issues.resource_iteration_events": {"not_found": 8},
        "issues.resource_iteration_events.iteration": {"not_found": 8},
        "issues.resource_iteration_events.iteration.iterations_cadence": {"parent_skipped": 8},
    }
    comparison = compared(
        first, destination.export(tmp_path / "second", "elsewhere/first"), {"fill/first": "elsewhere/first"}
    )
    assert {path.path for path in comparison.paths if not path.is_equal} == {
        "issues",
        "issues.iteration",
        "issues.iteration.iterations_cadence",
        "issues.milestone",
        "issues.milestone.events",
        "issues.resource_iteration_events",
        "issues.resource_iteration_events.iteration",
        "issues.resource_iteration_events.iteration.iterations_cadence",
        "max_iids",
        "merge_requests",
        "merge_requests.milestone",
        "merge_requests.milestone.events",
    }


def test_community_edition_leaves_what_is_marked_and_compares_equal(
    source: Instance, make_database: MakeDatabase, tmp_path: Path
) -> None:
    community = Instance(
        source.database, source.directory, {"edition": "ce", "batch_size": 100, "instance_url": SOURCE}
    )
    first = community.export(tmp_path / "community", "fill")
    assert not any(str(row["path"]).startswith(("epics", "vulnerabilities", "iterations")) for row in first.rows)
    destination = instance(make_database, tmp_path / "destination", edition="ce")
    imported = destination.import_archive(first)
    assert imported.failures == []
    same(first, destination.export(tmp_path / "second", "fill"))


def test_the_archive_of_a_small_batch_size_says_the_same_as_that_of_a_large_one(
    source: Instance, exported: Exported, tmp_path: Path
) -> None:
    large = Instance(source.database, source.directory, {"batch_size": 1000, "instance_url": SOURCE})
    same(exported, large.export(tmp_path / "large", "fill"))


def test_a_change_anywhere_on_the_way_is_found(exported: Exported, make_database: MakeDatabase, tmp_path: Path) -> None:
    destination = instance(make_database, tmp_path / "destination")
    destination.import_archive(exported)
    with destination.database.session() as session:
        session.execute(
            text(
                "UPDATE notes SET note = note || '.' WHERE id = (SELECT max(id) FROM notes WHERE noteable_type = 'Issue')"
            )
        )
    comparison = compared(exported, destination.export(tmp_path / "second", "fill"))
    assert not comparison.equal
    assert {path.path for path in comparison.paths if not path.is_equal} == {"issues", "issues.notes"}


def test_no_secret_and_no_rendered_text_leaves(exported: Exported) -> None:
    found = set()
    with exported.open() as archive:
        for stored in archive.all_objects():
            if str(stored.key).endswith((".ndjson.gz", ".json.gz")):
                with archive.spool(stored) as spool:
                    if MARK.encode() in b"".join(spool.content()):
                        found.add(str(stored.key))
    assert found == set()
