"""Priorities of labels: a label of a group has those of all its projects, and each project takes its own."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from offline_transfer.db import Database
from offline_transfer.files.load import load
from offline_transfer.transfers.models import ImportEntity
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, RecordsSource
from tests.support.instances import Instance

OF_LABEL = "issues.label_links.label.priorities"


def label(*priorities: tuple[int | None, int], **more: Any) -> dict[str, Any]:
    """A label of a group, with priorities by project."""
    given = [{"project_id": project, "priority": priority} for project, priority in priorities]
    return {"title": "bug", "color": "#ff0000", "type": "GroupLabel", "group_id": 8, "priorities": given, **more}


def issue_with(found: dict[str, Any], iid: int = 1, **more: Any) -> dict[str, Any]:
    """An issue with one label."""
    return issue(iid, label_links=[{"target_type": "Issue", "label": found}], **more)


def imported(
    destination: Destination, records: list[dict[str, Any]], *, source_id: int | None
) -> dict[str, tuple[int, int, int, int, dict[str, int]]]:
    """Imports issues and gives the counts."""
    row = destination.run(RecordsSource(relations={"issues": [records]}, source_id=source_id))
    return counts(destination.accounting(row))


def test_only_the_priority_of_the_project_itself_comes_with_a_label_of_its_group(destination: Destination) -> None:
    found = imported(destination, [issue_with(label((3, 10), (5, 20), (9, 30)))], source_id=5)
    ((project,),) = destination.rows("projects", "id")
    assert destination.rows("label_priorities", "project_id", "priority") == [(project, 20)]
    assert found[OF_LABEL] == (3, 1, 2, 0, {"other_project": 2})


def test_priorities_of_others_are_skipped_at_each_occurrence_also_where_the_label_is_known(
    destination: Destination,
) -> None:
    shared = label((3, 10), (5, 20))
    found = imported(destination, [issue_with(shared, 1), issue_with(shared, 2), issue_with(shared, 3)], source_id=5)
    assert destination.rows("label_priorities", "priority") == [(20,)]
    assert found[OF_LABEL] == (6, 3, 3, 0, {"other_project": 3})


def test_a_priority_of_another_project_alone_is_skipped_where_the_source_says_who_it_is(
    destination: Destination,
) -> None:
    found = imported(destination, [issue_with(label((3, 10)))], source_id=5)
    assert destination.rows("label_priorities", "priority") == []
    assert found[OF_LABEL] == (1, 0, 1, 0, {"other_project": 1})


def test_a_priority_that_names_no_project_is_taken_for_our_own(destination: Destination) -> None:
    found = imported(destination, [issue_with(label((None, 10), (3, 20)))], source_id=5)
    assert destination.rows("label_priorities", "priority") == [(10,)]
    assert found[OF_LABEL] == (2, 1, 1, 0, {"other_project": 1})


def test_where_the_source_does_not_say_its_id_the_record_around_the_label_does(destination: Destination) -> None:
    found = imported(destination, [issue_with(label((3, 10), (5, 20)), project_id=5)], source_id=None)
    assert destination.rows("label_priorities", "priority") == [(20,)]
    assert found[OF_LABEL] == (2, 1, 1, 0, {"other_project": 1})


def test_where_nothing_says_it_the_only_project_that_is_named_is_taken_and_several_are_not(
    destination: Destination,
) -> None:
    records = [issue_with(label((5, 20)), 1), issue_with(label((3, 10), (5, 20), title="feature"), 2)]
    found = imported(destination, records, source_id=None)
    assert destination.rows("label_priorities", "priority") == [(20,)]
    assert found[OF_LABEL] == (3, 1, 2, 0, {"other_project": 2})


@pytest.mark.fixtures
def test_the_priorities_of_gitlabs_own_exports_arrive(
    gitlab_fixtures: Path, database: Database, tmp_path: Path
) -> None:
    instance = Instance(database, tmp_path)
    written = priorities_in(gitlab_fixtures / "gitlab" / "complex" / "tree" / "project")
    assert written == {"labels.priorities": 1, OF_LABEL: 1}
    loaded = load(instance, gitlab_fixtures / "gitlab" / "complex", namespace="apps")
    found = counts(Destination(database, tmp_path).accounting(entity_of(database, loaded.bulk_import_id)))
    assert {path: found[path] for path in written} == {
        path: (number, number, 0, 0, {}) for path, number in written.items()
    }


@pytest.mark.fixtures
def test_of_an_export_of_gitlab_with_priorities_of_another_project_only_its_own_arrive(
    gitlab_fixtures: Path, database: Database, tmp_path: Path
) -> None:
    """The fixture as GitLab would write it, had another project of the group given the label a priority as well."""
    tree = tmp_path / "export" / "tree" / "project"
    tree.mkdir(parents=True)
    original = gitlab_fixtures / "gitlab" / "complex" / "tree"
    (tree.parent / "project.json").write_bytes((original / "project.json").read_bytes())
    records = [orjson.loads(line) for line in (original / "project" / "issues.ndjson").read_bytes().splitlines()]
    for record in records:
        for link in record.get("label_links", ()):
            own = link["label"].get("priorities", [])
            link["label"]["priorities"] = [*({**found, "project_id": 77, "priority": 99} for found in own), *own]
    (tree / "issues.ndjson").write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    instance = Instance(database, tmp_path / "instance")
    loaded = load(instance, tmp_path / "export", namespace="apps")
    found = counts(Destination(database, tmp_path).accounting(entity_of(database, loaded.bulk_import_id)))
    assert found[OF_LABEL] == (2, 1, 1, 0, {"other_project": 1})
    assert Destination(database, tmp_path).rows("label_priorities", "priority") == [(1,)]


def entity_of(database: Database, bulk_import_id: int) -> ImportEntity:
    """The one entity of an import."""
    with database.session() as session:
        return session.scalars(select(ImportEntity).where(ImportEntity.bulk_import_id == bulk_import_id)).one()


def priorities_in(tree: Path) -> dict[str, int]:
    """How many priorities of labels the records of a project export have, by path."""
    labels = [orjson.loads(line) for line in (tree / "labels.ndjson").read_bytes().splitlines()]
    issues = [orjson.loads(line) for line in (tree / "issues.ndjson").read_bytes().splitlines()]
    linked = [link["label"] for record in issues for link in record.get("label_links", ())]
    return {
        "labels.priorities": sum(len(found.get("priorities", [])) for found in labels),
        OF_LABEL: sum(len(found.get("priorities", [])) for found in linked),
    }
