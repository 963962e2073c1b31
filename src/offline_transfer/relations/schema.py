"""A JSON Schema for the records of each relation, made from the relation files and the models.

It tells other programs what to write. Reading is more forgiving: unknown keys are passed over and reported, and several spellings
of times are understood.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Double, Integer, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from offline_transfer.forge.base import EnumInteger
from offline_transfer.relations.errors import UnknownRelationError
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import AnyColumn, Attribute, RelationNode
from offline_transfer.types import Edition, JsonObject, JsonValue, PortableKind

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SELF: Final = "self"
MAX_IIDS: Final = "max_iids"

_TIME_OF_DAY: Final = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_ZONE: Final = r" ?UTC|Z| ?[+-][0-9]{2}:?([0-9]{2})?"
_TIME: Final = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_TIME_OF_DAY})?({_ZONE})?$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_UUID: Final = r"^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"
_ID: Final[JsonObject] = {"type": ["integer", "null"], "minimum": 1, "maximum": 2**63 - 1}
_PORTABLES: Final = {"projects": "project", "namespaces": "group"}


def relations(kind: PortableKind, edition: Edition = Edition.EE) -> tuple[str, ...]:
    """The relations whose records have a schema, in the order of export."""
    return (SELF, MAX_IIDS, *(node.name for node in tree(kind, edition).relations))


def schema(kind: PortableKind, relation: str, edition: Edition = Edition.EE) -> JsonObject:
    """The schema of one record of a relation of the first level, of `self` or of `max_iids`. Raises KeyError for another name."""
    head: JsonObject = {"$schema": DIALECT, "title": f"{relation} of a {kind.value}"}
    if relation == MAX_IIDS:
        counter: JsonValue = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
        return {**head, "type": "object", "additionalProperties": counter}
    portable = tree(kind, edition)
    node = replace(portable.root, children=()) if relation == SELF else portable.relation(relation)
    below = [found for found in node.walk() if found is not node]
    definitions: JsonObject = {found.path: _record(found) for found in below}
    return {**head, **_record(node), **({"$defs": definitions} if definitions else {})}


def schemas(name: str | None = None) -> JsonObject:
    """The schema of a relation by its name, or those of all relations by kind and name.

    A relation of both groups and projects is the project's, unless the kind stands before it: `group.labels`. Raises
    `UnknownRelationError`.
    """
    if name is None:
        return {kind.value: {relation: schema(kind, relation) for relation in relations(kind)} for kind in PortableKind}
    for kind in (PortableKind.PROJECT, PortableKind.GROUP):
        relation = name.removeprefix(f"{kind.value}.")
        if relation in relations(kind):
            return schema(kind, relation)
    raise UnknownRelationError(name=ascii(name[:100])[1:-1])


def _record(node: RelationNode) -> JsonObject:
    properties: JsonObject = {attribute.name: _attribute(node, attribute) for attribute in node.attributes}
    for child in node.children:
        record: JsonObject = {"$ref": f"#/$defs/{child.path}"}
        properties[child.name] = (
            {"anyOf": [record, {"type": "null"}]} if child.is_single else {"type": ["array", "null"], "items": record}
        )
    required = list[JsonValue](_required(node))
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _attribute(node: RelationNode, attribute: Attribute) -> JsonObject:
    remarks = []
    if attribute.user_reference or (node.is_user and attribute.name == "id"):
        found: JsonObject = dict(_ID)
        remarks.append("The id of a user at the source; `user_contributions` says who that is.")
    elif (kind := _portable(attribute.column)) is not None:
        found = dict(_ID)
        remarks.append(f"The id of a {kind} at the source; the metadata map it to a path.")
    elif attribute.column is None or attribute.method is not None:
        found = {}
    else:
        found = _column(attribute.column)
    if attribute.rule is not None:
        remarks.append(f"On import: {attribute.rule.value} ({attribute.rule_reason}).")
    return {**found, **({"description": " ".join(remarks)} if remarks else {})}


def _column(column: AnyColumn) -> JsonObject:
    kind = column.type
    if isinstance(kind, EnumInteger):
        # What has no name stays as digits, so that nothing turns into null on the way.
        members: dict[str, IntEnum] = dict(kind.enum_class.__members__)
        known: list[JsonValue] = [*members, *(int(member) for member in members.values())]
        digits: JsonObject = {"type": "string", "pattern": "^-?[0-9]+$"}
        nothing: list[JsonValue] = [{"type": "null"}] if column.nullable else []
        return {"anyOf": [{"enum": known}, digits, *nothing]}
    if isinstance(kind, JSONB):
        return {}
    found = _plain_type(column)
    if column.nullable:
        found["type"] = [found["type"], "null"]
    return found


def _plain_type(column: AnyColumn) -> JsonObject:
    kind = column.type
    if isinstance(kind, Boolean):
        return {"type": "boolean"}
    if isinstance(kind, Integer):
        bits = 16 if isinstance(kind, SmallInteger) else 64 if isinstance(kind, BigInteger) else 32
        return {"type": "integer", "minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}
    if isinstance(kind, Double):
        return {"type": "number"}
    if isinstance(kind, DateTime):
        return {"type": "string", "format": "date-time", "pattern": _TIME}
    if isinstance(kind, Date):
        return {"type": "string", "format": "date", "pattern": _DATE}
    if isinstance(kind, Uuid):
        return {"type": "string", "format": "uuid", "pattern": _UUID}
    if isinstance(kind, ARRAY):
        return {"type": "array", "items": {"type": "string"}}
    length = getattr(kind, "length", None)
    if isinstance(kind, Text) or length is not None:
        return {"type": "string", **({"maxLength": length} if length else {})}
    raise TypeError(f"{column.table.name}.{column.name}: no JSON type for {kind!r}")


def _required(node: RelationNode) -> Iterator[str]:
    """What an import cannot do without: columns that hold no null, have no default, and are not set by the import itself."""
    for attribute in node.attributes:
        column = attribute.column
        if column is None or column.nullable or column.server_default is not None or column.foreign_keys:
            continue
        if attribute.method is None and attribute.rule is None and not node.is_user and not _is_link(node, column):
            yield attribute.name


def _is_link(node: RelationNode, column: AnyColumn) -> bool:
    return node.join is not None and (column is node.join.column or column is node.join.type_column)


def _portable(column: AnyColumn | None) -> str | None:
    keys = column.foreign_keys if column is not None else ()
    return next((_PORTABLES[key.column.table.name] for key in keys if key.column.table.name in _PORTABLES), None)
