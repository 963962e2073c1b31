"""What must hold for the relation files. Each guard returns what is wrong as sentences that say what to do."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Table

from offline_transfer.forge.base import Base
from offline_transfer.relations.nodes import Link, PortableTree, RelationNode
from offline_transfer.relations.sensitive import is_listed, looks_sensitive


def unclassified_columns(trees: Iterable[PortableTree]) -> list[str]:
    """Columns of a model in a tree of which the relation does not say whether they travel."""
    return [
        f"{tree.kind}.yml: `{node.path or tree.kind}` says nothing about the column `{column.name}` of {node.table.name}:"
        " add it to `included`, or to `excluded` under its reason"
        for tree, node in _nodes(trees)
        for column in node.table.c
        if column.name not in _included(node) and column.name not in node.excluded
    ]


def contradictions(trees: Iterable[PortableTree]) -> list[str]:
    """Attributes that are included and excluded at once."""
    return [
        f"{tree.kind}.yml: `{node.path or tree.kind}` both includes and excludes `{attribute.name}`: take one away"
        for tree, node in _nodes(trees)
        for attribute in node.attributes
        if attribute.name in node.excluded
    ]


def models_outside(
    trees: Iterable[PortableTree], models: Iterable[type[Base]], reasons: Mapping[str, str]
) -> list[str]:
    """Models that refer to rows of a tree without being in one, and reasons for models that need none."""
    inside = {node.table for _, node in _nodes(trees)}
    by_name = {model.__name__: model for model in models}
    owners = [model for model in by_name.values() if model.__polymorphic_names__ and model.__table__ in inside]
    outside = {
        name
        for name, model in by_name.items()
        if model.__table__ not in inside and (_refers(model, inside) or (model.__polymorphic__ and owners))
    }
    missing = [
        f"outside.yml: the model {name} refers to rows that travel, and is in no tree: put it into project.yml or group.yml,"
        " or say in outside.yml why nothing is lost without it"
        for name in sorted(outside - reasons.keys())
    ]
    stale = [
        f"outside.yml: {name} is in a tree, refers to nothing that travels, or is no model: remove its line"
        for name in sorted(reasons.keys() - outside)
    ]
    return missing + stale


def sensitive_attributes(trees: Iterable[PortableTree], reasons: Iterable[str]) -> list[str]:
    """Attributes whose names look like secrets and that are not listed, and listed ones that do not travel."""
    found = {
        (f"{node.table.name}.{attribute.name}", f"{tree.kind}.yml: `{node.path or tree.kind}`"): node
        for tree, node in _nodes(trees)
        for attribute in node.attributes
        if any(
            looks_sensitive(name) for name in (attribute.name, attribute.method or "", _column_name(attribute.column))
        )
    }
    unlisted = [
        f"{place} includes `{name}`, which looks like a secret: exclude it as `secret` or `rendered`, or list it in"
        " sensitive.yml with the reason why it may travel"
        for (name, place), node in found.items()
        if not is_listed(node, name.partition(".")[2])
    ]
    travelling = {name for name, _ in found}
    return unlisted + [
        f"sensitive.yml: `{name}` does not travel: remove its line" for name in reasons if name not in travelling
    ]


def backward_references(trees: Iterable[PortableTree]) -> list[str]:
    """References by natural key to records that only a later place of the file brings."""
    found = []
    for tree in trees:
        homes: dict[Table, int] = {}
        order = list(tree.root.walk())
        for position, node in enumerate(order):
            if not _is_reference(node):
                homes.setdefault(node.table, position)
        for position, node in enumerate(order):
            for table in _referred(node):
                if homes.get(table, -1) > position:
                    found.append(
                        f"{tree.kind}.yml: `{node.path}` refers to records of `{order[homes[table]].path}`, which stands"
                        " below it: move that above, since the file is the order of import"
                    )
    return found


def _nodes(trees: Iterable[PortableTree]) -> Iterator[tuple[PortableTree, RelationNode]]:
    return ((tree, node) for tree in trees for node in tree.root.walk())


def _included(node: RelationNode) -> set[str]:
    return {_column_name(attribute.column) for attribute in node.attributes} | {
        attribute.name for attribute in node.attributes
    }


def _column_name(column: object) -> str:
    return str(getattr(column, "name", ""))


def _refers(model: type[Base], tables: set[Table]) -> bool:
    return any(key.column.table in tables for key in model.__table__.foreign_keys)


def _is_reference(node: RelationNode) -> bool:
    return node.link in (Link.BELONGS_TO, Link.THROUGH) and node.identity is not None


def _referred(node: RelationNode) -> Iterator[Table]:
    if _is_reference(node):
        yield node.table
    yield from (link.table for link in node.link_by)
