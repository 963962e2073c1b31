"""Records that nobody would write by accident: each is accounted for, and takes nothing else down."""

from typing import Any

import pytest
from sqlalchemy import text

from offline_transfer.importing import batch
from offline_transfer.types import PortableKind
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.support.importing import Destination, Records, RecordsSource

LONG = "".join(map(chr, range(0x4E00, 0x9FFF)))
"""A text that does not compress, longer than what fits into an index."""


def import_group(destination: Destination, relations: dict[str, Records]) -> dict[str, Any]:
    """Imports a group, and gives the counts of its paths."""
    source = RecordsSource(PortableKind.GROUP, "source", {}, {name: [records] for name, records in relations.items()})
    return counts(destination.accounting(destination.run(source, slug="group")))


def test_what_hangs_on_a_record_that_the_database_refuses_is_not_written(destination: Destination) -> None:
    emoji = [{"name": "tada", "user_id": 7}]
    _, accounting = destination.import_project({"issues": [issue(1), issue(1, award_emoji=emoji)]})
    assert counts(accounting) == {
        "issues": (2, 1, 0, 1, {"constraint": 1}),
        "issues.award_emoji": (1, 0, 0, 1, {"parent_failed": 1}),
    }
    assert destination.rows("award_emoji", "name") == []


def test_a_text_that_no_index_can_hold_fails_alone(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "labels": [{"title": LONG, "color": "#000000"}, {"title": "short", "color": "#000000"}],
            "protected_tags": [{"name": LONG}, {"name": "v*"}],
        }
    )
    assert counts(accounting) == {
        "labels": (2, 1, 0, 1, {"constraint": 1}),
        "protected_tags": (2, 1, 0, 1, {"constraint": 1}),
    }
    assert destination.rows("labels", "title") == [("short",)]
    assert destination.rows("protected_tags", "name") == [("v*",)]


def test_many_records_below_one_are_searched_by_halves(destination: Destination) -> None:
    links = [{"name": str(number), "url": f"https://{number}.example"} for number in range(3000)]
    release = {"tag": "v1", "author_id": 7, "created_at": MOMENT, "updated_at": MOMENT, "released_at": MOMENT}
    _, accounting = destination.import_project({"releases": [{**release, "links": [*links, links[0]]}]})
    assert counts(accounting)["releases.links"] == (3001, 3000, 0, 1, {"constraint": 1})


def test_lists_and_objects_where_a_user_or_a_name_belongs_are_refused(destination: Destination) -> None:
    odd: list[Any] = [{"user_id": []}, {"user_id": {"id": 1}}, {"user_id": 7}, {"user_id": "7"}, {"user_id": 8}]
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(1, issue_assignees=odd, designs=[{"filename": ["a"], "iid": 1}, {"filename": {"b": 1}, "iid": 2}])
            ],
            "approval_rules": [
                {
                    "name": "all",
                    "approval_project_rules_protected_branches": [{"branch_name": [1]}, {"branch_name": {}}, {}],
                }
            ],
        }
    )
    assert counts(accounting) == {
        "issues": (1, 1, 0, 0, {}),
        "issues.issue_assignees": (5, 2, 1, 2, {"duplicate": 1, "invalid_value": 2}),
        "issues.designs": (2, 2, 0, 0, {}),
        "approval_rules": (1, 1, 0, 0, {}),
        "approval_rules.approval_project_rules_protected_branches": (3, 0, 3, 0, {"not_found": 3}),
    }
    assert destination.rows("design_management_designs", "filename") == [('["a"]',), ('{"b":1}',)]


def test_what_is_no_record_where_records_belong_is_named(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {"issues": [issue(1, notes="lost", timelogs=[3, "lost"], milestone={}, designs=[])]}
    )
    assert counts(accounting) == {
        "issues": (1, 1, 0, 0, {}),
        "issues.milestone": (1, 0, 0, 1, {"missing_value": 1}),
    }
    assert dict(accounting.dropped) == {("issues", "notes", "invalid"): 1, ("issues", "timelogs", "invalid"): 1}


def epic(iid: int, **more: Any) -> dict[str, Any]:
    """An epic with what an epic cannot be without."""
    return {"iid": iid, "title": f"Epic {iid}", "author_id": 7, **more}


def test_labels_of_an_epic_arrive_although_the_group_has_none(destination: Destination) -> None:
    links = [{"target_type": "Epic", "label": {"title": "from above", "color": "#00ff00"}}]
    assert import_group(destination, {"epics": [epic(1, label_links=links)]}) == {
        "epics": (1, 1, 0, 0, {}),
        "epics.label_links": (1, 1, 0, 0, {}),
        "epics.label_links.label": (1, 1, 0, 0, {}),
    }
    ((label,),) = destination.rows("labels", "id")
    assert destination.rows("label_links", "label_id") == [(label,)]


def test_an_epic_that_only_its_children_describe_well_fails_with_its_notes(destination: Destination) -> None:
    child = epic(1, parent=epic(2))
    broken = epic(2, author_id={}, notes=[{"note": "lost", "author_id": 7}])
    assert import_group(destination, {"epics": [child, broken]}) == {
        "epics": (2, 1, 0, 1, {"invalid_value": 1}),
        "epics.parent": (1, 1, 0, 0, {}),
        "epics.notes": (1, 0, 0, 1, {"parent_failed": 1}),
    }


def test_a_shared_record_is_made_from_the_first_that_describes_it_well(destination: Destination) -> None:
    milestones = [{"title": "v1", "iid": 1, "created_at": {}}, {"title": "v1", "iid": "one"}, {"title": "v1", "iid": 1}]
    _, accounting = destination.import_project(
        {"issues": [issue(number, milestone=milestone) for number, milestone in enumerate(milestones, start=1)]}
    )
    assert counts(accounting)["issues.milestone"] == (3, 3, 0, 0, {})
    assert destination.rows("milestones", "title", "iid") == [("v1", 1)]


def test_a_list_of_what_can_only_be_one_is_counted_record_by_record(destination: Destination) -> None:
    people = [{"name": "Ada", "email": "a@example.com"}, {"name": "Eve", "email": "e@example.com"}]
    commit = {
        "relative_order": 0,
        "merge_request_commits_metadata": [
            {"sha": sha * 40, "commit_author": people, "committer": people[0]} for sha in "ab"
        ],
    }
    request = {
        "iid": 1,
        "title": "MR",
        "source_branch": "a",
        "target_branch": "b",
        "author_id": 7,
        "merge_request_diff": [{"merge_request_diff_commits": [commit]}],
    }
    _, accounting = destination.import_project({"merge_requests": [request]})
    path = "merge_requests.merge_request_diff.merge_request_diff_commits.merge_request_commits_metadata"
    found = counts(accounting)
    assert found[path] == (2, 2, 0, 0, {})
    assert found[f"{path}.commit_author"] == (4, 4, 0, 0, {})


def test_iids_at_the_end_of_the_numbers_do_not_end_the_import(destination: Destination) -> None:
    last = 2**63 - 1
    _, accounting = destination.import_project(
        {
            "milestones": [
                {"title": "last", "iid": last},
                {"title": "none", "iid": 1, "group_id": 3},
                {"title": "again", "iid": last},
            ]
        }
    )
    assert counts(accounting) == {"milestones": (3, 3, 0, 0, {})}
    assert sorted(destination.rows("milestones", "title", "iid")) == [("again", 1), ("last", last), ("none", 2)]


def test_a_milestone_that_is_in_use_keeps_its_number(destination: Destination, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the import would wait for itself: the issue that uses it is not committed yet."""
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    of_group = {"title": "group's", "iid": 8, "group_id": 3}
    own = {"title": "own", "iid": 1, "project_id": 5}
    with destination.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET lock_timeout = '5s'"))
    destination.database.close()
    _, accounting = destination.import_project({"issues": [issue(1, milestone=of_group), issue(2, milestone=own)]})
    assert counts(accounting)["issues.milestone"] == (2, 2, 0, 0, {})
    assert destination.rows("milestones", "title", "iid") == [("group's", 1), ("own", 2)]


ODD_ATTRIBUTES: dict[str, Any] = {
    "created_at": "2020-13-45",
    "description": {"a": [1]},
    "approvals_before_merge": 2**40,
    "build_timeout": [],
    "archived": {},
    "visibility_level": [20],
    "squash_option": {},
    "merge_commit_template": 7,
    "max_artifacts_size": 2**63 - 1,
    "default_branch": ["main"],
    "name": LONG * 3,
}


@pytest.mark.parametrize("name", sorted(ODD_ATTRIBUTES))
def test_an_attribute_of_the_project_that_cannot_be_is_left_out(destination: Destination, name: str) -> None:
    row, accounting = destination.import_project({}, **{name: ODD_ATTRIBUTES[name]})
    assert (row.status.name, row.error) == ("finished", None)
    assert counts(accounting) == {}
