"""Writes the rows of many units: one COPY per table in a savepoint; when it fails, the record at fault is found by halving."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import psycopg
from psycopg import sql
from sqlalchemy import Table

from offline_transfer.forge.models import Base
from offline_transfer.importing.units import Row, Unit
from offline_transfer.transfers.accounting import Fail

MESSAGE_CHARACTERS = 200

RECORD_AT_FAULT = (psycopg.IntegrityError, psycopg.DataError)
"""What PostgreSQL raises when a row cannot be accepted; anything else fails the whole batch."""


def write(connection: psycopg.Connection, units: Sequence[Unit]) -> None:
    """Writes the rows of the units; rows that cannot be written are marked with the reason, all others are written."""
    rows = [row for unit in units for row in unit.rows if not row.is_out and not row.written]
    if not rows:
        return
    try:
        with connection.transaction():
            _copy(connection, rows)
    except RECORD_AT_FAULT:
        if len(units) == 1:
            _write_single(connection, units[0])
            return
        middle = len(units) // 2
        write(connection, units[:middle])
        write(connection, units[middle:])
        return
    for row in rows:
        row.written = True


def propagate(unit: Unit) -> None:
    """Rows below one that is out are out as well, for the same kind of reason."""
    for row in unit.rows:
        above = row.parent
        if above is None or row.is_out or not above.is_out:
            continue
        if above.skip is not None:
            row.skip = above.skip
        else:
            row.failure = Fail.PARENT_FAILED


def _copy(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    by_table: defaultdict[Table, list[Row]] = defaultdict(list)
    for row in rows:
        by_table[row.plan.table].append(row)
    with connection.cursor() as cursor:
        for table in sorted(by_table, key=_rank):
            with cursor.copy(_statement(table)) as copy:
                write_row = copy.write_row
                for row in by_table[table]:
                    write_row(row.values)


def _write_single(connection: psycopg.Connection, unit: Unit) -> None:
    """The rows of one record one after another, parents first, so that a child can fail alone."""
    for row in sorted(unit.rows, key=lambda row: _rank(row.plan.table)):
        propagate(unit)
        if row.is_out or row.written:
            continue
        try:
            with connection.transaction():
                _copy(connection, [row])
            row.written = True
        except RECORD_AT_FAULT as error:
            row.failure = Fail.CONSTRAINT
            row.message = _reason(error)
    propagate(unit)


def _reason(error: psycopg.Error) -> str:
    """What PostgreSQL objects to, without the values of the row."""
    diagnosis = error.diag
    place = diagnosis.constraint_name or diagnosis.column_name
    said = (diagnosis.message_primary or type(error).__name__).split("\n", 1)[0]
    return (f"{said} ({place})" if place and place not in said else said)[:MESSAGE_CHARACTERS]


@cache
def _ranks() -> dict[str, int]:
    """Tables in the order in which their rows can be written: whatever a row refers to comes first."""
    return {table.name: rank for rank, table in enumerate(Base.metadata.sorted_tables)}


def _rank(table: Table) -> int:
    return _ranks()[table.name]


@cache
def _statement(table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.c)
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
