"""Merge requests with all that belongs to one."""

from itertools import cycle, islice

from demo.activity import Extra, Target, add_discussion, add_emoji, add_events, add_label_links
from demo.code import Change, Code
from demo.review import add_review
from demo.scene import Project, Scene
from demo.versions import CommitUsers, add_versions
from offline_transfer.forge.enums import IssuableState, ResourceEventAction, ResourceState, ReviewerState
from offline_transfer.forge.events import ResourceLabelEvent, ResourceMilestoneEvent, ResourceStateEvent
from offline_transfer.forge.issues import Timelog
from offline_transfer.forge.merge_requests import (
    Approval,
    MergeRequest,
    MergeRequestAssignee,
    MergeRequestMetrics,
    MergeRequestReviewer,
)


def add_merge_requests(scene: Scene, project: Project, code: Code, users: CommitUsers, fork_id: int) -> list[int]:
    """One merge request for each change of the code; the one from a fork has the fork's id."""
    found = []
    for change in code.changes:
        source_id = fork_id if change.is_from_fork else project.id
        merge_request_id = _add_merge_request(scene, project, code, change, source_id)
        found.append(merge_request_id)
        _add_people(scene, merge_request_id)
        _add_metrics(scene, project, change, merge_request_id)
        _add_activity(scene, project, merge_request_id)
        _add_resource_events(scene, project, change, merge_request_id)
        add_versions(scene, project, users, change, merge_request_id)
        add_review(scene, project, change, merge_request_id)
    return found


def _add_merge_request(scene: Scene, project: Project, code: Code, change: Change, source_id: int) -> int:
    number = change.iid
    milestones = project.all_milestones()
    return scene.rows.add(
        MergeRequest,
        **_outcome(scene, change),
        target_branch=code.default_branch,
        source_branch=change.branch,
        source_project_id=source_id,
        target_project_id=project.id,
        author_id=scene.somebody(),
        title=scene.words.title(),
        **scene.times(),
        milestone_id=milestones[number % len(milestones)] if number % 4 else None,
        iid=number,
        description=(scene.words.paragraph(), "", None)[number % 3],
        updated_by_id=scene.somebody() if number % 2 else None,
        merge_params={"force_remove_source_branch": str(number % 2), "note": 'C:\\new \\u0000 "quoted" 🚢', "n": None},
        approvals_before_merge=number % 3,
        lock_version=number,
        time_estimate=1800 * number,
        squash=number % 2 == 0,
        last_edited_at=scene.clock.tick(),
        last_edited_by_id=scene.somebody(),
        discussion_locked=(True, None)[number % 2],
        allow_maintainer_to_push=number % 2 == 0,
        state_id=change.state,
        draft=change.state is IssuableState.opened and number % 2 == 0,
        source_branch_sha=change.shas[-1],
        target_branch_sha=change.base,
    )


def _outcome(scene: Scene, change: Change) -> dict[str, object]:
    """The columns that say how far merging has come."""
    merged = change.state is IssuableState.merged
    return {
        "merge_status": "can_be_merged" if merged else scene.random.choice(("unchecked", "cannot_be_merged")),
        "merge_error": "Conflict in `docs/note 1 \\ ß.md`" if change.state is IssuableState.closed else None,
        "merge_user_id": scene.somebody() if merged else None,
        "merge_commit_sha": change.merge_sha,
        "rebase_commit_sha": change.shas[-1] if merged else None,
        "in_progress_merge_commit_sha": change.merge_sha,
        "squash_commit_sha": change.shas[0] if merged else None,
        "merge_ref_sha": change.shas[-1],
    }


def _add_people(scene: Scene, merge_request_id: int) -> None:
    link = {"merge_request_id": merge_request_id}
    approving, reviewing, assigned = (scene.random.sample(scene.people.humans, count) for count in (2, 3, 1))
    for user in approving:
        scene.rows.add(Approval, **link, user_id=user.id, **scene.times())
    for user in reviewing:
        state = scene.random.choice(tuple(ReviewerState))
        scene.rows.add(MergeRequestReviewer, **link, user_id=user.id, created_at=scene.clock.tick(), state=state)
    for user in assigned:
        scene.rows.add(MergeRequestAssignee, **link, user_id=user.id, created_at=scene.clock.tick())


def _add_metrics(scene: Scene, project: Project, change: Change, merge_request_id: int) -> None:
    merged = change.state is IssuableState.merged
    closed = change.state is IssuableState.closed
    tick = scene.clock.tick
    files = change.diffs[-1]
    scene.rows.add(
        MergeRequestMetrics,
        merge_request_id=merge_request_id,
        target_project_id=project.id,
        latest_build_started_at=tick(),
        latest_build_finished_at=tick(),
        first_deployed_to_production_at=tick() if merged else None,
        merged_at=tick() if merged else None,
        merged_by_id=scene.somebody() if merged else None,
        latest_closed_by_id=scene.somebody() if closed else None,
        latest_closed_at=tick() if closed else None,
        **scene.times(),
        first_comment_at=tick(),
        first_commit_at=change.commits[0].author.date,
        last_commit_at=change.commits[-1].author.date,
        diff_size=sum(len(file.diff.splitlines()) for file in files),
        modified_paths_size=len(files),
        commits_count=len(change.shas),
        first_approved_at=tick(),
        first_reassigned_at=tick(),
        added_lines=sum(file.count("+") for file in files),
        removed_lines=sum(file.count("-") for file in files),
    )


def _add_activity(scene: Scene, project: Project, merge_request_id: int) -> None:
    add_emoji(scene, "MergeRequest", merge_request_id, 2)
    add_events(scene, project, "MergeRequest", merge_request_id)
    add_label_links(scene, "MergeRequest", merge_request_id, scene.random.sample(project.all_labels(), 2))
    extras = Extra.EMOJI | Extra.EVENTS | Extra.SYSTEM
    add_discussion(scene, Target(project, "MergeRequest", merge_request_id, extras))
    scene.rows.add(
        Timelog,
        time_spent=900,
        user_id=scene.somebody(),
        merge_request_id=merge_request_id,
        project_id=project.id,
        spent_at=scene.clock.tick(),
        summary=scene.words.title(),
        **scene.times(),
    )


def _add_resource_events(scene: Scene, project: Project, change: Change, merge_request_id: int) -> None:
    for action, label_id, milestone_id in zip(
        ResourceEventAction,
        islice(cycle(project.all_labels()), change.iid, None),
        islice(cycle(project.all_milestones()), change.iid, None),
        strict=False,
    ):
        event = {"merge_request_id": merge_request_id, "action": action}
        scene.rows.add(
            ResourceLabelEvent, **event, label_id=label_id, user_id=scene.somebody(), created_at=scene.clock.tick()
        )
        scene.rows.add(
            ResourceMilestoneEvent,
            **event,
            milestone_id=milestone_id,
            state=IssuableState.merged,
            user_id=scene.somebody(),
            created_at=scene.clock.tick(),
        )
    for state in (ResourceState.closed, ResourceState.reopened, ResourceState.merged):
        scene.rows.add(
            ResourceStateEvent,
            merge_request_id=merge_request_id,
            state=state,
            user_id=scene.somebody(),
            created_at=scene.clock.tick(),
            source_commit=change.merge_sha,
        )
