"""The relation tree as frozen values: what the YAML files say, joined with what the models know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sqlalchemy import Column, Table

from offline_transfer.types import Edition, PortableKind

AnyColumn = Column[object]


class Link(StrEnum):
    """How a record hangs on the record around it."""

    ROOT = "root"
    HAS_MANY = "has_many"
    HAS_ONE = "has_one"
    BELONGS_TO = "belongs_to"
    THROUGH = "through"


class ImportRule(StrEnum):
    """What an import changes on purpose, and comparison therefore applies to both sides."""

    ADOPTED = "adopted"
    CANCELED = "canceled"
    CAPPED = "capped"
    CLEARED = "cleared"
    DESTINATION = "destination"
    FORK_CLEARED = "fork_cleared"
    GHOST = "ghost"
    GROUP_REFERENCES = "group_references"
    IMPORTER = "importer"
    INACTIVE = "inactive"
    PROTECTED_LEVEL = "protected_level"
    REFERENCES = "references"
    RENUMBERED = "renumbered"


class Scope(StrEnum):
    """Within what a natural key is unique."""

    GROUP = "group"
    GROUP_HIERARCHY = "group_hierarchy"
    HIERARCHY = "hierarchy"
    INSTANCE = "instance"
    ISSUE = "issue"
    PROJECT = "project"
    TARGET_PROJECT = "target_project"


class Missing(StrEnum):
    """What happens when the record that a natural key names does not exist."""

    CREATE = "create"
    SKIP = "skip"


class Existing(StrEnum):
    """What happens when it does: it is recognised as it is, or a stub made earlier is filled."""

    RECOGNISE = "recognise"
    ADOPT = "adopt"


class Direction(StrEnum):
    """Whether a relation is written or only read (older exports hold it)."""

    BOTH = "both"
    IMPORT_ONLY = "import_only"


class ExclusionReason(StrEnum):
    """Why a column does not travel; the relation files explain each."""

    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a reason, not a secret
    RENDERED = "rendered"
    DERIVED = "derived"
    OPERATIONAL = "operational"
    VIRTUAL = "virtual"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Identity:
    """How an import finds a record that exists already: the natural key and where it is unique."""

    by: tuple[str, ...]
    within: Scope
    missing: Missing = Missing.CREATE
    existing: Existing = Existing.RECOGNISE


@dataclass(frozen=True, slots=True)
class Order:
    """In which order the records of a relation leave; ties go by primary key."""

    column: AnyColumn
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """One key of a record: a column, or a method that computes the value on export."""

    name: str
    column: AnyColumn | None
    method: str | None = None
    user_reference: bool = False
    rule: ImportRule | None = None
    rule_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """The columns that tie a record to the record around it.

    `column` lies on the child (`has_*`), on the parent (`belongs_to`) or on the table between them (`through`, where
    `far_column` points to the child). `type_column` holds one of `type_names` where the link is polymorphic.
    """

    column: AnyColumn
    type_column: AnyColumn | None = None
    type_names: tuple[str, ...] = ()
    through: Table | None = None
    far_column: AnyColumn | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """A foreign key that an import sets from an ancestor: 0 is the portable itself, 1 the record below it."""

    column: AnyColumn
    depth: int


@dataclass(frozen=True, slots=True)
class LinkBy:
    """A foreign key that an import finds by an attribute of the record: the row of `table` whose `far_column` has its value."""

    column: AnyColumn
    attribute: str
    table: Table
    far_column: str


@dataclass(frozen=True, slots=True)
class RelationNode:
    """One place in a relation tree."""

    name: str
    path: str
    depth: int
    table: Table
    link: Link
    edition: Edition
    direction: Direction
    attributes: tuple[Attribute, ...]
    excluded: Mapping[str, ExclusionReason]
    children: "tuple[RelationNode, ...]"
    join: Join | None = None
    fills: tuple[Fill, ...] = ()
    where: Mapping[str, str | IntEnum] | None = None
    order: Order | None = None
    identity: Identity | None = None
    prepare: str | None = None
    unique: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    link_by: tuple[LinkBy, ...] = ()
    same: tuple[str, ...] = ()
    own: AnyColumn | None = None
    """Must name the group or project: rows of others may hang on the same record."""
    latest_only: bool = False
    is_user: bool = False
    is_ancestor: bool = False
    is_contributions: bool = False

    @property
    def is_single(self) -> bool:
        """Whether a record holds one object here rather than a list."""
        return self.link in (Link.HAS_ONE, Link.BELONGS_TO)

    def walk(self) -> "Iterator[RelationNode]":
        """This node and everything below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def exported(self) -> "Iterator[RelationNode]":
        """The children that are written."""
        return (child for child in self.children if child.direction is Direction.BOTH)


@dataclass(frozen=True, slots=True)
class PortableTree:
    """Everything that moves with one kind of portable, in the order of export and import."""

    kind: PortableKind
    root: RelationNode
    files: tuple[str, ...]

    @property
    def relations(self) -> tuple[RelationNode, ...]:
        """The relations of the first level."""
        return self.root.children

    def relation(self, name: str) -> RelationNode:
        """The relation of the first level with this name; KeyError when there is none."""
        for node in self.root.children:
            if node.name == name:
                return node
        raise KeyError(name)

    def node(self, path: str) -> RelationNode:
        """The node at a dotted path; KeyError when there is none."""
        for node in self.root.walk():
            if node.path == path:
                return node
        raise KeyError(path)
