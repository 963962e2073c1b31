"""Finds how a relation hangs on the one above it, from the foreign keys of the models."""

from sqlalchemy import Table, UniqueConstraint

from offline_transfer.forge.base import Base
from offline_transfer.relations.nodes import AnyColumn, Fill, Join, Link


class LinkError(Exception):
    """A relation has no way, or more than one, to the relation above it: name the column with `via`."""


def find(
    name: str, path: str, models: tuple[type[Base], type[Base]], *, via: str | None, through: Table | None
) -> tuple[Link, Join]:
    """How the child model (second) hangs on the parent model (first) under this relation name."""
    parent, child = models
    if through is not None:
        return Link.THROUGH, Join(
            column=_only(_pointing(through, table_of(parent)), path),
            through=through,
            far_column=_only(_pointing(through, table_of(child)), path),
        )
    own = table_of(parent).c.get(via or f"{name}_id")
    if own is not None and points_to(own, table_of(child)):
        return Link.BELONGS_TO, Join(column=own)
    if via is None and child.__polymorphic__ is not None and parent.__polymorphic_names__:
        type_column, id_column = child.__polymorphic__
        return Link.HAS_MANY, Join(
            column=table_of(child).c[id_column],
            type_column=table_of(child).c[type_column],
            type_names=parent.__polymorphic_names__,
        )
    column = _on_child(table_of(parent), table_of(child), path, via)
    return (Link.HAS_ONE if _is_unique(column) or not name.endswith("s") else Link.HAS_MANY), Join(column=column)


def fills(table: Table, join: Join | None, ancestors: list[Table]) -> tuple[Fill, ...]:
    """The foreign keys of a record that an import sets from the records around it, the nearest winning."""
    found = []
    for column in table.c:
        if join is not None and column is join.column:
            continue
        for depth in range(len(ancestors) - 1, -1, -1):
            if points_to(column, ancestors[depth]) and not _is_self_reference(column):
                found.append(Fill(column, depth))
                break
    return tuple(found)


def table_of(model: type[Base]) -> Table:
    """The table of a model."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def points_to(column: AnyColumn, table: Table) -> bool:
    """Whether a column is a foreign key to the table."""
    return any(key.column.table is table for key in column.foreign_keys)


def _is_self_reference(column: AnyColumn) -> bool:
    return points_to(column, column.table)


def _pointing(table: Table, target: Table) -> list[AnyColumn]:
    return [column for column in table.c if points_to(column, target)]


def _on_child(parent: Table, child: Table, path: str, via: str | None) -> AnyColumn:
    candidates = _pointing(child, parent)
    if via is not None:
        candidates = [column for column in candidates if column.name == via]
    if len(candidates) > 1:
        required = [column for column in candidates if not column.nullable]
        candidates = required if len(required) == 1 else candidates
    return _only(candidates, path)


def _only(candidates: list[AnyColumn], path: str) -> AnyColumn:
    if len(candidates) != 1:
        names = ", ".join(column.name for column in candidates) or "none"
        raise LinkError(
            f"`{path}`: expected one foreign key to the relation above it, found {names}; name it with `via`"
        )
    return candidates[0]


def _is_unique(column: AnyColumn) -> bool:
    table = column.table
    if [key.name for key in table.primary_key.columns] == [column.name]:
        return True
    return any(
        [item.name for item in constraint.columns] == [column.name]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    )
