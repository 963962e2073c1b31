"""Records that several others name: found when they exist, made once when they do not."""

from typing import Any

from sqlalchemy import insert

from offline_transfer.forge.epics import Epic
from offline_transfer.forge.planning import Label, Milestone
from offline_transfer.types import PortableKind
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.support.importing import Destination, RecordsSource
from tests.support.importing import run as run_entity


def group_id(destination: Destination) -> int:
    """The id of the group `dest`."""
    ((found,),) = destination.rows("namespaces", "id", path="dest")
    return int(found)


def add(destination: Destination, model: Any, **values: Any) -> None:
    """Adds one row."""
    with destination.database.session() as session:
        session.execute(insert(model).values(**values))


def label_link(title: str, **label: Any) -> dict[str, Any]:
    """A link to a label."""
    return {"target_type": "Issue", "label": {"title": title, "color": "#000000", **label}}


def test_a_label_that_many_issues_name_is_made_once(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(number, label_links=[label_link("bug", priorities=[{"priority": 5}])]) for number in range(1, 6)
            ]
        }
    )
    assert destination.rows("labels", "title") == [("bug",)]
    assert destination.rows("label_priorities", "priority") == [(5,)]
    assert len(set(destination.rows("label_links", "label_id"))) == 1
    assert counts(accounting)["issues.label_links.label"] == (5, 5, 0, 0, {})
    assert counts(accounting)["issues.label_links.label.priorities"] == (5, 5, 0, 0, {})


def test_a_label_of_the_group_around_is_used_and_not_copied(destination: Destination) -> None:
    add(destination, Label, title="bug", group_id=group_id(destination), type="GroupLabel", color="#111111")
    destination.import_project({"issues": [issue(1, label_links=[label_link("bug"), label_link("own")])]})
    assert destination.rows("labels", "title", "type", "color") == [
        ("bug", "GroupLabel", "#111111"),
        ("own", "ProjectLabel", "#000000"),
    ]


def test_a_group_label_from_elsewhere_becomes_the_projects_own(destination: Destination) -> None:
    destination.import_project(
        {"labels": [{"title": "theirs", "type": "GroupLabel", "group_id": 8, "color": "#222222"}]}
    )
    ((project,),) = destination.rows("projects", "id")
    assert destination.rows("labels", "title", "type", "group_id", "project_id") == [
        ("theirs", "ProjectLabel", None, project)
    ]


def test_a_milestone_of_a_group_that_did_not_come_takes_the_next_iid(destination: Destination) -> None:
    destination.import_project(
        {
            "milestones": [{"title": "own", "iid": 1, "project_id": 3, "state": "active"}],
            "issues": [issue(1, milestone={"title": "group's", "iid": 1, "group_id": 8, "state": "active"})],
        }
    )
    assert destination.rows("milestones", "title", "iid") == [("own", 1), ("group's", 2)]


def test_a_milestone_of_the_project_keeps_its_iid_and_the_one_that_has_it_moves(destination: Destination) -> None:
    destination.import_project(
        {
            "issues": [
                issue(1, milestone={"title": "first", "iid": 1, "project_id": 3}),
                issue(2, milestone={"title": "second", "iid": 1, "project_id": 3}),
            ]
        }
    )
    assert sorted(destination.rows("milestones", "title", "iid")) == [("first", 2), ("second", 1)]


def test_a_milestone_of_the_group_around_is_used(destination: Destination) -> None:
    add(destination, Milestone, title="v1", iid=9, group_id=group_id(destination), state="active")
    destination.import_project({"issues": [issue(1, milestone={"title": "v1", "iid": 4, "group_id": 8})]})
    assert destination.rows("milestones", "title", "iid") == [("v1", 9)]


def test_an_iteration_that_is_not_there_is_left_out_with_what_cannot_be_without_it(destination: Destination) -> None:
    iteration = {
        "iid": 3,
        "start_date": "2020-01-01",
        "due_date": "2020-01-08",
        "iterations_cadence": {"title": "weekly"},
    }
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(
                    1,
                    iteration=iteration,
                    resource_iteration_events=[
                        {"action": "add", "user_id": 7, "created_at": MOMENT, "iteration": iteration}
                    ],
                )
            ]
        }
    )
    assert destination.rows("issues", "iid", "sprint_id") == [(1, None)]
    assert counts(accounting) == {
        "issues": (1, 1, 0, 0, {}),
        "issues.iteration": (1, 0, 1, 0, {"not_found": 1}),
        "issues.iteration.iterations_cadence": (1, 0, 1, 0, {"parent_skipped": 1}),
        "issues.resource_iteration_events": (1, 0, 1, 0, {"not_found": 1}),
        "issues.resource_iteration_events.iteration": (1, 0, 1, 0, {"not_found": 1}),
        "issues.resource_iteration_events.iteration.iterations_cadence": (1, 0, 1, 0, {"parent_skipped": 1}),
    }


def test_an_issue_finds_the_epic_of_the_group_around(destination: Destination) -> None:
    destination.import_project({"issues": [issue(1)]})
    ((author,),) = destination.rows("users", "id", user_type=15)
    add(destination, Epic, title="big", iid=4, group_id=group_id(destination), author_id=author)
    source = RecordsSource(
        relations={
            "issues": [
                [issue(1, epic_issue={"relative_position": 1, "epic": {"title": "big", "iid": 7, "author_id": 7}})]
            ]
        }
    )
    destination.run(source, slug="second")
    assert destination.rows("epics", "title", "iid") == [("big", 4)]
    assert len(destination.rows("epic_issues", "id")) == 1


def test_child_epics_find_parents_that_come_later_in_the_file(destination: Destination) -> None:
    def epic(iid: int, parent: int | None = None, **more: Any) -> dict[str, Any]:
        record = {"iid": iid, "title": f"Epic {iid}", "author_id": 7, "state": "opened", **more}
        return (
            record
            if parent is None
            else {**record, "parent": {"iid": parent, "title": f"Epic {parent}", "author_id": 7}}
        )

    source = RecordsSource(
        kind=PortableKind.GROUP,
        full_path="source",
        attributes={"name": "Source"},
        relations={
            "epics": [[epic(1, parent=2)], [epic(2, parent=3, notes=[{"note": "deep", "author_id": 7}])], [epic(3)]]
        },
    )
    row = destination.run(source, slug="group")
    ids = dict(destination.rows("epics", "iid", "id"))
    assert dict(destination.rows("epics", "iid", "parent_id")) == {1: ids[2], 2: ids[3], 3: None}
    assert destination.rows("notes", "note", "noteable_type", "noteable_id") == [("deep", "Epic", ids[2])]
    assert counts(destination.accounting(row)) == {
        "epics": (3, 3, 0, 0, {}),
        "epics.parent": (2, 2, 0, 0, {}),
        "epics.notes": (1, 1, 0, 0, {}),
    }


def test_board_lists_and_board_labels_of_a_group_point_to_its_labels(destination: Destination) -> None:
    source = RecordsSource(
        kind=PortableKind.GROUP,
        full_path="source",
        attributes={"name": "Source"},
        relations={
            "labels": [[{"title": "doing", "color": "#0000ff", "type": "GroupLabel"}]],
            "boards": [
                [
                    {
                        "name": "Main",
                        "lists": [
                            {
                                "list_type": "label",
                                "position": 0,
                                "label": {"title": "doing"},
                                "board": {"name": "Main"},
                            }
                        ],
                        "labels": [{"title": "doing"}, {"title": "new", "color": "#00ff00"}],
                    }
                ]
            ],
        },
    )
    row = destination.run(source, slug="group")
    labels = dict(destination.rows("labels", "title", "id"))
    assert destination.rows("lists", "list_type", "label_id") == [(1, labels["doing"])]
    assert [found for (found,) in destination.rows("board_labels", "label_id")] == [labels["doing"], labels["new"]]
    assert counts(destination.accounting(row)) == {
        "labels": (1, 1, 0, 0, {}),
        "boards": (1, 1, 0, 0, {}),
        "boards.lists": (1, 1, 0, 0, {}),
        "boards.lists.label": (1, 1, 0, 0, {}),
        "boards.lists.board": (1, 1, 0, 0, {}),
        "boards.labels": (2, 2, 0, 0, {}),
    }


def test_approval_rules_find_their_protected_branches_by_name(destination: Destination) -> None:
    rule = {
        "name": "Security", "rule_type": "regular", "approvals_required": 2,
        "approval_project_rules_protected_branches": [{"branch_name": "main"}, {"branch_name": "gone"}],
        "approval_project_rules_users": [{"user_id": 7}],
    }  # fmt: skip
    _, accounting = destination.import_project({"protected_branches": [{"name": "main"}], "approval_rules": [rule]})
    assert destination.rows("approval_project_rules_protected_branches", "protected_branch_id") == destination.rows(
        "protected_branches", "id"
    )
    assert counts(accounting)["approval_rules.approval_project_rules_protected_branches"] == (
        2,
        1,
        1,
        0,
        {"not_found": 1},
    )


def test_commits_that_several_merge_requests_share_have_one_row_of_facts(destination: Destination) -> None:
    person = {"name": "Ada", "email": "a@example.com"}
    commit = {
        "relative_order": 0, "commit_author": person, "committer": person,
        "merge_request_commits_metadata": {"sha": "c" * 40, "message": "Fix", "commit_author": person, "committer": person},
    }  # fmt: skip
    requests = [
        {
            "iid": iid, "title": "x", "source_branch": "a", "target_branch": "b",
            "merge_request_diff": {"state": "collected", "merge_request_diff_commits": [commit]},
        }
        for iid in (1, 2)
    ]  # fmt: skip
    _, accounting = destination.import_project({"merge_requests": requests})
    assert destination.rows("merge_request_commits_metadata", "sha", "message") == [("c" * 40, "Fix")]
    assert len(set(destination.rows("merge_request_diff_commits", "merge_request_commits_metadata_id"))) == 1
    base = "merge_requests.merge_request_diff.merge_request_diff_commits"
    assert counts(accounting)[f"{base}.merge_request_commits_metadata"] == (2, 2, 0, 0, {})
    assert counts(accounting)[f"{base}.merge_request_commits_metadata.committer"] == (2, 2, 0, 0, {})


def test_what_hangs_on_a_record_that_exists_already_is_added_once(destination: Destination) -> None:
    closed = {"action": "closed", "author_id": 7, "created_at": MOMENT, "target_type": "Milestone"}
    opened = {**closed, "action": "created"}
    milestone = {"title": "v1", "iid": 1, "group_id": 3}
    group = RecordsSource(
        kind=PortableKind.GROUP,
        full_path="g",
        attributes={"name": "G"},
        relations={
            "milestones": [[milestone]],
            "boards": [[{"name": "B", "lists": [{"list_type": 4, "milestone": {**milestone, "events": [opened]}}]}]],
        },
    )
    destination.run(group, slug="g")
    inside = RecordsSource(
        relations={
            "issues": [[issue(number, milestone={**milestone, "events": [opened, closed]}) for number in (1, 2)]],
        }
    )
    entity_id = destination.add_entity(inside, namespace="dest/g")
    run_entity(destination.context(inside), entity_id)
    assert sorted(destination.rows("events", "action", "target_type")) == [(1, "Milestone"), (3, "Milestone")]
    assert counts(destination.accounting(destination.entity(entity_id)))["issues.milestone.events"] == (4, 4, 0, 0, {})


def test_priorities_that_a_later_occurrence_brings_are_not_lost(destination: Destination) -> None:
    destination.import_project(
        {
            "labels": [{"title": "bug"}],
            "issues": [issue(1, label_links=[label_link("bug", priorities=[{"priority": 3}])])],
        }
    )
    assert destination.rows("label_priorities", "priority") == [(3,)]
