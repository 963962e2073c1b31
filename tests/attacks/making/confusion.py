"""Records in which one value after another is something else."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from offline_transfer.relations.nodes import RelationNode


def confused(node: RelationNode, records: Sequence[dict[str, Any]], instead: Any) -> Iterator[dict[str, Any]]:
    """For each attribute of a relation and of what is below it, the first record that has it with something else there."""
    for path in _paths(node, ()):
        for record in records:
            changed = deepcopy(record)
            if _put(changed, path, instead):
                yield changed
                break


def _paths(node: RelationNode, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield from ((*above, attribute.name) for attribute in node.attributes)
    for child in node.children:
        yield (*above, child.name)
        yield from _paths(child, (*above, child.name))


def _put(record: Any, path: tuple[str, ...], instead: Any) -> bool:
    for name in path[:-1]:
        record = record.get(name) if isinstance(record, dict) else None
        if isinstance(record, list):
            record = record[0] if record else None
    if not isinstance(record, dict):
        return False
    record[path[-1]] = instead
    return True
