"""The JSON text of records, as parts of SQL statements.

PostgreSQL has functions that make JSON of rows, but they look up the type of each value again for each record, and write the names
of all keys anew. Here the names are constants between the values.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from offline_transfer.relations.methods import METHODS, json_text
from offline_transfer.relations.nesting import GAP
from offline_transfer.relations.nodes import Attribute, Link, RelationNode
from offline_transfer.relations.occurrences import user_columns
from offline_transfer.relations.rows import Place, order_by, order_names
from offline_transfer.relations.sql import Piece, constant, joined


def columns(node: RelationNode) -> list[str]:
    """What a record needs of its row: what orders it, the users whom it names, and the text of its attributes (`own`)."""
    row = node.table.name
    found = [f"{row}.{name} AS at_{name}" for name in order_names(node)]
    found += [f"{row}.{name} AS by_{name}" for name in user_columns(node)]
    return [*found, f"{joined(list(_attributes(node)))} AS own"]


def _attributes(node: RelationNode) -> Iterator[Piece]:
    """The attributes with the opening brace, and the closing one where nothing follows."""
    before = "{"
    for attribute in node.attributes:
        key = f'{before}"{attribute.name}":'
        value = _value(attribute, node.table.name)
        if _may_be_null(attribute, node):
            # One constant where nothing is: most attributes of most records are null.
            yield f"coalesce({constant(key)} || {value}, {constant(key + 'null')})", False
        else:
            yield key, True
            yield value, False
        before = ","
    if not node.attributes:
        yield before, True
    if not any(node.exported()):
        yield "}", True


def _value(attribute: Attribute, row: str) -> str:
    if attribute.method is not None:
        return METHODS[attribute.method](attribute.name, row)
    assert attribute.column is not None
    return json_text(attribute.column, row)


def _may_be_null(attribute: Attribute, node: RelationNode) -> bool:
    # What is said about a user need not come from the table of users.
    return attribute.column is None or attribute.column.nullable is not False or node.is_user


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows the attributes of a record, and the joins that it needs in the FROM clause after the place."""

    pieces: tuple[Piece, ...]
    joins: str

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for all records of the place."""
        return all(is_text for _, is_text in self.pieces)


def tail(place: Place, row: str) -> Tail:
    """What follows the attributes of the records of a place, whose rows go by the name `row`.

    Shared records stand there in full. Where those belong that have only one record above, there is a gap.
    """
    pieces: list[Piece] = []
    joins = []
    before = "," if place.node.attributes else ""
    for number, child in enumerate(place.below):
        value: Piece = (GAP, True)
        if child.is_shared:
            alias = f"{row}_{number}"
            joins.append(f"LEFT JOIN ({_below(child, alias)}) AS {alias} ON {alias}.p = {row}.{_pointer(child.node)}")
            value = (f"coalesce({alias}.own, 'null')" if child.node.is_single else f"{alias}.own", False)
        start, end = ("", "") if child.node.is_single else ("[", "]")
        pieces += [(f'{before}"{child.node.name}":{start}', True), value, (end, True)]
        before = ","
    if place.below:
        pieces.append(("}", True))
    return Tail(tuple(pieces), " ".join(joins))


def _pointer(node: RelationNode) -> str:
    """The column of the row above by which it finds what is below (`p`)."""
    if node.link is not Link.BELONGS_TO:
        return "k"
    assert node.join is not None
    return f"to_{node.join.column.name}"


def _below(place: Place, alias: str) -> str:
    """SQL for the text (`own`) of what hangs on each row above (`p`): one record, or all in their order."""
    row = f"{alias}_"
    after = tail(place, row)
    text = joined([(f"{row}.own", False), *after.pieces])
    source = f"{place.rows} AS {row} {after.joins}"
    if place.node.link is Link.BELONGS_TO:
        return f"SELECT {row}.k AS p, {text} AS own FROM {source}"
    if place.node.is_single:
        return f"SELECT {row}.p, {text} AS own FROM {source}"
    key = f"{row}.p"
    if place.between is not None:
        key = "tie.p"
        source = f"{place.between} AS tie JOIN {place.rows} AS {row} ON {row}.k = tie.k {after.joins}"
    together = f"string_agg({text}, ',' ORDER BY {order_by(place.node, f'{row}.at_')})"
    return f"SELECT {key}, {together} AS own FROM {source} GROUP BY {key}"
