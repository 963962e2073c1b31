"""What people do around anything: comment, react, plan, and the events that tell of it."""

from dataclasses import dataclass
from enum import Flag, auto

from demo.rows import Values
from demo.scene import Group, Project, Scene
from offline_transfer.forge.enums import EventAction, PushAction, PushRefType
from offline_transfer.forge.events import Event, PushEventPayload
from offline_transfer.forge.notes import AwardEmoji, Note, SystemNoteMetadata
from offline_transfer.forge.planning import LabelLink

Home = Group | Project


class Extra(Flag):
    """What may hang on a note; not every kind of note can have each."""

    NONE = 0
    EMOJI = auto()
    EVENTS = auto()
    SYSTEM = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """What is talked about: a record by its type and id, and where it lives."""

    home: Home
    type: str
    id: int
    extras: Extra


def add_event(scene: Scene, home: Home, target_type: str, target_id: int, action: EventAction) -> None:
    """An event of a group or project; one that tells of a push says what was pushed."""
    event_id = scene.rows.add(
        Event,
        **home.columns,
        author_id=scene.somebody(),
        **scene.times(),
        action=action,
        target_type=target_type,
        target_id=target_id,
        fingerprint=scene.words.digest() if target_id % 2 else None,
    )
    if action is EventAction.pushed:
        _add_payload(scene, event_id)


def add_events(scene: Scene, home: Home, target_type: str, target_id: int) -> None:
    """Two events on anything, one of them with the payload of a push."""
    add_event(scene, home, target_type, target_id, EventAction.created)
    add_event(scene, home, target_type, target_id, EventAction.pushed)


def add_emoji(scene: Scene, awardable_type: str, awardable_id: int, count: int) -> None:
    """Reactions of several people to a record."""
    for user in scene.random.sample(scene.people.humans, count):
        scene.rows.add(
            AwardEmoji,
            name=scene.words.emoji(),
            user_id=user.id,
            awardable_type=awardable_type,
            awardable_id=awardable_id,
            **scene.times(),
        )


def add_label_links(scene: Scene, target_type: str, target_id: int, labels: list[int]) -> None:
    """Labels on an issue, merge request or epic."""
    for label_id in labels:
        scene.rows.add(
            LabelLink,
            label_id=label_id,
            target_id=target_id,
            target_type=target_type,
            **scene.times(),
        )


def add_note(scene: Scene, target: Target, **values: object) -> int:
    """One note with the given columns, and a rendered text that must stay at home."""
    text = values.pop("note", None)
    return scene.rows.add(
        Note,
        **{
            "note": scene.words.paragraph() if text is None else text,
            "noteable_type": target.type,
            "noteable_id": target.id,
            "project_id": target.home.columns["project_id"],
            "author_id": scene.somebody(),
            **scene.times(),
            "discussion_id": scene.words.digest(),
            "note_html": f"<p>{scene.words.secret()}</p>",
            **values,
        },
    )


def add_discussion(scene: Scene, target: Target) -> None:
    """A comment, a thread that was resolved, and what the instance itself noted."""
    note_id = add_note(scene, target)
    if Extra.EMOJI in target.extras:
        add_emoji(scene, "Note", note_id, 2)
    if Extra.EVENTS in target.extras:
        add_event(scene, target.home, "Note", note_id, EventAction.commented)
        add_event(scene, target.home, "Note", note_id, EventAction.pushed)
    _add_thread(scene, target)
    if Extra.SYSTEM in target.extras:
        _add_system_note(scene, target)


def _add_thread(scene: Scene, target: Target) -> None:
    thread: Values = {"type": "DiscussionNote", "discussion_id": scene.words.digest()}
    add_note(
        scene,
        target,
        **thread,
        updated_by_id=scene.somebody(),
        last_edited_at=scene.clock.tick(),
        confidential=target.id % 2 == 0,
    )
    add_note(
        scene,
        target,
        **thread,
        resolved_at=scene.clock.tick(),
        resolved_by_id=scene.somebody(),
        resolved_by_push=target.id % 2 == 1,
    )


def _add_system_note(scene: Scene, target: Target) -> None:
    action, text, count = scene.random.choice(
        (
            ("commit", "added 3 commits\n\n<ul><li>abcdef12 - Measure</li></ul>", 3),
            ("title", "changed title from **{-C:\\old-}** to **{+C:\\new+}**", 0),
            ("cross_reference", "mentioned in issue #1", 0),
        )
    )
    scene.rows.add(
        SystemNoteMetadata,
        note_id=add_note(scene, target, note=text, system=True),
        commit_count=count,
        action=action,
        **scene.times(),
    )


def _add_payload(scene: Scene, event_id: int) -> None:
    is_tag = event_id % 3 == 0
    scene.rows.attach(
        PushEventPayload,
        event_id=event_id,
        commit_count=scene.random.randint(0, 9),
        action=PushAction.created if is_tag else PushAction.pushed,
        ref_type=PushRefType.tag if is_tag else PushRefType.branch,
        commit_from=scene.words.digest(),
        commit_to=scene.words.digest(),
        ref="v1.0-βήτα" if is_tag else "feature/лампа",
        commit_title=scene.words.title()[:70],
        ref_count=scene.random.randint(1, 5),
    )
