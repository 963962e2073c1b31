"""What all makers of demonstration data share."""

from dataclasses import dataclass, field
from random import Random

from demo.clock import Clock
from demo.rows import Rows, Values
from demo.words import Words
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many of each there are, in each project or group."""

    issues: int
    merge_requests: int
    pipelines: int
    epics: int
    commits: int


@dataclass(frozen=True, slots=True)
class Person:
    """A user as far as texts and commits need one."""

    id: int
    username: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part."""

    humans: tuple[Person, ...]
    ghost: Person
    bot: Person


@dataclass(slots=True)
class Group:
    """A group and the ids of what its projects may use."""

    id: int
    full_path: str
    parent: "Group | None"
    labels: list[int] = field(default_factory=list)
    milestones: list[int] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    epics: list[int] = field(default_factory=list)

    @property
    def columns(self) -> Values:
        """The columns of what may belong to a group or to a project."""
        return {"group_id": self.id, "project_id": None}

    def line(self) -> "list[Group]":
        """This group and those above it, the nearest first."""
        return [self, *(self.parent.line() if self.parent else ())]


@dataclass(slots=True)
class Project:
    """A project and the ids of what its issues and merge requests may use."""

    id: int
    full_path: str
    group: Group
    labels: list[int] = field(default_factory=list)
    milestones: list[int] = field(default_factory=list)

    @property
    def columns(self) -> Values:
        """The columns of what may belong to a group or to a project."""
        return {"group_id": None, "project_id": self.id}

    def all_labels(self) -> list[int]:
        """Its own labels and those of the groups above, mixed."""
        above = [label for group in self.group.line() for label in group.labels]
        return [label for pair in zip(self.labels, above, strict=False) for label in pair]

    def all_milestones(self) -> list[int]:
        """Its own milestones and those of the groups above, mixed."""
        above = [milestone for group in self.group.line() for milestone in group.milestones]
        return [milestone for pair in zip(self.milestones, above, strict=False) for milestone in pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The world in which rows, files and repositories come to be."""

    random: Random
    words: Words
    clock: Clock
    rows: Rows
    repositories: Repositories
    files: Files
    people: People
    scale: Scale

    def someone(self) -> Person:
        """Whoever did something: mostly a person, now and then one whose account was deleted, or a bot."""
        number = self.random.randrange(20)
        if number == 0:
            return self.people.ghost
        return self.people.bot if number == 1 else self.random.choice(self.people.humans)

    def somebody(self) -> int:
        """The id of whoever did something."""
        return self.someone().id

    def times(self) -> Values:
        """The columns of a record that is made now, and changed a little later."""
        return {"created_at": self.clock.tick(), "updated_at": self.clock.tick()}

    def human(self, number: int) -> Person:
        """One of the people, the same for the same number."""
        return self.people.humans[number % len(self.people.humans)]
