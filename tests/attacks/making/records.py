"""Records that claim what is not theirs. Ids of the instance that is attacked come from its tests, as an attacker would
guess them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.attacks.making.archives import (
    MOMENT,
    Record,
    archive,
    attributes,
    issue,
    label,
    lines,
    merge_request,
    note,
    records,
)

KEYS_OF_OTHERS: Final = (
    "issue_ids",
    "note_ids",
    "label_ids",
    "milestone_ids",
    "merge_request_ids",
    "member_ids",
    "user_ids",
)
SCRIPT: Final = "<img src=x onerror=alert(1)>"


def foreign_keys(directory: Path, ids: Mapping[str, int]) -> Path:
    """A project, an issue and a comment that name rows of others by every key that there is."""
    project, group, user, of_issue, of_label, of_milestone = (
        ids[name] for name in ("project", "group", "user", "issue", "label", "milestone")
    )
    lists = {key: [of_issue, of_label, of_milestone] for key in KEYS_OF_OTHERS}
    return archive(
        directory,
        attributes(id=project, namespace_id=group, creator_id=user, pool_repository_id=1, organization_id=1, **lists),
        attributes("group_1", id=group, parent_id=group, owner_id=user, traversal_ids=[group], **lists),
        records(
            "issues",
            issue(
                1,
                id=of_issue,
                project_id=project,
                namespace_id=group,
                milestone_id=of_milestone,
                moved_to_id=of_issue,
                duplicated_to_id=of_issue,
                **lists,
                notes=[note("mine", id=1, noteable_id=of_issue, project_id=project, review_id=1, namespace_id=group)],
                label_links=[
                    {"target_type": "Issue", "target_id": of_issue, "label_id": of_label, "label": label("own")}
                ],
                milestone={"title": "own", "iid": 1, "id": of_milestone, "project_id": project, "group_id": group},
                issue_assignees=[{"user_id": user, "issue_id": of_issue}],
            ),
        ),
        records("boards", {"project_id": project, "group_id": group, "milestone_id": of_milestone, "name": "own"}),
    )


def rendered(directory: Path) -> Path:
    """Everything that a page would show as it is: rendered fields, colours, links, names of classes."""
    bad_link = "javascript:alert(1)"
    return archive(
        directory,
        attributes(description_html=SCRIPT, cached_markdown_version=9_999_999),
        records(
            "labels",
            label("style", color="red;background:url(https://evil.example)", description_html=SCRIPT),
            label("script", color=f'"{SCRIPT}'),
            label("good", color="#fFf"),
        ),
        records(
            "issues",
            issue(
                1,
                title_html=SCRIPT,
                description_html=SCRIPT,
                cached_markdown_version=9_999_999,
                notes=[note("text", note_html=SCRIPT, cached_markdown_version=9_999_999, type=SCRIPT)],
                award_emoji=[{"name": f'x" {SCRIPT}', "user_id": 7, "created_at": MOMENT, "updated_at": MOMENT}],
                zoom_meetings=[{"url": bad_link, "issue_status": "added"}],
            ),
        ),
        records(
            "project_badges",
            {"link_url": bad_link, "image_url": "https://good.example/b.svg", "type": "ProjectBadge"},
            {"link_url": "https://good.example", "image_url": "data:text/html,x", "type": "ProjectBadge"},
            {
                "link_url": "https://good.example/%{project_path}",
                "image_url": "https://a.example/b",
                "type": "ProjectBadge",
            },
        ),
        records(
            "releases",
            {
                "tag": "v1",
                "author_id": 7,
                "created_at": MOMENT,
                "updated_at": MOMENT,
                "released_at": MOMENT,
                "description_html": SCRIPT,
                "links": [
                    {"name": "bad", "url": bad_link, "link_type": "other"},
                    {"name": "worse", "url": "https://x.example/\u202egnp", "link_type": SCRIPT},
                    {"name": "good", "url": "ftp://x.example/file", "link_type": "package"},
                ],
            },
        ),
        records("error_tracking_setting", {"api_url": "file:///etc/passwd", "project_name": "x"}),
        records("merge_requests", merge_request(1, merge_status=SCRIPT, state=SCRIPT)),
    )


def fetched(directory: Path, url: str) -> Path:
    """Attributes that an importer of old fetched: pictures, attachments, repositories, mirrors."""
    remote = {"remote_attachment_url": url, "remote_avatar_url": url, "remote_avatar_request_header": "Metadata: true"}
    return archive(
        directory,
        attributes(import_url=url, external_webhook_token="x", mirror=True, import_source=url, **remote),
        attributes("group_1", **remote, avatar=url),
        records("issues", issue(1, **remote, notes=[note(f"![]({url})", attachment=url, **remote)])),
        records("project_badges", {"link_url": url, "image_url": url, "type": "ProjectBadge"}),
        records("error_tracking_setting", {"api_url": url, "project_name": "x"}),
        records(
            "external_pull_requests",
            {
                "pull_request_iid": 1,
                "status": "open",
                "source_branch": "a",
                "target_branch": "b",
                "source_repository": url,
                "target_repository": url,
                "source_sha": "a" * 40,
                "target_sha": "b" * 40,
                "created_at": MOMENT,
                "updated_at": MOMENT,
            },
        ),
    )


def odd_json(directory: Path, *found: bytes) -> Path:
    """Lines that are odd as JSON, with a good one before and behind."""
    good = b'{"title":"%s","color":"#112233"}'
    return archive(directory, lines("labels", good % b"first", *found, good % b"last"))


def members(directory: Path, *levels: object, user_id: int = 7, entity: str = "project_7") -> Path:
    """Members with these levels, each another user."""
    relation = "project_members" if entity.startswith("project") else "members"
    return archive(
        directory,
        records(
            relation,
            *(member(level, user_id + number) for number, level in enumerate(levels)),
            entity=entity,
        ),
    )


def member(level: object, user_id: int, **more: Any) -> Record:
    """One member of the project."""
    return {"access_level": level, "user_id": user_id, "notification_level": 3, "created_at": MOMENT, **more}


def members_who_are(directory: Path, person: Mapping[str, Any], *, level: int) -> Path:
    """A member whom the archive calls by a name that somebody else has."""
    return archive(
        directory,
        records("user_contributions", person),
        records("project_members", member(level, int(person["id"]), user=dict(person))),
    )


def protections(directory: Path, *levels: object, user_id: int | None = None, group_id: int | None = None) -> Path:
    """A protected branch, tag and environment that let through these levels, a user and a group."""
    rules: list[Record] = [{"access_level": level, "created_at": MOMENT, "updated_at": MOMENT} for level in levels]
    if user_id is not None:
        rules.append({"user_id": user_id, "access_level": None})
    if group_id is not None:
        rules.append({"group_id": group_id, "access_level": None})
    branch = {
        "name": "main",
        "merge_access_levels": rules,
        "push_access_levels": rules,
        "unprotect_access_levels": rules,
    }
    return archive(
        directory,
        records("protected_branches", branch),
        records("protected_tags", {"name": "v*", "create_access_levels": rules}),
        records("protected_environments", {"name": "production", "deploy_access_levels": rules}),
    )


def schedules(directory: Path, user_id: int) -> Path:
    """A schedule that would run each minute, in the name of somebody."""
    return archive(
        directory,
        records(
            "pipeline_schedules",
            {
                "active": True,
                "cron": "* * * * *",
                "cron_timezone": "UTC",
                "description": "steal",
                "ref": "main",
                "owner_id": user_id,
                "next_run_at": MOMENT,
                "created_at": MOMENT,
                "updated_at": MOMENT,
                "variables": [{"key": "A", "value": "b"}],
            },
        ),
    )


def runners(directory: Path) -> Path:
    """A project that wants every runner around it, and a build with a token."""
    return archive(
        directory,
        attributes(shared_runners_enabled=True, runners_token="stolen", build_timeout=3600),
        records("ci_cd_settings", {"group_runners_enabled": True, "job_token_scope_enabled": False}),
        records(
            "auto_devops",
            {"enabled": True, "deploy_strategy": "continuous", "created_at": MOMENT, "updated_at": MOMENT},
        ),
    )


def forged_history(directory: Path, username: str, email: str) -> Path:
    """A merge request that somebody well known has approved and merged, and a comment of theirs."""
    person = {"id": 7, "username": username, "name": "Root", "public_email": email}
    return archive(
        directory,
        records("user_contributions", person),
        records(
            "merge_requests",
            merge_request(
                1,
                state="merged",
                merge_user_id=7,
                merge_commit_sha="a" * 40,
                approvals=[{"user_id": 7, "created_at": MOMENT, "updated_at": MOMENT}],
                metrics={"merged_by_id": 7, "merged_at": MOMENT, "created_at": MOMENT, "updated_at": MOMENT},
                notes=[note("approved", noteable_type="MergeRequest", author={"name": "Root"})],
            ),
        ),
    )
