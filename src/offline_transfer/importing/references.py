"""References from records to records that others may name as well: known ones are set, the rest is noted for the resolver."""

from collections.abc import Callable
from typing import Any, Protocol

from offline_transfer.importing.owned import keep_own
from offline_transfer.importing.plan import NodePlan, count_nested, has_children
from offline_transfer.importing.transformers import shims
from offline_transfer.importing.units import Row, SharedRef, Unit
from offline_transfer.relations.nodes import Scope
from offline_transfer.transfers.accounting import Fail

Record = dict[str, Any]


class Ids(Protocol):
    """Gives ids of tables before their rows are written."""

    def next(self, table: str) -> int:
        """An id that nobody else gets."""


class SharedCache(Protocol):
    """What is known of shared records."""

    def get(self, plan: NodePlan, key: tuple[Any, ...]) -> int | None:
        """The id of a shared record that was found or made before."""

    def is_whole(self, plan: NodePlan, key: tuple[Any, ...]) -> bool:
        """Whether what hangs on it has come already."""


class References:
    """Refers to shared records by their natural keys."""

    def __init__(
        self, ids: Ids, shared: SharedCache, template: Callable[[NodePlan], list[Any]], source_id: int | None
    ) -> None:
        self._ids = ids
        self._shared = shared
        self._template = template
        self._source_id = source_id

    def share(self, plan: NodePlan, record: Record, unit: Unit, row: Row | None) -> None:
        """A shared record, below `row` or by itself."""
        for shim in plan.shims:
            shim(record)
        if plan.owned:
            keep_own(plan, record, unit, self._source_id)
        key, problem = key_of(plan, record)
        if problem is not None:
            unit.fail(plan.path, problem[0], problem[1])
            count_nested(plan, record, unit.fail_below)
            if row is not None and plan.parent_required:
                row.failure, row.message = Fail.MISSING_VALUE, problem[1]
            return
        self.refer(plan, key, record, unit, row, counted=not isinstance(record, shims.Derived))

    def refer(
        self, plan: NodePlan, key: tuple[Any, ...], record: Record, unit: Unit, row: Row | None, *, counted: bool
    ) -> None:
        """A reference by a key; the record is counted unless it is none of the source."""
        known = self._shared.get(plan, key) if row is not None else None
        if known is not None and plan.children and has_children(plan, record) and not self._shared.is_whole(plan, key):
            known = None
        if known is not None and row is not None and plan.parent_index is not None:
            row.values[plan.parent_index] = known
            if counted:
                unit.recognise(plan.path)
                count_nested(plan, record, unit.recognise)
            return
        unit.shared.append(SharedRef(plan, key, record, unit, row, plan.parent_index or 0, counted))

    def join(self, plan: NodePlan, record: Record, unit: Unit, parent: Row) -> None:
        """A shared record behind a table in between: the row in between is made here, uncounted."""
        join = plan.node.join
        assert join is not None
        assert join.far_column is not None
        between = plan.between
        assert between is not None
        row = Row(between, self._template(between), parent, counted=False)
        row.values[between.columns.index(join.column.name)] = parent.id
        if between.id_index is not None:
            row.values[between.id_index] = self._ids.next(between.table.name)
        unit.rows.append(row)
        key, problem = key_of(plan, record)
        if problem is not None:
            row.failure = Fail.PARENT_FAILED
            unit.fail(plan.path, problem[0], problem[1])
            return
        known = self._shared.get(plan, key)
        index = between.columns.index(join.far_column.name)
        if known is not None:
            row.values[index] = known
            unit.recognise(plan.path)
            return
        unit.shared.append(SharedRef(plan, key, record, unit, row, index))


def key_of(plan: NodePlan, record: Record) -> tuple[tuple[Any, ...], tuple[Fail, str] | None]:
    """The natural key of a shared record, or why it has none."""
    identity = plan.node.identity
    assert identity is not None
    key: list[Any] = []
    blank = identity.within is Scope.INSTANCE
    for name in identity.by:
        setter = plan.setters[name]
        value = record.get(name)
        try:
            key.append(("" if blank else None) if value is None else setter.convert(value))
        except (ValueError, OverflowError) as error:
            return (), (Fail.INVALID_VALUE, f"`{name}` is {error}")
    if all(value is None or value == "" for value in key):
        return (), (Fail.MISSING_VALUE, f"`{identity.by[0]}` is missing")
    return tuple(key), None
