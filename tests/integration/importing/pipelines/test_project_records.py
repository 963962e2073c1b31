"""Relations of records of a project: what the relation file says of each is all that its pipeline is made of."""

from datetime import UTC, datetime
from typing import Final

import pytest

from offline_transfer.forge.enums import ExternalPullRequestStatus, IssuableState, Severity
from tests.support.pipelines import MOMENT, NO_SUCH_DAY, Case, Portable, check_case, refused

SHA: Final = "a" * 40
OUT_OF_RANGE: Final = f'date/time field value out of range: "{NO_SUCH_DAY}"'


def taken(key: str) -> str:
    """What PostgreSQL says of a second row where there can be one."""
    return f'duplicate key value violates unique constraint "{key}"'


CASES: Final = {
    "project_members": Case(
        "members",
        {"access_level": 30, "source_type": "Project", "type": "ProjectMember"},
        {"access_level": 30, "user_id": 7, "source_type": "Project", "notification_level": 3},
        {"access_level": "king", "user_id": 8, "source_type": "Project", "notification_level": 3},
        "`access_level` is not an integer",
        reason="invalid_value",
    ),
    "labels": Case(
        "labels",
        {"title": "bug", "color": "#ff0000", "type": "ProjectLabel"},
        {"title": "bug", "color": "#ff0000"},
        {"color": "#00ff00"},
        "`title` is missing",
    ),
    "milestones": Case(
        "milestones", {"iid": 4, "title": "v1"}, {"iid": 4, "title": "v1"}, {"iid": 5}, "`title` is missing"
    ),
    "project_badges": Case(
        "badges",
        {"name": "build", "link_url": "https://a.example", "type": "ProjectBadge"},
        {"name": "build", "link_url": "https://a.example", "image_url": "https://b.example", "type": "ProjectBadge"},
        {"name": "nowhere"},
        "`image_url` is missing",
    ),
    "custom_attributes": Case(
        "project_custom_attributes",
        {"key": "team", "value": "blue"},
        {"key": "team", "value": "blue"},
        {"key": "team", "value": "red"},
        **refused(taken("unique_project_custom_attributes_on_project_id_key")),
    ),
    "issues": Case(
        "issues",
        {"iid": 7, "title": "It leaks", "state_id": IssuableState.closed},
        {"iid": 7, "title": "It leaks", "state": "closed", "author_id": 7},
        {"iid": 8, "author_id": 7},
        "`title` is missing",
    ),
    "snippets": Case(
        "snippets",
        {"title": "x", "content": "x = 1", "type": "ProjectSnippet"},
        {"title": "x", "content": "x = 1", "author_id": 7, "visibility_level": 0},
        {"title": "nobody's"},
        "`author_id` is missing",
    ),
    "boards": Case("boards", {"name": "Work"}, {"name": "Work"}, {"name": ""}, "`name` is missing"),
    "merge_requests": Case(
        "merge_requests",
        {"iid": 3, "title": "Mend", "source_branch": "mend"},
        {"iid": 3, "title": "Mend", "source_branch": "mend", "target_branch": "main", "author_id": 7},
        {"iid": 4, "title": "From nowhere"},
        "`target_branch` is missing",
    ),
    "external_pull_requests": Case(
        "external_pull_requests",
        {"pull_request_iid": 5, "status": ExternalPullRequestStatus.open},
        {
            "pull_request_iid": 5,
            "status": "open",
            "source_branch": "mend",
            "target_branch": "main",
            "source_repository": "a/b",
            "target_repository": "a/b",
            "source_sha": SHA,
            "target_sha": SHA,
        },
        {"pull_request_iid": 6},
        "`status` is missing",
    ),
    "protected_branches": Case(
        "protected_branches", {"name": "main"}, {"name": "main"}, {"allow_force_push": True}, "`name` is missing"
    ),
    "protected_tags": Case(
        "protected_tags", {"name": "v*"}, {"name": "v*"}, {"created_at": MOMENT}, "`name` is missing"
    ),
    "project_feature": Case(
        "project_features",
        {"issues_access_level": 10, "wiki_access_level": 0},
        {"issues_access_level": 10, "wiki_access_level": 0},
        {"issues_access_level": 20},
        **refused(taken("unique_project_features_on_project_id")),
    ),
    "container_expiration_policy": Case(
        "container_expiration_policies",
        {"cadence": "7d", "enabled": True},
        {"cadence": "7d", "enabled": True},
        {"cadence": "1d"},
        **refused(taken("container_expiration_policies_pkey")),
    ),
    "service_desk_setting": Case(
        "service_desk_settings",
        {"issue_template_key": "bug", "project_key": "k"},
        {"issue_template_key": "bug", "project_key": "k"},
        {"project_key": "l"},
        **refused(taken("service_desk_settings_pkey")),
    ),
    "releases": Case(
        "releases",
        {"tag": "v1", "name": "First"},
        {"tag": "v1", "name": "First", "released_at": MOMENT, "author_id": 7},
        {"name": "of nothing", "released_at": MOMENT},
        "`tag` is missing",
    ),
    "ci_pipelines": Case(
        "p_ci_pipelines",
        {"iid": 2, "ref": "main", "status": "canceled"},
        {"iid": 2, "ref": "main", "status": "running", "sha": SHA},
        {"iid": 2, "ref": "main", "status": "success", "sha": SHA},
        **refused(taken("unique_p_ci_pipelines_on_project_id_iid")),
    ),
    "commit_notes": Case(
        "notes",
        {"note": "Why?", "commit_id": SHA, "noteable_type": "Commit"},
        {"note": "Why?", "commit_id": SHA, "noteable_type": "Commit", "author_id": 7},
        {"note": "When?", "commit_id": SHA, "noteable_type": "Commit", "created_at": NO_SUCH_DAY},
        **refused(OUT_OF_RANGE),
    ),
    "auto_devops": Case(
        "project_auto_devops",
        {"enabled": False},
        {"enabled": True},
        {"enabled": False},
        **refused(taken("unique_project_auto_devops_on_project_id")),
    ),
    "pipeline_schedules": Case(
        "ci_pipeline_schedules",
        {"description": "nightly", "active": False},
        {"description": "nightly", "cron": "0 1 * * *", "ref": "main", "active": True},
        {"description": "never", "created_at": NO_SUCH_DAY},
        **refused(OUT_OF_RANGE),
    ),
    "ci_cd_settings": Case(
        "project_ci_cd_settings",
        {"default_git_depth": 20},
        {"default_git_depth": 20},
        {"default_git_depth": 5},
        **refused(taken("unique_project_ci_cd_settings_on_project_id")),
    ),
    "error_tracking_setting": Case(
        "project_error_tracking_settings",
        {"project_name": "app"},
        {"project_name": "app"},
        {"project_name": "another"},
        **refused(taken("project_error_tracking_settings_pkey")),
    ),
    "protected_environments": Case(
        "protected_environments",
        {"name": "production"},
        {"name": "production"},
        {"created_at": MOMENT},
        "`name` is missing",
    ),
    "security_setting": Case(
        "project_security_settings",
        {"created_at": datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)},
        {"created_at": MOMENT},
        {"created_at": MOMENT},
        **refused(taken("project_security_settings_pkey")),
    ),
    "push_rule": Case(
        "push_rules",
        {"max_file_size": 10},
        {"max_file_size": 10},
        {"max_file_size": 20},
        **refused(taken("unique_push_rules_on_project_id")),
    ),
    "approval_rules": Case(
        "approval_project_rules",
        {"name": "two", "approvals_required": 2},
        {"name": "two", "approvals_required": 2},
        {"approvals_required": 2},
        "`name` is missing",
    ),
    "vulnerabilities": Case(
        "vulnerabilities",
        {"title": "A hole", "severity": Severity.medium},
        {"title": "A hole", "severity": "medium", "report_type": "sast", "author_id": 7},
        {"title": "Nobody found it"},
        "`author_id` is missing",
    ),
}


@pytest.mark.parametrize("relation", CASES)
def test_a_record_becomes_a_row_and_one_that_is_at_fault_fails_alone(project: Portable, relation: str) -> None:
    check_case(project, relation, CASES[relation])
