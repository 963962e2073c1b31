"""Holds records against the schema of their relation, and counts them by path."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from jsonschema_rs import Draft202012Validator

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.relations.schema import schema
from offline_transfer.relations.sensitive import sensitive_keys
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.canonical import records_of

_MASK = "the value"
"""Stands for values in messages: what is wrong with a record may be said, what it holds not."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A place where a record is not as its schema asks: the path of the tree, the key if there is one, and why."""

    path: str
    reason: str


class _Place:
    """One place of a relation tree, compiled for walking records."""

    def __init__(self, path: str, node: RelationNode) -> None:
        self.path = path
        self.attributes = frozenset(attribute.name for attribute in node.attributes)
        self.children = {child.name: _Place(child.path, child) for child in node.children}

    def unknown_keys(self, record: JsonObject) -> Iterator[tuple[str, str]]:
        for key, value in record.items():
            child = self.children.get(key)
            if child is not None:
                for below in records_of(value):
                    yield from child.unknown_keys(below)
            elif key not in self.attributes:
                yield self.path, key

    def count(self, record: JsonObject, counts: Counter[str]) -> None:
        counts[self.path] += 1
        for name, child in self.children.items():
            for below in records_of(record.get(name)):
                child.count(below, counts)


class RecordChecker:
    """What the records of one relation must be. Built once per process; without a node (`max_iids`) there is no tree to know."""

    def __init__(self, relation: str, node: RelationNode | None, json_schema: JsonObject) -> None:
        self.relation = relation
        self._node = node
        self._place = None if node is None else _Place(relation, node)
        self._validator = Draft202012Validator(json_schema, mask=_MASK)

    def violations(self, record: JsonObject) -> Iterator[Violation]:
        """Where a record is not as its schema asks."""
        # Most records are valid, and asking whether costs far less than asking why not.
        if not self._validator.is_valid(record):
            for error in self._validator.iter_errors(record):
                keys = [part for part in error.instance_path if isinstance(part, str)]
                yield self._violation(keys, error.message)

    def unknown_keys(self, record: JsonObject) -> Iterator[tuple[str, str]]:
        """The path and name of every key that the relation files do not know."""
        return iter(()) if self._place is None else self._place.unknown_keys(record)

    def sensitive_keys(self, record: JsonObject) -> Iterator[str]:
        """The dotted names of keys that look as if they held a secret."""
        return iter(()) if self._node is None else sensitive_keys(self._node, record)

    def count(self, record: JsonObject, counts: Counter[str]) -> None:
        """Count a record and all below it by their paths."""
        if self._place is None:
            counts[self.relation] += 1
        else:
            self._place.count(record, counts)

    def _violation(self, keys: list[str], message: str) -> Violation:
        """Splits the keys on the way to the fault into relations and the attribute in which it lies."""
        node, path = self._node, [self.relation]
        while node is not None and keys:
            below = next((child for child in node.children if child.name == keys[0]), None)
            if below is None:
                break
            node = below
            path.append(keys.pop(0))
        return Violation(".".join(path), f"`{'.'.join(keys)}`: {message}" if keys else message)


@cache
def checker(kind: PortableKind, relation: str) -> RecordChecker | None:
    """The checker of a relation; None for one that is not known."""
    try:
        json_schema = schema(kind, relation)
    except KeyError:
        return None
    return RecordChecker(relation, _node(kind, relation), json_schema)


def _node(kind: PortableKind, relation: str) -> RelationNode | None:
    if relation == MAX_IIDS_RELATION:
        return None
    portable = tree(kind)
    return replace(portable.root, children=()) if relation == SELF_RELATION else portable.relation(relation)
