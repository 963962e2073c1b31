"""What the keys of a record mean to the columns of its table, decided once for each place in a tree."""

from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import DefaultClause, TextClause

from offline_transfer.importing import convert
from offline_transfer.relations.nodes import AnyColumn, Attribute, ImportRule, Link, RelationNode

_MARKDOWN = frozenset({ImportRule.REFERENCES, ImportRule.GROUP_REFERENCES})

NOW = object()
"""Stands in a template for the time of the import."""


class Setter(NamedTuple):
    """What one key of a record sets. A tuple, because taking one apart is the cheapest way to all of it."""

    place: int
    """The index of its column among those of the table."""
    name: str
    convert: convert.Converter
    ready: type | None
    """Values of exactly this type need no conversion."""
    rule: ImportRule | None
    nullable: bool
    optional: bool


def keys_of(
    node: RelationNode, columns: tuple[str, ...]
) -> tuple[dict[str, Setter], dict[str, tuple[int, bool, ImportRule | None]], frozenset[str]]:
    """What sets a column, what names a user, and what is ours to know but not to take (foreign keys, computed values)."""
    setters: dict[str, Setter] = {}
    users: dict[str, tuple[int, bool, ImportRule | None]] = {}
    ignored = set()
    for attribute in node.attributes:
        column = attribute.column
        if column is None or column.name in (node.where or {}) or _is_foreign(attribute, column, node):
            ignored.add(attribute.name)
            continue
        index = columns.index(column.name)
        if attribute.user_reference or _names_user(column):
            users[attribute.name] = (index, column.nullable is True, attribute.rule)
            continue
        optional = column.nullable is True or column.server_default is not None
        is_markdown = attribute.rule in _MARKDOWN
        converter = convert.markdown if is_markdown else convert.converter(column)
        ready = convert.READY.get(converter)
        # Where texts point is looked at when everything that they may point to is there.
        rule = None if is_markdown else attribute.rule
        setters[attribute.name] = Setter(index, column.name, converter, ready, rule, column.nullable is True, optional)
    return setters, users, frozenset(ignored)


def _is_foreign(attribute: Attribute, column: AnyColumn, node: RelationNode) -> bool:
    if attribute.user_reference or _names_user(column):
        return False
    type_column = node.join.type_column if node.join is not None else None
    return bool(column.foreign_keys) or column.name == "id" or column is type_column


def _names_user(column: AnyColumn) -> bool:
    return any(key.column.table.name == "users" for key in column.foreign_keys)


def template_of(node: RelationNode, columns: tuple[str, ...]) -> list[Any]:
    """A row before its record is read: the constants of the relation and the defaults of the table."""
    constants = dict(node.where or {})
    template: list[Any] = []
    for name in columns:
        column = node.table.c[name]
        if name in constants:
            constant = constants[name]
            template.append(constant.value if isinstance(constant, IntEnum) else constant)
        elif name in ("created_at", "updated_at") and not column.nullable:
            template.append(NOW)
        else:
            template.append(_default(column))
    return template


def _default(column: AnyColumn) -> Any:
    default = column.server_default
    if not isinstance(default, DefaultClause):
        return None
    argument = default.arg
    literal = argument.text if isinstance(argument, TextClause) else argument if isinstance(argument, str) else None
    if literal is None:
        return NOW
    return literal


def required_of(node: RelationNode, columns: tuple[str, ...]) -> tuple[tuple[int, str, bool], ...]:
    """Columns that the record itself must give: not null, no default, no key that the import sets."""
    ours = {fill.column.name for fill in node.fills} | {"id"}
    if node.join is not None:
        ours.add(node.join.column.name)
    from_children = {
        child.join.column.name for child in node.children if child.link is Link.BELONGS_TO and child.join is not None
    }
    result = []
    for attribute in node.attributes:
        column = attribute.column
        if column is None or column.name in ours | from_children or column.nullable:
            continue
        if column.server_default is None or column.info.get("present"):
            result.append((columns.index(column.name), attribute.name, bool(column.info.get("present"))))
    return tuple(result)
