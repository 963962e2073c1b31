"""Records in the form in which two archives are compared: ids replaced, rules applied, children as multisets.

A node of a relation tree is compiled once. A canonical record has a digest over everything in and below it, so that a record says
"the same" for its whole subtree, and each path has a total that does not depend on order or batches.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from offline_transfer.relations.nodes import Attribute, ImportRule, RelationNode
from offline_transfer.relations.rules import RULES, Context
from offline_transfer.types import JsonObject, JsonValue, PortableKind
from offline_transfer.verify.values import Reader, plain, reader

DIGEST_BYTES = 32
_MODULUS = 2 ** (8 * DIGEST_BYTES)
_REFERENCED = {"projects": PortableKind.PROJECT, "namespaces": PortableKind.GROUP}


class References(Protocol):
    """What the ids of one archive mean on both sides."""

    def user(self, source_id: JsonValue) -> JsonValue:
        """The user whom a compared attribute names."""

    def user_aside(self, source_id: JsonValue) -> JsonValue:
        """The user whom an attribute names that is not compared."""

    def described(self, source_id: JsonValue) -> JsonValue:
        """The user whom a record describes."""

    def portable(self, kind: PortableKind, source_id: JsonValue) -> JsonValue:
        """The group or project."""


@dataclass(slots=True)
class Canonical:
    """One record and everything below it."""

    path: str
    values: JsonObject
    children: "dict[str, list[Canonical]]" = field(default_factory=dict)


@dataclass(slots=True)
class Total:
    """A multiset of records: how many, and the sum of their digests."""

    count: int = 0
    sum: int = 0

    def add(self, digest: bytes) -> None:
        """Count one record."""
        self.count += 1
        self.sum = (self.sum + int.from_bytes(digest)) % _MODULUS


class Hasher:
    """Digests that mean something within one comparison only: with a key of its own nobody can prepare two that collide in sum."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(DIGEST_BYTES)

    def digest(self, record: Canonical, totals: "dict[str, Total] | None" = None) -> bytes:
        """The digest of a record with all below it; each record on the way is counted under its path."""
        values: JsonObject = dict(record.values)
        for name, below in record.children.items():
            if below:
                values[name] = list[JsonValue](sorted(self.digest(child, totals).hex() for child in below))
        document = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.blake2b(document, key=self._key, digest_size=DIGEST_BYTES).digest()
        if totals is not None:
            totals.setdefault(record.path, Total()).add(digest)
        return digest


Value = Callable[[JsonValue, References], JsonValue]


class CanonicalNode:
    """One place in a relation tree, compiled. Without a node (an unknown relation) records are compared as they are.

    What the relation files exclude is not compared: they say for each such attribute why it does not travel. Keys that they do not
    know are compared as they are.
    """

    def __init__(self, path: str, node: RelationNode | None) -> None:
        self.path = path
        self.node = node
        attributes = node.attributes if node is not None else ()
        self._excluded: Mapping[str, object] = node.excluded if node is not None else {}
        self._values = {attribute.name: _value(attribute, is_user=node.is_user) for attribute in attributes if node}
        self._ruled = tuple((attribute, RULES[attribute.rule]) for attribute in attributes if attribute.rule)
        self.children = {child.name: CanonicalNode(child.path, child) for child in (node.children if node else ())}

    @property
    def can_be_adopted(self) -> bool:
        """Whether its records may belong to a group."""
        return any(attribute.rule is ImportRule.ADOPTED for attribute, _ in self._ruled)

    def is_own(self, record: JsonObject, context: Context, references: References) -> bool:
        """Whether a record belongs to the project, where those of others may hang on the same record and do not travel."""
        if self.node is None or self.node.own is None or record.get(self.node.own.name) is None:
            return True
        return references.portable(PortableKind.PROJECT, record[self.node.own.name]) == context.entity

    def walk(self) -> "Iterator[CanonicalNode]":
        """This node and all below it."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def canonical(self, record: JsonObject, context: Context, references: References) -> Canonical:
        """The record as it is compared. A value of null and an absent one are the same, and so are no records and an empty list."""
        values: JsonObject = {}
        found = Canonical(self.path, values)
        for key, value in record.items():
            child = self.children.get(key)
            if child is not None:
                if not _holds_records(value):
                    # Under a name of its own, since digests of children stand under the relation's.
                    values[f"{key} (no records)"] = plain(value)
                own = [below for below in records_of(value) if child.is_own(below, context, references)]
                found.children[key] = [child.canonical(below, context, references) for below in own]
            elif value is not None and key not in self._excluded:
                reading = self._values.get(key)
                values[key] = plain(value) if reading is None else reading(value, references)
        for attribute, rule in self._ruled:
            ruled = rule(attribute, values.pop(attribute.name, None), record, context)
            if ruled is not None:
                values[attribute.name] = ruled
        return found


def records_of(value: JsonValue) -> list[JsonObject]:
    """The records under the key of a relation: a list's, a single one, or none."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def _holds_records(value: JsonValue) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, dict) for item in value)
    return value is None or isinstance(value, dict)


def _value(attribute: Attribute, *, is_user: bool) -> Value:
    if is_user and attribute.name == "id":
        return lambda value, references: references.described(value)
    if attribute.user_reference:
        if attribute.rule is ImportRule.IMPORTER:
            return lambda value, references: references.user_aside(value)
        return lambda value, references: references.user(value)
    kind = _portable_kind(attribute)
    if kind is not None:
        return lambda value, references: references.portable(kind, value)
    return _without_references(reader(attribute.column))


def _without_references(read: Reader) -> Value:
    return lambda value, _references: read(value)


def _portable_kind(attribute: Attribute) -> PortableKind | None:
    keys = attribute.column.foreign_keys if attribute.column is not None else ()
    return next((_REFERENCED[key.column.table.name] for key in keys if key.column.table.name in _REFERENCED), None)
