"""Rows on their way into the database: their ids are known at once, the rows follow in bulk."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, TypeAlias

from sqlalchemy import Column, Table, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from offline_transfer.forge.base import Base

RESERVED_AT_ONCE: Final = 200

Values: TypeAlias = dict[str, object]


class Rows:
    """Collects rows of any models; `write` inserts them, what others point to first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[Values]] = {}
        self._ids: dict[str, Iterator[int]] = {}

    def add(self, model: type[Base], **values: object) -> int:
        """Notes a row of a model that numbers its rows itself, and returns its id."""
        table = _table(model)
        row_id = self._next_id(table)
        self._note(table, {"id": row_id, **values})
        return row_id

    def attach(self, model: type[Base], **values: object) -> None:
        """Notes a row of a model that goes by the ids of other rows."""
        self._note(_table(model), values)

    def write(self) -> int:
        """Inserts all rows that were noted since the last time, and returns how many there were."""
        written = 0
        for table in Base.metadata.sorted_tables:
            rows = self._rows.pop(table.name, [])
            if not _points_to_itself(table):
                rows.sort(key=_columns)
            for _, alike in groupby(rows, key=_columns):
                self._session.execute(insert(table), list(alike))
            written += len(rows)
        return written

    def _note(self, table: Table, values: Values) -> None:
        self._rows.setdefault(table.name, []).append(
            {name: value for name, value in values.items() if value is not None or not _is_json(table.c[name])}
        )

    def _next_id(self, table: Table) -> int:
        found = next(self._ids.get(table.name, iter(())), None)
        if found is None:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            numbers = func.generate_series(1, RESERVED_AT_ONCE).table_valued("number")
            reserved = self._session.scalars(select(func.nextval(sequence)).select_from(numbers)).all()
            self._ids[table.name] = iter(reserved)
            found = next(self._ids[table.name])
        return found


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _columns(row: Values) -> tuple[str, ...]:
    return tuple(sorted(row))


def _points_to_itself(table: Table) -> bool:
    return any(key.column.table is table for key in table.foreign_keys)


def _is_json(column: Column[object]) -> bool:
    """SQLAlchemy writes the JSON value `null` for None, and only an absent value leaves the column empty."""
    return isinstance(column.type, JSONB)
