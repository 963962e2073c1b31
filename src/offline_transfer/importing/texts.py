"""Where the texts of a group or project lie that an import rewrites, as statements: what the relation files mark `references`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import ImportRule, RelationNode
from offline_transfer.relations.rows import constants, key_name, owned
from offline_transfer.types import PortableKind

SELF = "self"


@dataclass(frozen=True, slots=True)
class Texts:
    """One column of texts below the records of the first level with the given `ids`."""

    find: bytes
    """Rows of a key and a text, of those texts in which something may have to change; `pattern` says what that looks like."""
    change: bytes
    """Gives the rows with the `keys` the `texts`."""


@dataclass(frozen=True, slots=True)
class TextRelation:
    """A relation of the first level that has texts in it, or the group or project itself."""

    name: str
    number: int
    """The same for every group or project, from 1."""
    any: bytes
    """Whether the group or project `portable_id` has such records: one row, or none. A text of its own has to match `pattern`."""
    next: bytes
    """The ids of its first `count` records above `after`."""
    texts: tuple[Texts, ...]


@cache
def text_relations(kind: PortableKind) -> tuple[TextRelation, ...]:
    """Everything of a group or project that holds texts."""
    portable = tree(kind)
    root = replace(portable.root, children=())
    found = [_relation(root, SELF, 1, key_name(root))]
    for node in portable.relations:
        if node.join is not None and _texts(node):
            found.append(_relation(node, node.name, len(found) + 1, node.join.column.name))
    return tuple(found)


def _relation(node: RelationNode, name: str, number: int, of_portable: str) -> TextRelation:
    row, key, texts = node.table.name, key_name(node), _texts(node)
    own = " AND ".join([f"{row}.{of_portable} = %(portable_id)s", *constants(node)])
    some = f"SELECT FROM {row} WHERE {own} LIMIT 1"
    if name == SELF:
        (column,) = _marked(node)
        some = f"SELECT FROM {row} WHERE {own} AND {column} ~ %(pattern)s"
    above = f"{own} AND {row}.{key} > %(after)s"
    following = f"SELECT {key} FROM {row} WHERE {above} ORDER BY {key} LIMIT %(count)s"  # noqa: S608 - our names
    return TextRelation(name, number, some.encode(), following.encode(), texts)


def _texts(node: RelationNode) -> tuple[Texts, ...]:
    own = f"{node.table.name}.{key_name(node)} = ANY(%(ids)s::bigint[])"
    places = [(node, own), *owned(node, own)]
    # The same rows may hang on a record under several names.
    return tuple(dict.fromkeys(texts for place, condition in places for texts in _columns(place, condition)))


def _columns(node: RelationNode, condition: str) -> Iterator[Texts]:
    row, key = node.table.name, key_name(node)
    for name in _marked(node):
        find = f"SELECT {key}, {name} FROM {row} WHERE {condition} AND {name} ~ %(pattern)s"  # noqa: S608 - our names
        given = "unnest(%(keys)s::bigint[], %(texts)s::text[]) AS given(key, value)"
        change = f"UPDATE {row} SET {name} = given.value FROM {given} WHERE {row}.{key} = given.key"  # noqa: S608 - our names
        yield Texts(find.encode(), change.encode())


def _marked(node: RelationNode) -> Iterator[str]:
    for attribute in node.attributes:
        if attribute.rule is ImportRule.REFERENCES and attribute.column is not None:
            yield attribute.column.name
