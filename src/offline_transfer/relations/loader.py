"""Reads the relation files and joins them with the models of the forge."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import IntEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml
from sqlalchemy import Table

from offline_transfer.forge import models
from offline_transfer.forge.base import Base, EnumInteger
from offline_transfer.relations import links
from offline_transfer.relations.attributes import USER_REFERENCES
from offline_transfer.relations.nodes import (
    Attribute,
    Direction,
    ExclusionReason,
    Existing,
    Identity,
    ImportRule,
    Join,
    Link,
    LinkBy,
    Missing,
    Order,
    PortableTree,
    RelationNode,
    Scope,
)
from offline_transfer.types import Edition, PortableKind

Spec = dict[str, Any]
"""A piece of a relation file: YAML mappings, checked while they become nodes."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C takes a tenth of the time; a PyYAML that was built without it has only the other."""

_KNOWN_KEYS = frozenset(
    {
        "model", "included", "excluded", "columns", "methods", "where", "via", "through", "identity", "order",
        "prepare", "on_import", "unique", "needs", "single", "user", "contributions", "ancestor",
        "detached", "link_by", "same", "own",
    }
)  # fmt: skip


class RelationDefinitionError(Exception):
    """A relation file and the models do not fit together; the message names the place."""


def tree(kind: PortableKind, edition: Edition = Edition.EE) -> PortableTree:
    """The relation tree of one kind of portable for an edition; Community Edition lacks what is marked `(ee)`."""
    # A cache around a default argument would hold what is left out and what is said as two things.
    return _tree(kind, edition)


@cache
def _tree(kind: PortableKind, edition: Edition) -> PortableTree:
    text = resources.files(__package__).joinpath(f"{kind}.yml").read_text("utf-8")
    document: Spec = yaml.load(text, Loader=_LOADER)  # noqa: S506 - one of the two safe loaders
    return _Builder(kind, document, edition).build()


def model_tables() -> dict[str, type[Base]]:
    """The models of the forge by class name."""
    return {mapper.class_.__name__: mapper.class_ for mapper in models.Base.registry.mappers}


class _Builder:
    def __init__(self, kind: PortableKind, document: Spec, edition: Edition) -> None:
        self.kind = kind
        self.edition = edition
        self.specs: Spec = document["relations"]
        self.models = model_tables()
        self.document = document

    def build(self) -> PortableTree:
        spec = self.spec(self.kind, self.kind)
        model = self.model(spec, self.kind)
        root = RelationNode(
            name=self.kind,
            path="",
            depth=0,
            table=_table(model),
            link=Link.ROOT,
            edition=Edition.CE,
            direction=Direction.BOTH,
            attributes=self.attributes(spec, _table(model), "self"),
            excluded=self.excluded(spec),
            children=(),
        )
        return PortableTree(
            self.kind,
            replace(root, children=self.children((root,), (model,), self.document["tree"])),
            tuple(self.files()),
        )

    def files(self) -> Iterator[str]:
        for key in self.document["files"]:
            name, mark = _marked(key)
            if mark != "ee" or self.edition is Edition.EE:
                yield name

    def children(
        self, ancestors: tuple[RelationNode, ...], models_above: tuple[type[Base], ...], subtree: Spec
    ) -> tuple[RelationNode, ...]:
        nodes = []
        for key, below in subtree.items():
            name, mark = _marked(key)
            edition = Edition.EE if mark == "ee" else ancestors[-1].edition
            direction = Direction.IMPORT_ONLY if mark == "import only" else ancestors[-1].direction
            if edition is Edition.CE or self.edition is Edition.EE:
                nodes.append(self.node(name, ancestors, models_above, (edition, direction), below))
        return tuple(nodes)

    def node(
        self,
        name: str,
        ancestors: tuple[RelationNode, ...],
        models_above: tuple[type[Base], ...],
        marks: tuple[Edition, Direction],
        below: Spec,
    ) -> RelationNode:
        parent = ancestors[-1]
        path = f"{parent.path}.{name}".lstrip(".")
        spec = self.spec(name, path)
        model = self.model(spec, path)
        table = _table(model)
        through = spec.get("through")
        link: Link = Link.HAS_MANY
        join: Join | None = None
        if not spec.get("contributions") and not spec.get("detached"):
            link, join = links.find(
                name,
                path,
                (models_above[-1], model),
                via=_via(spec, parent.name),
                through=_table(self.models[through]) if through else None,
            )
        node = RelationNode(
            name=name,
            path=path,
            depth=parent.depth + 1,
            table=table,
            link=link,
            edition=marks[0],
            direction=marks[1],
            attributes=self.attributes(spec, table, path),
            excluded=self.excluded(spec),
            children=(),
            join=join,
            fills=links.fills(table, join, [ancestor.table for ancestor in ancestors]),
            where=_where(spec, table),
            order=_order(spec, table),
            identity=_identity(spec),
            prepare=spec.get("prepare"),
            unique=tuple(spec.get("unique", ())),
            needs=tuple(spec.get("needs", ())),
            link_by=_link_by(spec, table),
            same=tuple(spec.get("same", ())),
            own=table.c[spec["own"]] if "own" in spec else None,
            latest_only=spec.get("single") == "latest",
            is_user=bool(spec.get("user")),
            is_ancestor=bool(spec.get("ancestor")),
            is_contributions=bool(spec.get("contributions")),
        )
        return replace(node, children=self.children((*ancestors, node), (*models_above, model), below))

    def spec(self, name: str, path: str) -> Spec:
        if name not in self.specs:
            raise RelationDefinitionError(f"{self.kind}.yml: `{path}` is in the tree and not under `relations`")
        merged: Spec = {**self.specs[name], **(self.specs.get(path) or {})}
        if unknown := set(merged) - _KNOWN_KEYS:
            raise RelationDefinitionError(f"{self.kind}.yml: `{path}` has unknown keys: {', '.join(sorted(unknown))}")
        return merged

    def model(self, spec: Spec, path: str) -> type[Base]:
        try:
            return self.models[spec["model"]]
        except KeyError as error:
            raise RelationDefinitionError(f"{self.kind}.yml: `{path}` names no model of the forge") from error

    def attributes(self, spec: Spec, table: Table, path: str) -> tuple[Attribute, ...]:
        columns: Mapping[str, str] = spec.get("columns", {})
        methods: Mapping[str, str] = spec.get("methods", {})
        rules: Mapping[str, Mapping[str, str]] = spec.get("on_import", {})
        if stray := set(rules) - set(spec["included"]):
            raise RelationDefinitionError(f"{self.kind}.yml: `{path}` has rules for what does not travel: {stray}")
        found = []
        for name in spec["included"]:
            column = table.c.get(columns.get(name, name))
            if column is None and name not in methods:
                raise RelationDefinitionError(
                    f"{self.kind}.yml: `{path}` includes `{name}`: add the column to the model or a method"
                )
            rule = rules.get(name)
            found.append(
                Attribute(
                    name=name,
                    column=column,
                    method=methods.get(name),
                    user_reference=name in USER_REFERENCES,
                    rule=ImportRule(rule["rule"]) if rule else None,
                    rule_reason=rule["reason"] if rule else None,
                )
            )
        return tuple(found)

    def excluded(self, spec: Spec) -> dict[str, ExclusionReason]:
        return {
            name: ExclusionReason(reason) for reason, names in (spec.get("excluded") or {}).items() for name in names
        }


def _marked(key: str) -> tuple[str, str]:
    name, _, mark = key.partition(" (")
    return name, mark.removesuffix(")")


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _where(spec: Spec, table: Table) -> Mapping[str, str | IntEnum] | None:
    """What the rows of a relation have in common; the members of enumerations go by their names in the file."""
    if "where" not in spec:
        return None
    found: dict[str, str | IntEnum] = {}
    for name, value in spec["where"].items():
        kind = table.c[name].type
        found[name] = kind.enum_class[value] if isinstance(kind, EnumInteger) else value
    return found


def _via(spec: Spec, parent_name: str) -> str | None:
    via = spec.get("via")
    return via.get(parent_name) if isinstance(via, dict) else via


def _link_by(spec: Spec, table: Table) -> tuple[LinkBy, ...]:
    found = []
    for name, by in spec.get("link_by", {}).items():
        column = table.c[name]
        (attribute, far_column), *_ = by.items()
        found.append(LinkBy(column, attribute, next(iter(column.foreign_keys)).column.table, far_column))
    return tuple(found)


def _order(spec: Spec, table: Table) -> Order | None:
    if "order" not in spec:
        return None
    order = spec["order"]
    return Order(table.c[order["column"]], order["direction"] == "desc", order["nulls"] == "first")


def _identity(spec: Spec) -> Identity | None:
    if "identity" not in spec:
        return None
    identity = spec["identity"]
    return Identity(
        by=tuple(identity["by"]),
        within=Scope(identity["within"]),
        missing=Missing(identity.get("missing", Missing.CREATE)),
        existing=Existing(identity.get("existing", Existing.RECOGNISE)),
    )
