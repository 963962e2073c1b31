"""Fills an instance with groups and projects as people leave them behind."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from demo.attachments import LfsObjects
from demo.clock import Clock
from demo.groups import GroupPlan, add_group
from demo.people import add_people
from demo.projects import Contents, ProjectPlan, Shared, add_fork, add_project
from demo.rows import Rows
from demo.scene import Group, Scale, Scene
from demo.versions import CommitUsers
from demo.words import Words
from offline_transfer.db import Database
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be in the instance; groups stand before what is in them."""

    groups: tuple[GroupPlan, ...]
    projects: tuple[ProjectPlan, ...]
    scale: Scale

    @property
    def steps(self) -> int:
        """How often a filling tells what it does."""
        return len(self.groups) + len(self.projects)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made: full paths, the top-level groups among them, and the number of rows."""

    top_level_groups: tuple[str, ...]
    groups: tuple[str, ...]
    projects: tuple[str, ...]
    rows: int


DEMONSTRATION: Final = Plan(
    groups=(
        GroupPlan("harbour", "Harbour Systems 🚢", Visibility.public),
        GroupPlan("harbour/engineering", "Engineering | Инженерия", Visibility.internal),
        GroupPlan("harbour/engineering/platform", "プラットフォーム", Visibility.private),
        GroupPlan("harbour/design", 'Design & "Brand"', Visibility.public),
    ),
    projects=(
        ProjectPlan("harbour/handbook", "Handbook", Visibility.public),
        ProjectPlan("harbour/engineering/pilot", "Pilot 🧭", Visibility.internal, "trunk"),
        ProjectPlan("harbour/engineering/charts.and-tides", "Charts & tides \\ 海図", Visibility.internal),
        ProjectPlan("harbour/engineering/platform/Lighthouse", "Маяк", Visibility.private),
        ProjectPlan("harbour/design/flags", 'Flags "ß"', Visibility.public, "версия/2"),
        ProjectPlan("harbour/design/empty", "Empty", Visibility.private, contents=Contents.NOTHING),
    ),
    scale=Scale(issues=24, merge_requests=7, pipelines=9, epics=6, commits=10),
)


def fill(
    database: Database,
    repositories: Repositories,
    files: Files,
    *,
    seed: int,
    plan: Plan = DEMONSTRATION,
    announce: Callable[[str], None] = lambda _: None,
) -> Filled:
    """Fills an empty instance in one transaction; the same seed and plan give the same instance.

    `announce` is told the full path of each group and project before it is made.
    """
    random = Random(seed)  # noqa: S311 - made-up data, the same each time
    words, clock = Words(random), Clock(random)
    with database.session() as session:
        rows = Rows(session)
        scene = Scene(
            random=random,
            words=words,
            clock=clock,
            rows=rows,
            repositories=repositories,
            files=files,
            people=add_people(rows, words, clock),
            scale=plan.scale,
        )
        groups = _add_groups(scene, plan, announce)
        shared = Shared(LfsObjects(scene), CommitUsers(rows), add_fork(scene, scene.human(4)))
        for project in plan.projects:
            announce(project.full_path)
            add_project(scene, project, groups[project.full_path.rpartition("/")[0]], shared)
        written = rows.write()
    return Filled(
        tuple(path for path in groups if "/" not in path),
        tuple(groups),
        tuple(project.full_path for project in plan.projects),
        written,
    )


def _add_groups(scene: Scene, plan: Plan, announce: Callable[[str], None]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for number, group in enumerate(plan.groups):
        announce(group.full_path)
        groups[group.full_path] = add_group(scene, group, groups.get(group.full_path.rpartition("/")[0]), number)
    return groups
