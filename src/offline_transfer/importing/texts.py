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
    """Whether the group or project `portable_id` has records in which a text may match `pattern`: one row, or none."""
    next: bytes
    """The ids of its first `count` records above `after`."""
    texts: tuple[Texts, ...]


@cache
def text_relations(kind: PortableKind) -> tuple[TextRelation, ...]:
    """Everything of a group or project that holds texts."""
    return tuple(_relation(number, *found) for number, found in enumerate(_relations(kind), start=1))


@cache
def entities_with_texts(kind: PortableKind) -> bytes:
    """The entities of this kind of the import `id` in which a text may have to change; most of many projects have none."""
    portable = "entity.project_id" if kind is PortableKind.PROJECT else "entity.namespace_id"
    some = " OR ".join(f"EXISTS ({_some(node, column, portable)})" for _, node, column in _relations(kind))
    own = f"entity.bulk_import_id = %(id)s AND {portable} IS NOT NULL"
    return f"SELECT entity.id FROM bulk_import_entities AS entity WHERE {own} AND ({some})".encode()  # noqa: S608 - our names


def _relations(kind: PortableKind) -> Iterator[tuple[str, RelationNode, str]]:
    """What has texts in it, by name, and the columns by which its rows belong to the group or project."""
    portable = tree(kind)
    root = replace(portable.root, children=())
    yield SELF, root, key_name(root)
    for node in portable.relations:
        if node.join is not None and _texts(node):
            yield node.name, node, node.join.column.name


def _some(node: RelationNode, column: str, portable: str) -> str:
    """Whether a group or project has records in which a text may have to change; below the records nobody looks."""
    own = " AND ".join([f"{node.table.name}.{column} = {portable}", *constants(node)])
    marked = [f"{node.table.name}.{name} ~ %(pattern)s" for name in _marked(node)]
    if len(_texts(node)) == len(marked):
        own = f"{own} AND ({' OR '.join(marked)})"
    return f"SELECT FROM {node.table.name} WHERE {own}"


def _relation(number: int, name: str, node: RelationNode, column: str) -> TextRelation:
    row, key = node.table.name, key_name(node)
    above = " AND ".join([f"{row}.{column} = %(portable_id)s", *constants(node), f"{row}.{key} > %(after)s"])
    following = f"SELECT {key} FROM {row} WHERE {above} ORDER BY {key} LIMIT %(count)s"  # noqa: S608 - our names
    some = f"{_some(node, column, '%(portable_id)s')} LIMIT 1"
    return TextRelation(name, number, some.encode(), following.encode(), _texts(node))


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
