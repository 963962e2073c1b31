"""Issues with all that belongs to one."""

from itertools import cycle, islice

from demo.activity import Extra, Target, add_discussion, add_emoji, add_events, add_label_links, add_note
from demo.designs import add_designs
from demo.scene import Project, Scene
from offline_transfer.forge.enums import (
    HealthStatus,
    IssuableState,
    IssueType,
    ResourceEventAction,
    ResourceState,
    ZoomMeetingStatus,
)
from offline_transfer.forge.epics import EpicIssue
from offline_transfer.forge.events import (
    ResourceIterationEvent,
    ResourceLabelEvent,
    ResourceMilestoneEvent,
    ResourceStateEvent,
)
from offline_transfer.forge.issues import (
    IssuableSla,
    Issue,
    IssueAssignee,
    SentryIssue,
    Timelog,
    WorkItemDescription,
    ZoomMeeting,
)

TYPES = tuple(member for member in IssueType if member is not IssueType.epic)


def add_issues(scene: Scene, project: Project) -> list[int]:
    """The issues of a project, one with a note of a million bytes, and what was drawn for two of them."""
    positions = list(range(-scene.scale.issues * 100, scene.scale.issues * 1000, 513))[: scene.scale.issues]
    scene.random.shuffle(positions)
    issues = []
    for number in range(scene.scale.issues):
        # New issues have no place among the others yet.
        position = None if number % 6 == 5 else positions[number]
        issue_id = _add_issue(scene, project, number, position)
        issues.append(issue_id)
        _add_people_and_plans(scene, project, issue_id, number)
        _add_activity(scene, project, issue_id, number)
        _add_resource_events(scene, project, issue_id, number)
    talk = Target(project, "Issue", issues[0], Extra.NONE)
    add_note(scene, talk, note=scene.words.long_text())
    add_note(scene, talk, note="")
    add_designs(scene, project, issues[:2])
    return issues


def _add_issue(scene: Scene, project: Project, number: int, position: int | None) -> int:
    is_closed = number % 3 == 0
    milestones = project.all_milestones()
    return scene.rows.add(
        Issue,
        title=scene.words.title(),
        author_id=scene.somebody(),
        project_id=project.id,
        **scene.times(),
        description=(scene.words.paragraph(), "", None)[number % 3],
        description_html=f"<p>{scene.words.secret()}</p>",
        milestone_id=milestones[number % len(milestones)] if number % 4 != 3 else None,
        iid=number + 1,
        updated_by_id=scene.somebody() if number % 2 == 0 else None,
        weight=number % 9 if number % 2 == 0 else None,
        confidential=number % 7 == 3,
        due_date=scene.clock.day(20) if number % 2 == 0 else None,
        lock_version=number % 5,
        time_estimate=3600 * number,
        relative_position=position,
        last_edited_at=scene.clock.tick() if number % 2 == 0 else None,
        last_edited_by_id=scene.somebody() if number % 2 == 0 else None,
        discussion_locked=(True, None, False)[number % 3],
        closed_at=scene.clock.tick() if is_closed else None,
        closed_by_id=scene.somebody() if is_closed else None,
        state_id=IssuableState.closed if is_closed else IssuableState.opened,
        health_status=(*HealthStatus, None)[number % 4],
        sprint_id=_iteration(project, number) if number % 4 != 3 else None,
        issue_type=TYPES[number % len(TYPES)],
    )


def _add_people_and_plans(scene: Scene, project: Project, issue_id: int, number: int) -> None:
    for user in scene.random.sample(scene.people.humans, 1 + number % 3):
        scene.rows.attach(IssueAssignee, user_id=user.id, issue_id=issue_id)
    _add_meetings(scene, project, issue_id)
    scene.rows.attach(
        WorkItemDescription,
        **scene.times(),
        work_item_id=issue_id,
        last_edited_at=scene.clock.tick(),
        last_edited_by_id=scene.somebody(),
        description=scene.words.paragraph(),
    )
    if number % 2 == 0:
        scene.rows.add(SentryIssue, issue_id=issue_id, sentry_issue_identifier=2**40 + issue_id)
        scene.rows.add(IssuableSla, issue_id=issue_id, due_at=scene.clock.later(2))
    if number % 3 != 2:
        epics = [epic for group in project.group.line() for epic in group.epics]
        scene.rows.add(EpicIssue, epic_id=epics[number % len(epics)], issue_id=issue_id)
    add_label_links(
        scene, "WorkItem" if number % 5 == 4 else "Issue", issue_id, scene.random.sample(project.all_labels(), 3)
    )


def _add_meetings(scene: Scene, project: Project, issue_id: int) -> None:
    for status in ZoomMeetingStatus:
        scene.rows.add(
            ZoomMeeting,
            issue_id=issue_id,
            project_id=project.id,
            issue_status=status,
            url=f"https://zoom.example/j/{issue_id}{status.value}?pwd=öffentlich",
            **scene.times(),
        )


def _add_activity(scene: Scene, project: Project, issue_id: int, number: int) -> None:
    add_emoji(scene, "Issue", issue_id, number % 3)
    add_events(scene, project, "WorkItem" if number % 5 == 4 else "Issue", issue_id)
    add_discussion(scene, Target(project, "Issue", issue_id, Extra.EMOJI | Extra.EVENTS | Extra.SYSTEM))
    target = Target(project, "Issue", issue_id, Extra.NONE)
    for time_spent in (5400, -600):
        scene.rows.add(
            Timelog,
            time_spent=time_spent,
            user_id=scene.somebody(),
            issue_id=issue_id,
            project_id=project.id,
            note_id=add_note(scene, target, note=f"added {time_spent} s of time spent", system=True),
            spent_at=scene.clock.tick(),
            summary=scene.words.title() if time_spent > 0 else None,
            **scene.times(),
        )


def _add_resource_events(scene: Scene, project: Project, issue_id: int, number: int) -> None:
    rows, clock = scene.rows, scene.clock
    who = scene.somebody
    for action, label_id, milestone_id, iteration_id in zip(
        ResourceEventAction,
        islice(cycle(project.all_labels()), number, None),
        islice(cycle(project.all_milestones()), number, None),
        islice(cycle(_iterations(project)), number, None),
        strict=False,
    ):
        event = {"issue_id": issue_id, "action": action}
        rows.add(ResourceLabelEvent, **event, label_id=label_id, user_id=who(), created_at=clock.tick())
        rows.add(
            ResourceMilestoneEvent,
            **event,
            milestone_id=milestone_id,
            state=IssuableState.opened,
            user_id=who(),
            created_at=clock.tick(),
        )
        rows.add(ResourceIterationEvent, **event, iteration_id=iteration_id, user_id=who(), created_at=clock.tick())
    for state in (ResourceState.closed, ResourceState.reopened):
        rows.add(
            ResourceStateEvent,
            issue_id=issue_id,
            state=state,
            user_id=who(),
            created_at=clock.tick(),
            source_commit=scene.words.digest() if state is ResourceState.closed else None,
            close_after_error_tracking_resolve=number % 2 == 0,
            close_auto_resolve_prometheus_alert=number % 2 == 1,
        )


def _iterations(project: Project) -> list[int]:
    return [iteration for group in project.group.line() for iteration in group.iterations]


def _iteration(project: Project, number: int) -> int:
    iterations = _iterations(project)
    return iterations[number % len(iterations)]
