"""Counts the records of an archive by walking through their JSON, independently of the SQL that counted them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from offline_transfer.relations.nodes import RelationNode


def tally(node: RelationNode, records: Iterable[Any]) -> Counter[str]:
    """How many objects there are on every path of a relation."""
    counts: Counter[str] = Counter()
    for record in records:
        counts[node.path] += 1
        for child in node.exported():
            value = record[child.name]
            counts.update(tally(child, value if isinstance(value, list) else [value] if value is not None else []))
    return counts


def differences(counted: Mapping[str, int], found: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The paths on which two counts differ, with both."""
    paths = {*counted, *found}
    return {
        path: (counted.get(path, 0), found.get(path, 0))
        for path in sorted(paths)
        if counted.get(path, 0) != found.get(path, 0)
    }
