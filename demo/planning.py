"""Labels, milestones, iterations and boards: what work is planned with."""

from itertools import count

from demo.activity import Home, add_events
from demo.scene import Group, Project, Scene
from offline_transfer.forge.boards import Board, BoardAssignee, BoardLabel, List
from offline_transfer.forge.enums import ListType
from offline_transfer.forge.iterations import Iteration, IterationsCadence
from offline_transfer.forge.planning import Label, LabelPriority, Milestone

# Titles that exist in a project must not exist in a group above it, as in GitLab; those that differ in case alone may.
GROUP_LABELS = ("kind::bug", "kind::feature", "priority \\ high", "🔥 urgent", 'needs "info"', "優先")
PROJECT_LABELS = ("Bug", "bug", "area::лампа", "good first issue", "a,b & <c>", "tab\there")
COLORS = ("#d9534f", "#428bca", "#5cb85c", "#f0ad4e", "#8e44ad", "#34495e")
MILESTONE_STATES = ("active", "closed")


def add_labels(scene: Scene, home: Home, titles: tuple[str, ...]) -> list[int]:
    """Labels of a group or project; the first one came from a template."""
    kind = "GroupLabel" if isinstance(home, Group) else "ProjectLabel"
    found = []
    for number, title in enumerate(titles):
        found.append(
            scene.rows.add(
                Label,
                **home.columns,
                title=title,
                color=COLORS[number % len(COLORS)],
                template=number == 0,
                description=(scene.words.title(), "", None)[number % 3],
                type=kind,
                **scene.times(),
            )
        )
    return found


def add_group_labels(scene: Scene, group: Group) -> None:
    """Labels of a group, under titles that no group above it has."""
    prefix = "" if group.parent is None else f"{group.full_path.rpartition('/')[2]}: "
    group.labels += add_labels(scene, group, tuple(prefix + title for title in GROUP_LABELS))


def add_project_labels(scene: Scene, project: Project) -> None:
    """Labels of a project; it gives priorities to its own and to those of the groups above."""
    project.labels += add_labels(scene, project, PROJECT_LABELS)
    for number, label_id in enumerate(project.all_labels()):
        scene.rows.add(
            LabelPriority,
            project_id=project.id,
            label_id=label_id,
            priority=number,
            **scene.times(),
        )


def add_milestones(scene: Scene, home: Home) -> list[int]:
    """Milestones of a group or project, with events."""
    name = home.full_path.rpartition("/")[2]
    titles = ("v1.0", "v2.0 \\ β") if isinstance(home, Project) else (f"Spring tide – {name}", f"{name} 2030 🎆")
    found = []
    for iid, title in enumerate(titles, start=1):
        milestone_id = scene.rows.add(
            Milestone,
            **home.columns,
            iid=iid,
            title=title,
            description=scene.words.paragraph(),
            start_date=scene.clock.day(0),
            due_date=scene.clock.day(30),
            state=MILESTONE_STATES[iid % 2],
            **scene.times(),
        )
        add_events(scene, home, "Milestone", milestone_id)
        found.append(milestone_id)
    return found


def add_iterations(scene: Scene, group: Group, first_iid: int) -> None:
    """A cadence with iterations; their iids begin where those of the groups above end, so that each names one alone."""
    cadence_id = scene.rows.add(
        IterationsCadence,
        group_id=group.id,
        title=f"Fortnights of {group.full_path} 🗓",
        description=scene.words.paragraph(),
        start_date=scene.clock.day(0),
        active=group.parent is None,
        roll_over=True,
        **scene.times(),
    )
    for number in range(3):
        group.iterations.append(
            scene.rows.add(
                Iteration,
                group_id=group.id,
                iid=first_iid + number,
                title=None,
                description=scene.words.paragraph() if number else None,
                start_date=scene.clock.day(14 * number),
                due_date=scene.clock.day(14 * number + 13),
                iterations_cadence_id=cadence_id,
                sequence=number + 1,
                **scene.times(),
            )
        )


def add_project_boards(scene: Scene, project: Project) -> None:
    """Two boards of a project."""
    for name, milestone_id in (("Development", None), ("発売 \\ Release", project.milestones[0])):
        board_id = _add_board(scene, project, name, milestone_id)
        positions = count()
        for label_id in project.all_labels()[:4]:
            _add_list(scene, board_id, ListType.label, next(positions), label_id=label_id)
        for milestone in project.all_milestones()[:2]:
            _add_list(scene, board_id, ListType.milestone, next(positions), milestone_id=milestone)
        _add_list(scene, board_id, ListType.assignee, next(positions), user_id=scene.human(board_id).id)
        _add_list(scene, board_id, ListType.backlog, None)
        _add_list(scene, board_id, ListType.closed, None)


def add_group_boards(scene: Scene, group: Group) -> None:
    """Two boards of a group, with a scope of labels, milestone and assignee."""
    for number, name in enumerate(("All hands", 'Навигация "2030"')):
        board_id = _add_board(scene, group, name, group.milestones[number])
        scene.rows.add(BoardAssignee, board_id=board_id, assignee_id=scene.human(number).id)
        for label_id in group.labels[number : number + 2]:
            scene.rows.add(BoardLabel, board_id=board_id, label_id=label_id)
        positions = count()
        for label_id in group.labels[:3]:
            _add_list(scene, board_id, ListType.label, next(positions), label_id=label_id)
        _add_list(scene, board_id, ListType.milestone, next(positions), milestone_id=group.milestones[number])
        _add_list(scene, board_id, ListType.iteration, next(positions), iteration_id=group.iterations[number])
        _add_list(scene, board_id, ListType.backlog, None)


def _add_board(scene: Scene, home: Home, name: str, milestone_id: int | None) -> int:
    return scene.rows.add(
        Board,
        **home.columns,
        name=name,
        milestone_id=milestone_id,
        weight=3 if milestone_id else None,
        hide_backlog_list=milestone_id is None,
        hide_closed_list=milestone_id is not None,
        **scene.times(),
    )


def _add_list(scene: Scene, board_id: int, list_type: ListType, position: int | None, **subject: int) -> None:
    empty = {"label_id": None, "milestone_id": None, "iteration_id": None, "user_id": None}
    scene.rows.add(
        List,
        **{**empty, **subject},
        board_id=board_id,
        list_type=list_type,
        position=position,
        max_issue_count=scene.random.randint(0, 9),
        max_issue_weight=scene.random.randint(0, 30),
        limit_metric=scene.random.choice(("all_metrics", "issue_count", None)),
        **scene.times(),
    )
