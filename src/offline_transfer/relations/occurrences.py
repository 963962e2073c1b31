"""How often every place of a relation tree occurs, and which users are named there, as parts of SQL statements."""

from collections.abc import Iterator

from offline_transfer.relations.nodes import RelationNode
from offline_transfer.relations.rows import Place
from offline_transfer.relations.sql import constant


def counts(top: Place) -> str:
    """SQL for rows of a path and the number of records on it; paths without any are left out, except the first level's."""
    each = " UNION ALL ".join(
        f"SELECT {constant(place.node.path)} AS path, coalesce(({place.count}), 0)::bigint AS records"
        for place in _walk(top)
    )
    return f"SELECT path, records FROM ({each}) AS counted WHERE records > 0 OR path = {constant(top.node.path)}"


def user_columns(node: RelationNode) -> list[str]:
    """The columns by which the records of a node name users."""
    return sorted({a.column.name for a in node.attributes if a.user_reference and a.column is not None})


def user_ids(top: Place) -> str:
    """SQL for rows of the ids of users whom the records name, each once."""
    named = [
        f"SELECT by_{name} AS id FROM {place.rows} WHERE by_{name} IS NOT NULL"
        for place in _walk(top)
        for name in user_columns(place.node)
    ]
    each = " UNION ALL ".join(named) or "SELECT NULL::bigint AS id WHERE false"
    return f"SELECT DISTINCT id FROM ({each}) AS named"


def _walk(place: Place) -> Iterator[Place]:
    yield place
    for child in place.below:
        yield from _walk(child)
