"""Records in the shape that GitLab gives them: every attribute of the relation files present, most of them null.

The shapes come from the relation files themselves, so a workload is valid for the tree that it is imported through.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Boolean, Integer

from bench.texts import Texts
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import AnyColumn, Direction, RelationNode
from offline_transfer.types import PortableKind

Record = dict[str, Any]

PROJECT_ID: Final = 278964
USERS: Final = 300
MEMBERS: Final = 120
LABELS: Final = 90
MILESTONES: Final = 40
COMMIT_PEOPLE: Final = 240
EMOJI: Final = ("thumbsup", "thumbsdown", "tada", "heart", "eyes", "rocket")
SYSTEM_ACTIONS: Final = ("commit", "label", "milestone", "title", "assignee", "cross_reference")
DIFF_CHARACTERS: Final = 100_000
"""The longest diff of one file: GitLab keeps no longer ones."""


class Shapes:
    """Makes the parts that records of several relations have in common."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._blank = {node.path: _blank(node) for node in tree(PortableKind.PROJECT).root.walk()}
        below, word = texts.below, texts.word
        self.users = [
            {
                "id": 1000 + number,
                "public_email": f"{word()}{number}@example.com" if below(3) else "",
                "username": f"{word()}{number}",
                "name": f"{word().title()} {word().title()}",
            }
            for number in range(USERS)
        ]
        self.labels = [self._label(number) for number in range(LABELS)]
        self.milestones = [self._milestone(number) for number in range(MILESTONES)]
        self.people = [
            {"name": f"{word().title()} {word().title()}", "email": f"{word()}{number}@example.com"}
            for number in range(COMMIT_PEOPLE)
        ]
        self._commits = 0

    def record(self, path: str, **given: Any) -> Record:
        """A record of a relation path: what is given, and every other attribute and relation empty."""
        return {**self._blank[path], **given}

    def user_id(self) -> int:
        """One of the users; a tenth of them does most of the work."""
        below = self.texts.below
        return 1000 + (below(USERS // 10) if below(2) else below(USERS))

    def distinct_users(self, most: int) -> list[int]:
        """Up to `most` different users."""
        return list(dict.fromkeys(self.user_id() for _ in range(self.texts.below(most + 1))))

    def stamps(self, part: float) -> dict[str, str]:
        """When something was created and updated."""
        moment = self.texts.moment(part)
        return {"created_at": moment, "updated_at": moment}

    def event(self, path: str, target_type: str, part: float) -> Record:
        """Something that happened to a target."""
        return self.record(
            f"{path}.events",
            project_id=PROJECT_ID,
            target_type=target_type,
            action="commented" if target_type == "Note" else "created",
            author_id=self.user_id(),
            **self.stamps(part),
        )

    def emoji(self, path: str, awardable: str, part: float) -> list[Record]:
        """What people think of it, seldom anything."""
        below = self.texts.below
        return [
            self.record(
                f"{path}.award_emoji",
                user_id=user_id,
                name=EMOJI[below(len(EMOJI))],
                awardable_type=awardable,
                **self.stamps(part),
            )
            for user_id in (self.distinct_users(4) if below(8) == 0 else ())
        ]

    def label_links(self, path: str, target_type: str, part: float) -> list[Record]:
        """Links to labels, each with the whole label inside, as GitLab nests them."""
        below = self.texts.below
        chosen = {below(LABELS) for _ in range(below(4))}
        return [
            self.record(f"{path}.label_links", target_type=target_type, label=self.labels[number], **self.stamps(part))
            for number in sorted(chosen)
        ]

    def history(self, path: str, part: float) -> dict[str, list[Record]]:
        """The resource events of an issue or merge request."""
        below, moment = self.texts.below, self.texts.moment(part)
        labels = [
            self.record(
                f"{path}.resource_label_events",
                action=("add", "remove")[below(2)],
                user_id=self.user_id(),
                created_at=moment,
                label=self.labels[below(LABELS)],
            )
            for _ in range(below(4))
        ]
        states = [
            self.record(
                f"{path}.resource_state_events", user_id=self.user_id(), state="closed", created_at=moment,
                close_after_error_tracking_resolve=False, close_auto_resolve_prometheus_alert=False,
            )
            for _ in range(below(2))
        ]  # fmt: skip
        milestones = [
            self.record(
                f"{path}.resource_milestone_events", user_id=self.user_id(), action="add", created_at=moment,
                state="opened", milestone=self.milestone(f"{path}.resource_milestone_events.milestone"),
            )
            for _ in range(below(5) == 0)
        ]  # fmt: skip
        return {
            "resource_label_events": labels,
            "resource_state_events": states,
            "resource_milestone_events": milestones,
        }

    def milestone(self, path: str) -> Record | None:
        """One of the milestones as it stands at a path, or none for every third."""
        below = self.texts.below
        return self.nested(path, self.milestones[below(MILESTONES)]) if below(3) else None

    def nested(self, path: str, record: Record) -> Record:
        """A record of the first level where another holds it: without what the tree does not keep there."""
        blank = self._blank[path]
        return {key: value for key, value in record.items() if key in blank}

    def note(self, path: str, noteable: str, part: float, more: Callable[[], Mapping[str, Any]] = dict) -> Record:
        """A comment; a third of them is written by the system."""
        below = self.texts.below
        system = below(3) == 0
        author = self.user_id()
        given: Record = {
            "note": self.texts.prose(30 + below(60) if system else self.texts.size(220, 12_000)),
            "noteable_type": noteable,
            "author_id": author,
            "project_id": PROJECT_ID,
            "system": system,
            "discussion_id": self.texts.sha(below(1 << 30)),
            "author": {"name": self.users[author - 1000]["name"]},
            **self.stamps(part),
        }
        if system:
            given["system_note_metadata"] = self.record(
                f"{path}.system_note_metadata", action=SYSTEM_ACTIONS[below(len(SYSTEM_ACTIONS))], **self.stamps(part)
            )
        else:
            given["events"] = [self.event(path, "Note", part)]
            given["award_emoji"] = self.emoji(path, "Note", part)
            given.update(more())
        return self.record(path, **given)

    def commit(self, path: str, order: int, part: float, *, newest: bool) -> Record:
        """A commit of a diff. Newer versions of GitLab keep what it says beside it, where several diffs share it."""
        below = self.texts.below
        self._commits += 1
        author, committer = self.people[below(COMMIT_PEOPLE)], self.people[below(COMMIT_PEOPLE)]
        moment = self.texts.moment(part)
        said = {
            "sha": self.texts.sha(self._commits),
            "message": self.texts.prose(self.texts.size(90, 3000)),
            "authored_date": moment,
            "committed_date": moment,
        }
        given: Record = {**said, "relative_order": order, "trailers": {}}
        given |= {"commit_author": author, "committer": committer}
        if newest:
            metadata = {**said, "commit_author": author, "committer": committer}
            given["merge_request_commits_metadata"] = self.record(f"{path}.merge_request_commits_metadata", **metadata)
            given["message"] = None
        return self.record(path, **given)

    def stub_of_merge_request(self, iid: int, part: float) -> Record:
        """A merge request as it stands inside a pipeline: its attributes, nothing below."""
        return self.record(
            "ci_pipelines.merge_request",
            iid=iid,
            title=self.texts.title(),
            target_branch="main",
            source_branch=f"{iid}-branch",
            target_project_id=PROJECT_ID,
            source_project_id=PROJECT_ID,
            author_id=self.user_id(),
            state="merged",
            **self.stamps(part),
        )

    def _label(self, number: int) -> Record:
        return self.record(
            "labels",
            title=f"{self.texts.word()}::{number}",
            color=f"#{self.texts.below(1 << 24):06x}",
            project_id=PROJECT_ID,
            template=False,
            description=self.texts.prose(60),
            type="ProjectLabel",
            **self.stamps(0),
        )

    def _milestone(self, number: int) -> Record:
        return self.record(
            "milestones",
            iid=number + 1,
            title=f"v{number}.0 {self.texts.word()}",
            project_id=PROJECT_ID,
            description=self.texts.prose(120),
            state=("closed", "active")[number > MILESTONES // 2],
            **self.stamps(number / MILESTONES),
        )


def _blank(node: RelationNode) -> Record:
    """A record that says nothing: no value, and no record below."""
    blank: Record = {attribute.name: _value(attribute.column) for attribute in node.attributes}
    for child in node.children:
        if child.direction is Direction.BOTH:
            blank[child.name] = None if child.is_single else []
    return blank


def _value(column: AnyColumn | None) -> object:
    """What GitLab writes where nobody has said anything: null, or the default of a column that cannot be null."""
    if column is None or column.nullable:
        return None
    if isinstance(column.type, Boolean):
        return False
    return 0 if isinstance(column.type, Integer) else None
