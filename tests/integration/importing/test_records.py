"""What records become: rows, links, counts, failures."""

from typing import Any

import pytest

from offline_transfer.transfers.accounting import Accounting
from tests.support.importing import Destination

MOMENT = "2020-01-02T03:04:05.678Z"


def issue(iid: int, **more: Any) -> dict[str, Any]:
    """An issue with what an issue cannot be without."""
    return {"iid": iid, "title": f"Issue {iid}", "author_id": 7, "created_at": MOMENT, "updated_at": MOMENT, **more}


def counts(accounting: Accounting) -> dict[str, tuple[int, int, int, int, dict[str, int]]]:
    """Source, imported, skipped, failed and reasons by path, without the portable itself."""
    return {
        path: (count.source, count.imported, count.skipped, count.failed, dict(count.reasons))
        for path, count in accounting.paths.items()
        if path != "self"
    }


def test_an_issue_arrives_with_its_notes_labels_and_milestone(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(
                    5,
                    state="closed",
                    description="It is broken\n\\N",
                    milestone={"title": "v1", "iid": 3, "state": "active", "project_id": 1},
                    label_links=[{"target_type": "Issue", "label": {"title": "bug", "color": "#ff0000"}}],
                    notes=[{"note": "me too", "noteable_type": "Issue", "author_id": 8, "author": {"name": "Eve"}}],
                )
            ]
        }
    )
    assert destination.rows("issues", "iid", "title", "state_id", "description") == [
        (5, "Issue 5", 2, "It is broken\n\\N")
    ]
    assert destination.rows("notes", "note", "noteable_type") == [("me too", "Issue")]
    assert destination.rows("labels", "title", "color", "type") == [("bug", "#ff0000", "ProjectLabel")]
    assert destination.rows("milestones", "title", "iid", "state") == [("v1", 3, "active")]
    assert counts(accounting) == {
        "issues": (1, 1, 0, 0, {}),
        "issues.notes": (1, 1, 0, 0, {}),
        "issues.notes.author": (1, 1, 0, 0, {}),
        "issues.label_links": (1, 1, 0, 0, {}),
        "issues.label_links.label": (1, 1, 0, 0, {}),
        "issues.milestone": (1, 1, 0, 0, {}),
    }


def test_users_get_one_stand_in_each_with_the_names_of_the_source(destination: Destination) -> None:
    destination.import_project(
        {
            "user_contributions": [{"id": 7, "username": "ada", "name": "Ada", "public_email": "ada@example.com"}],
            "issues": [issue(1), issue(2, updated_by_id=8)],
        }
    )
    assert destination.rows("users", "username", "name", user_type=15) == [
        ("ada", "Ada"),
        ("source_user_8", "Source user 8"),
    ]
    assert destination.rows(
        "import_source_users", "source_user_identifier", "source_username", "source_name", "source_public_email"
    ) == [("7", "ada", "Ada", "ada@example.com"), ("8", None, None, None)]
    authors = {author for (author,) in destination.rows("issues", "author_id")}
    assert len(authors) == 1


def test_ids_foreign_keys_and_rendered_text_of_the_archive_are_never_taken(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(
                    1,
                    id=4711,
                    project_id=99,
                    note_ids=[1, 2],
                    description_html="<script>",
                    moved_to_id=5,
                    sent_notifications=[],
                    shiny="new",
                )
            ]
        }
    )
    ((row_id, project_id, html),) = destination.rows("issues", "id", "project_id", "description_html")
    assert row_id != 4711
    assert [(project_id,)] == destination.rows("projects", "id")
    assert html is None
    assert {(name, reason): count for (_, name, reason), count in accounting.dropped.items()} == {
        ("id", "prohibited"): 1,
        ("note_ids", "prohibited"): 1,
        ("description_html", "prohibited"): 1,
        ("moved_to_id", "prohibited"): 1,
        ("sent_notifications", "excluded"): 1,
        ("shiny", "unknown"): 1,
    }


def test_a_record_without_its_title_fails_and_takes_its_children_with_it(destination: Destination) -> None:
    row, accounting = destination.import_project(
        {"issues": [issue(1, title=None, notes=[{"note": "lost", "author_id": 7}]), issue(2, title="  "), issue(3)]}
    )
    assert destination.rows("issues", "iid") == [(3,)]
    assert counts(accounting) == {
        "issues": (3, 1, 0, 2, {"missing_value": 2}),
        "issues.notes": (1, 0, 0, 1, {"parent_failed": 1}),
    }
    assert row.has_failures
    assert destination.rows(
        "bulk_import_failures", "subrelation", "line_index", "source_title", "exception_message"
    ) == [
        ("issues", 0, "iid 1", "`title` is missing"),
        ("issues", 1, "iid 2", "`title` is missing"),
    ]


def test_what_the_database_refuses_fails_alone(destination: Destination) -> None:
    _, accounting = destination.import_project({"issues": [issue(number) for number in (1, 2, 3, 2, 4, 5)]})
    assert destination.rows("issues", "iid") == [(1,), (2,), (3,), (4,), (5,)]
    assert counts(accounting) == {"issues": (6, 5, 0, 1, {"constraint": 1})}


def test_a_nested_record_can_fail_while_its_parent_arrives(destination: Destination) -> None:
    links = [{"url": "https://a.example", "name": "a"}, {"url": "https://a.example", "name": "b"}, {"name": "c"}]
    _, accounting = destination.import_project(
        {
            "releases": [
                {
                    "tag": "v1",
                    "author_id": 7,
                    "created_at": MOMENT,
                    "updated_at": MOMENT,
                    "released_at": MOMENT,
                    "links": links,
                }
            ]
        }
    )
    assert destination.rows("releases", "tag") == [("v1",)]
    assert destination.rows("release_links", "name") == [("a",)]
    assert counts(accounting) == {
        "releases": (1, 1, 0, 0, {}),
        "releases.links": (3, 1, 0, 2, {"constraint": 1, "missing_value": 1}),
    }


def test_a_line_that_is_no_record_fails_and_the_next_ones_follow(destination: Destination) -> None:
    _, accounting = destination.import_project({"issues": [issue(1), b"{broken", b"[1]", b"null", b"", issue(2)]})
    assert destination.rows("issues", "iid") == [(1,), (2,)]
    assert counts(accounting) == {"issues": (4, 2, 0, 2, {"not_json": 2})}


def test_the_character_that_postgresql_cannot_hold_costs_nothing_else(destination: Destination) -> None:
    destination.import_project({"issues": [rb'{"iid": 1, "title": "a\u0000b\\u0000", "author_id": 7}']})
    assert destination.rows("issues", "title") == [("ab\\u0000",)]


def test_relations_that_nobody_knows_are_counted_as_records_without_a_place(destination: Destination) -> None:
    _, accounting = destination.import_project({"issues": [issue(1, reactions=[{"a": 1}, {"a": 2}], extra={"b": 1})]})
    assert counts(accounting)["issues.reactions"] == (2, 0, 2, 0, {"no_place": 2})
    assert counts(accounting)["issues.extra"] == (1, 0, 1, 0, {"no_place": 1})


def test_unfinished_pipelines_stages_and_jobs_arrive_canceled(destination: Destination) -> None:
    def pipeline(iid: int, status: str, stage: object) -> dict[str, Any]:
        builds = [{"name": "rspec", "status": status, "stage_idx": 1}]
        return {
            "iid": iid,
            "sha": "a" * 40,
            "status": status,
            "stages": [{"name": "test", "status": stage, "builds": builds}],
        }

    destination.import_project(
        {
            "ci_pipelines": [
                pipeline(1, "running", 2),
                pipeline(2, "success", "success"),
                pipeline(3, "manual", "manual"),
            ]
        }
    )
    assert destination.rows("p_ci_pipelines", "iid", "status") == [(1, "canceled"), (2, "success"), (3, "canceled")]
    assert destination.rows("p_ci_stages", "status") == [(5,), (3,), (5,)]
    assert destination.rows("p_ci_builds", "status", "type") == [
        ("canceled", "Ci::Build"),
        ("success", "Ci::Build"),
        ("canceled", "Ci::Build"),
    ]
    assert destination.rows("p_ci_builds", "commit_id") == destination.rows("p_ci_pipelines", "id")


def test_schedules_arrive_inactive_and_belong_to_whoever_imports(destination: Destination) -> None:
    destination.import_project(
        {
            "pipeline_schedules": [
                {"description": "nightly", "ref": "main", "cron": "0 0 * * *", "active": True, "owner_id": 7}
            ]
        }
    )
    assert destination.rows("ci_pipeline_schedules", "description", "active", "next_run_at") == [
        ("nightly", False, None)
    ]
    ((owner,),) = destination.rows("ci_pipeline_schedules", "owner_id")
    assert destination.rows("users", "username", id=owner) == [("import_user",)]


@pytest.mark.parametrize(("given", "stored"), [(2, 2), ("2", 2), ("closed", 2), ("opened", 1)])
def test_enumerations_come_as_integers_or_names(destination: Destination, given: object, stored: int) -> None:
    destination.import_project({"issues": [issue(1, state=given)]})
    assert destination.rows("issues", "state_id") == [(stored,)]


def test_a_value_that_an_optional_attribute_cannot_hold_is_dropped_and_counted(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {"issues": [issue(1, due_date="NOT A DATE", weight="heavy", state="odd")]}
    )
    assert destination.rows("issues", "due_date", "weight", "state_id") == [(None, None, 1)]
    assert sorted(name for _, name, reason in accounting.dropped if reason == "invalid") == [
        "due_date",
        "state",
        "weight",
    ]


def test_issues_are_numbered_anew_in_the_order_in_which_they_come(destination: Destination) -> None:
    destination.import_project({"issues": [issue(3, relative_position=9), issue(1, relative_position=None), issue(2)]})
    assert destination.rows("issues", "iid", "relative_position") == [(3, 500), (1, 1000), (2, 1500)]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"work_item_type": {"base_type": "incident"}}, 1),
        ({"work_item_type": {"name": "Task"}}, 4),
        ({"exported_work_item_type": {"name": "Key Result"}}, 6),
        ({"issue_type": "test_case"}, 2),
        ({"work_item_type": {"name": "Feature request"}}, 0),
        ({}, 0),
    ],
)
def test_work_item_types_are_understood_in_every_spelling(
    destination: Destination, given: dict[str, Any], stored: int
) -> None:
    destination.import_project({"issues": [issue(1, **given)]})
    assert destination.rows("issues", "issue_type") == [(stored,)]


def test_a_merge_request_from_a_fork_loses_its_source_project(destination: Destination) -> None:
    def merge_request(iid: int, source: int | None) -> dict[str, Any]:
        return {
            "iid": iid, "title": "x", "source_branch": "a", "target_branch": "b", "author_id": 7,
            "source_project_id": source, "target_project_id": 5,
        }  # fmt: skip

    destination.import_project({"merge_requests": [merge_request(1, 5), merge_request(2, 6), merge_request(3, None)]})
    ((project,),) = destination.rows("projects", "id")
    assert destination.rows("merge_requests", "iid", "source_project_id", "target_project_id") == [
        (1, project, project),
        (2, None, project),
        (3, None, project),
    ]


def test_events_without_an_author_and_second_assignments_are_left_out(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(
                    1,
                    events=[{"action": "created", "author_id": None}, {"action": 1, "author_id": 7}],
                    issue_assignees=[{"user_id": 7}, {"user_id": 7}, {"user_id": 8}],
                )
            ]
        }
    )
    assert counts(accounting)["issues.events"] == (2, 1, 1, 0, {"no_author": 1})
    assert counts(accounting)["issues.issue_assignees"] == (3, 2, 1, 0, {"duplicate": 1})
    assert destination.rows("events", "action", "target_type") == [(1, "Issue")]


def test_designs_of_an_issue_are_one_row_each_however_often_versions_name_them(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "issues": [
                issue(
                    1,
                    designs=[{"filename": "a.png", "iid": 1, "notes": [{"note": "nice", "author_id": 7}]}],
                    design_versions=[
                        {"sha": "a" * 40, "author_id": 7, "created_at": MOMENT,
                         "actions": [{"event": 0, "design": {"filename": "a.png"}}, {"event": 0, "design": {"filename": "b.png"}}]},
                        {"sha": "b" * 40, "author_id": 7, "created_at": MOMENT,
                         "actions": [{"event": "modification", "design": {"filename": "b.png"}}]},
                    ],
                )
            ]
        }
    )  # fmt: skip
    assert destination.rows("design_management_designs", "filename") == [("a.png",), ("b.png",)]
    designs = [row_id for (row_id,) in destination.rows("design_management_designs", "id")]
    assert destination.rows("design_management_designs_versions", "event", "design_id") == [
        (0, designs[0]),
        (0, designs[1]),
        (1, designs[1]),
    ]
    assert destination.rows("notes", "noteable_type", "noteable_id") == [("DesignManagement::Design", designs[0])]
    assert counts(accounting)["issues.design_versions.actions.design"] == (3, 3, 0, 0, {})


def test_old_commits_with_flat_authors_are_understood(destination: Destination) -> None:
    commit = {
        "sha": "a" * 40, "relative_order": 0, "author_name": "Ada", "author_email": "a@example.com",
        "committer_name": "Bob", "committer_email": "b@example.com", "message": "Fix",
    }  # fmt: skip
    diff = {"state": "collected", "merge_request_diff_commits": [commit, {**commit, "relative_order": 1}]}
    _, accounting = destination.import_project(
        {
            "merge_requests": [
                {"iid": 1, "title": "x", "source_branch": "a", "target_branch": "b", "merge_request_diff": diff}
            ]
        }
    )
    assert destination.rows("merge_request_diff_commit_users", "name", "email") == [
        ("Ada", "a@example.com"),
        ("Bob", "b@example.com"),
    ]
    assert "merge_requests.merge_request_diff.merge_request_diff_commits.committer" not in counts(accounting)
    assert counts(accounting)["merge_requests.merge_request_diff.merge_request_diff_commits"] == (2, 2, 0, 0, {})


def test_documents_lose_the_character_that_cannot_be_kept_and_nothing_that_looks_like_it(
    destination: Destination,
) -> None:
    params = {"a": "C:\\new \\u0000 x", "b": "y"}
    record = {"iid": 1, "title": "x", "source_branch": "a", "target_branch": "b", "merge_params": params}
    destination.import_project({"merge_requests": [record]})
    assert destination.rows("merge_requests", "merge_params") == [(params,)]


def test_the_diff_of_a_merge_request_arrives_as_a_regular_one(destination: Destination) -> None:
    diffs = [{"state": "collected", "diff_type": kind} for kind in ("regular", 1, "merge_head", None)]
    requests = [
        {
            "iid": iid,
            "title": "x",
            "source_branch": "a",
            "target_branch": "b",
            "author_id": 7,
            "merge_request_diff": diff,
        }
        for iid, diff in enumerate([*diffs, {"state": "collected"}], 1)
    ]
    _, accounting = destination.import_project({"merge_requests": requests})
    assert destination.rows("merge_request_diffs", "diff_type") == [(1,)] * 5
    assert accounting.dropped == {}
