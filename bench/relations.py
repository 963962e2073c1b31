"""The relations of a GitLab-shaped project, record by record.

Proportions are those of a large project of many years: most bytes are merge requests (diffs, commits, notes), then issues with
their notes, then pipelines with their jobs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.shapes import (
    DIFF_CHARACTERS,
    LABELS,
    MEMBERS,
    PROJECT_ID,
    Record,
    Shapes,
)

LONG_DISCUSSION_EVERY = 150
LARGE_DIFF_EVERY = 200
STAGES = ("build", "test", "deploy")
JOBS = ("compile", "lint", "rspec 1/3", "rspec 2/3", "rspec 3/3", "jest", "docs", "deploy:staging")
STATUSES = ("success", "success", "success", "failed", "canceled", "running")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records of the first level a project has."""

    issues: int
    merge_requests: int
    pipelines: int


def relations(shapes: Shapes, counts: Counts) -> Iterator[tuple[str, Iterator[Record]]]:
    """The relations of a project in the order of the tree, each with its records."""
    yield "labels", iter(shapes.labels)
    yield "milestones", iter(shapes.milestones)
    yield "issues", (_issue(shapes, number, counts) for number in range(counts.issues))
    yield "releases", (_release(shapes, number) for number in range(40))
    yield "project_members", (_member(shapes, number) for number in range(MEMBERS))
    yield "merge_requests", (_merge_request(shapes, number, counts) for number in range(counts.merge_requests))
    yield "ci_pipelines", (_pipeline(shapes, number, counts) for number in range(counts.pipelines))
    yield "protected_branches", iter([_protected_branch(shapes)])
    yield "boards", iter([_board(shapes)])
    yield "user_contributions", (dict(user) for user in shapes.users)


def _issue(shapes: Shapes, number: int, counts: Counts) -> Record:
    below, part = shapes.texts.below, number / counts.issues
    notes = 200 if number % LONG_DISCUSSION_EVERY == 100 else shapes.texts.size(2, 60)
    return shapes.record(
        "issues",
        iid=number + 1,
        title=shapes.texts.title(),
        description=shapes.texts.prose(shapes.texts.size(500, 20_000)),
        author_id=shapes.user_id(),
        project_id=PROJECT_ID,
        state=("opened", "closed", "closed")[below(3)],
        relative_position=(number + 1) * 513,
        work_item_type={"base_type": "issue"},
        notes=[shapes.note("issues.notes", "Issue", part) for _ in range(notes)],
        events=[shapes.event("issues", "Issue", part) for _ in range(1 + below(2))],
        label_links=shapes.label_links("issues", "Issue", part),
        award_emoji=shapes.emoji("issues", "Issue", part),
        milestone=shapes.milestone("issues.milestone"),
        issue_assignees=[{"user_id": user_id} for user_id in shapes.distinct_users(2)],
        timelogs=[],
        **shapes.history("issues", part),
        **shapes.stamps(part),
    )


def _merge_request(shapes: Shapes, number: int, counts: Counts) -> Record:
    below, part = shapes.texts.below, number / counts.merge_requests
    stamps = shapes.stamps(part)
    notes = 200 if number % LONG_DISCUSSION_EVERY == 100 else shapes.texts.size(3, 80)
    return shapes.record(
        "merge_requests",
        iid=number + 1,
        title=shapes.texts.title(),
        description=shapes.texts.prose(shapes.texts.size(400, 10_000)),
        target_branch="main",
        source_branch=f"{number}-{shapes.texts.word()}",
        source_project_id=PROJECT_ID if below(8) else None,
        target_project_id=PROJECT_ID,
        author_id=shapes.user_id(),
        state=("opened", "closed", "merged", "merged", "merged")[below(5)],
        merge_status="can_be_merged",
        merge_params={"force_remove_source_branch": "1"},
        merge_commit_sha=shapes.texts.sha(number),
        allow_maintainer_to_push=True,
        notes=[_review_note(shapes, part) for _ in range(notes)],
        merge_request_diff=_diff(shapes, number, part),
        events=[shapes.event("merge_requests", "MergeRequest", part) for _ in range(1 + below(3))],
        label_links=shapes.label_links("merge_requests", "MergeRequest", part),
        award_emoji=shapes.emoji("merge_requests", "MergeRequest", part),
        milestone=shapes.milestone("merge_requests.milestone"),
        approvals=[shapes.record("merge_requests.approvals", user_id=user_id, **stamps)
                   for user_id in shapes.distinct_users(2)],
        merge_request_assignees=[{"user_id": user_id, "created_at": stamps["created_at"]}
                                 for user_id in shapes.distinct_users(1)],
        merge_request_reviewers=[{"user_id": user_id, "created_at": stamps["created_at"], "state": "unreviewed"}
                                 for user_id in shapes.distinct_users(2)],
        metrics=shapes.record("merge_requests.metrics", target_project_id=PROJECT_ID, merged_by_id=shapes.user_id(),
                              merged_at=stamps["created_at"], **stamps),
        **shapes.history("merge_requests", part),
        **stamps,
    )  # fmt: skip


def _review_note(shapes: Shapes, part: float) -> Record:
    """A comment on a merge request; some are on a line of its diff."""
    path = "merge_requests.notes"

    def on_a_line() -> Record:
        if shapes.texts.below(5):
            return {}
        line, file = shapes.texts.below(900), shapes.texts.path()
        position = {
            "base_sha": shapes.texts.sha(1), "start_sha": shapes.texts.sha(1), "head_sha": shapes.texts.sha(2),
            "old_path": file, "new_path": file, "position_type": "text", "old_line": None, "new_line": line,
            "line_range": None,
        }  # fmt: skip
        diff = shapes.record(
            f"{path}.note_diff_file", new_path=file, old_path=file, a_mode="100644", b_mode="100644",
            diff_export=shapes.texts.diff(600),
        )  # fmt: skip
        return {
            "type": "DiffNote", "line_code": f"{shapes.texts.sha(line)}_{line}_{line}", "position": position,
            "original_position": position, "note_diff_file": diff,
        }  # fmt: skip

    return shapes.note(path, "MergeRequest", part, on_a_line)


def _diff(shapes: Shapes, number: int, part: float) -> Record:
    path = "merge_requests.merge_request_diff"
    large = number % LARGE_DIFF_EVERY == 150
    commits = 60 if large else shapes.texts.size(1, 40)
    files = 120 if large else shapes.texts.size(2, 60)
    return shapes.record(
        path,
        state="collected",
        base_commit_sha=shapes.texts.sha(number),
        head_commit_sha=shapes.texts.sha(number),
        start_commit_sha=shapes.texts.sha(number),
        real_size=str(files),
        commits_count=commits,
        files_count=files,
        diff_type="regular",
        merge_request_diff_commits=[
            shapes.commit(f"{path}.merge_request_diff_commits", order, part, newest=part > 0.6)
            for order in range(commits)
        ],
        merge_request_diff_files=[_diff_file(shapes, path, order, is_first_of_large=large and order == 0)
                                  for order in range(files)],
        **shapes.stamps(part),
    )  # fmt: skip


def _diff_file(shapes: Shapes, path: str, order: int, *, is_first_of_large: bool) -> Record:
    file = shapes.texts.path()
    length = DIFF_CHARACTERS if is_first_of_large else shapes.texts.size(350, DIFF_CHARACTERS // 2)
    return shapes.record(
        f"{path}.merge_request_diff_files",
        relative_order=order,
        new_path=file,
        old_path=file,
        a_mode="100644",
        b_mode="100644",
        new_file=shapes.texts.below(6) == 0,
        utf8_diff=shapes.texts.diff(length),
    )


def _pipeline(shapes: Shapes, number: int, counts: Counts) -> Record:
    below, part = shapes.texts.below, number / counts.pipelines
    stamps, sha = shapes.stamps(part), shapes.texts.sha(number)
    status = STATUSES[below(len(STATUSES))]
    return shapes.record(
        "ci_pipelines",
        iid=number + 1,
        ref=f"refs/heads/{shapes.texts.word()}",
        sha=sha,
        before_sha="0" * 40,
        project_id=PROJECT_ID,
        status=status,
        source="push",
        user_id=shapes.user_id(),
        started_at=stamps["created_at"],
        duration=below(4000),
        merge_request=shapes.stub_of_merge_request(1 + below(counts.merge_requests), part) if below(2) else None,
        stages=[
            shapes.record(
                "ci_pipelines.stages",
                name=stage,
                status=("success", "failed")[below(9) == 0],
                position=position,
                project_id=PROJECT_ID,
                builds=[_build(shapes, position, stamps) for _ in range(1 + below(5))],
                **stamps,
            )
            for position, stage in enumerate(STAGES)
        ],
        **stamps,
    )


def _build(shapes: Shapes, stage: int, stamps: dict[str, str]) -> Record:
    below = shapes.texts.below
    return shapes.record(
        "ci_pipelines.stages.builds",
        name=JOBS[below(len(JOBS))],
        type="Ci::Build",
        status=STATUSES[below(len(STATUSES))],
        stage_idx=stage,
        project_id=PROJECT_ID,
        user_id=shapes.user_id(),
        ref="main",
        coverage=None if below(4) else 50 + below(500) / 10,
        started_at=stamps["created_at"],
        finished_at=stamps["created_at"],
        queued_at=stamps["created_at"],
        scheduling_type="stage",
        **stamps,
    )


def _member(shapes: Shapes, number: int) -> Record:
    user = shapes.users[number]
    return shapes.record(
        "project_members",
        access_level=(10, 20, 30, 30, 40)[number % 5],
        source_type="Project",
        user_id=user["id"],
        notification_level=3,
        user=user,
        **shapes.stamps(0),
    )


def _release(shapes: Shapes, number: int) -> Record:
    part = number / 40
    return shapes.record(
        "releases",
        tag=f"v{number}.0",
        name=f"v{number}.0",
        sha=shapes.texts.sha(number),
        description=shapes.texts.prose(900),
        project_id=PROJECT_ID,
        author_id=shapes.user_id(),
        released_at=shapes.texts.moment(part),
        milestone_releases=[
            {"milestone": shapes.nested("releases.milestone_releases.milestone", shapes.milestones[number])}
        ],
        **shapes.stamps(part),
    )


def _protected_branch(shapes: Shapes) -> Record:
    stamps = shapes.stamps(0)
    levels = {
        f"{name}_access_levels": [shapes.record(f"protected_branches.{name}_access_levels", access_level=40, **stamps)]
        for name in ("merge", "push")
    }
    return shapes.record("protected_branches", name="main", project_id=PROJECT_ID, **levels, **stamps)


def _board(shapes: Shapes) -> Record:
    stamps = shapes.stamps(0)
    lists = [
        shapes.record("boards.lists", list_type="label", position=number, label=shapes.labels[number], **stamps)
        for number in range(0, LABELS, 10)
    ]
    return shapes.record("boards", name="Development", project_id=PROJECT_ID, lists=lists, **stamps)
