"""Epics and their boards."""

from demo.activity import Extra, Target, add_discussion, add_emoji, add_events, add_label_links
from demo.scene import Group, Scene
from offline_transfer.forge.boards import EpicBoard, EpicList
from offline_transfer.forge.enums import EpicListType, IssuableState, ResourceState
from offline_transfer.forge.epics import Epic
from offline_transfer.forge.events import ResourceStateEvent


def add_epics(scene: Scene, group: Group) -> None:
    """Epics of a group: some stand below others, the first of a subgroup below one of the group above it."""
    for number in range(scene.scale.epics):
        parent_id = None
        if number:
            parent_id = group.epics[(number - 1) // 2]
        elif group.parent is not None:
            parent_id = group.parent.epics[-1]
        epic_id = _add_epic(scene, group, number, parent_id)
        group.epics.append(epic_id)
        add_emoji(scene, "Epic", epic_id, 1 + number % 2)
        add_events(scene, group, "Epic", epic_id)
        add_label_links(scene, "Epic", epic_id, scene.random.sample(group.labels, 2))
        add_discussion(scene, Target(group, "Epic", epic_id, Extra.EMOJI | Extra.EVENTS | Extra.SYSTEM))
        _add_states(scene, epic_id)


def add_epic_boards(scene: Scene, group: Group) -> None:
    """Two boards of epics."""
    for name in ("Route planning", "מפה \\ 🗺"):
        board_id = scene.rows.add(
            EpicBoard,
            group_id=group.id,
            name=name,
            hide_backlog_list=name != "Route planning",
            hide_closed_list=False,
            display_colors=name == "Route planning",
            **scene.times(),
        )
        _add_list(scene, group, board_id, EpicListType.backlog, None, None)
        for position, label_id in enumerate(group.labels[:3]):
            _add_list(scene, group, board_id, EpicListType.label, label_id, position)
        _add_list(scene, group, board_id, EpicListType.closed, None, None)


def _add_epic(scene: Scene, group: Group, number: int, parent_id: int | None) -> int:
    is_closed = number % 3 == 1
    return scene.rows.add(
        Epic,
        group_id=group.id,
        author_id=scene.somebody(),
        iid=number + 1,
        updated_by_id=scene.somebody(),
        last_edited_by_id=scene.somebody(),
        lock_version=number,
        start_date=scene.clock.day(0),
        end_date=scene.clock.day(90),
        last_edited_at=scene.clock.tick(),
        **scene.times(),
        # Issues name their epic by its title, so no two in one tree of groups have the same.
        title=f"{scene.words.title()} ({group.full_path} {number + 1})",
        description=("", scene.words.paragraph(), None)[number % 3],
        start_date_fixed=scene.clock.day(1),
        due_date_fixed=scene.clock.day(80),
        start_date_is_fixed=number % 2 == 0,
        due_date_is_fixed=number % 2 == 1,
        closed_by_id=scene.somebody() if is_closed else None,
        closed_at=scene.clock.tick() if is_closed else None,
        parent_id=parent_id,
        relative_position=number * 500 - 1000,
        state_id=IssuableState.closed if is_closed else IssuableState.opened,
        confidential=number % 4 == 3,
        color=f"#{scene.words.digest(6)}",
    )


def _add_states(scene: Scene, epic_id: int) -> None:
    for state in (ResourceState.closed, ResourceState.reopened):
        scene.rows.add(
            ResourceStateEvent,
            user_id=scene.somebody(),
            epic_id=epic_id,
            created_at=scene.clock.tick(),
            state=state,
        )


def _add_list(
    scene: Scene, group: Group, board_id: int, list_type: EpicListType, label_id: int | None, position: int | None
) -> None:
    scene.rows.add(
        EpicList,
        group_id=group.id,
        epic_board_id=board_id,
        label_id=label_id,
        position=position,
        list_type=list_type,
        **scene.times(),
    )
