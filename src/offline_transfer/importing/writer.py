"""Writes the rows of many units: one COPY per table in a savepoint; when it fails, the record at fault is found by halving."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import Table
from sqlalchemy.schema import sort_tables

from offline_transfer.forge.models import Base
from offline_transfer.importing.units import Row, Unit
from offline_transfer.relations.links import table_of
from offline_transfer.transfers.accounting import Fail

MESSAGE_CHARACTERS = 200

RECORD_AT_FAULT = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.ProgramLimitExceeded)
"""What PostgreSQL raises when a row cannot be accepted; anything else fails the whole batch."""


def write(connection: psycopg.Connection, units: Sequence[Unit]) -> frozenset[int]:
    """Writes the rows of the units; rows that cannot be written are marked with the reason, all others are written.

    Gives the identities of the rows that PostgreSQL refused.
    """
    rows = [row for unit in units for row in unit.rows if row.failure is None and row.skip is None and not row.written]
    if not rows:
        return frozenset()
    if connection.info.transaction_status is TransactionStatus.IDLE:
        # The savepoint would be a transaction of its own, and its rows would stay without their batch.
        raise RuntimeError("the transaction of the batch has ended")
    try:
        with connection.transaction():
            _copy(connection, rows)
    except RECORD_AT_FAULT:
        if len(units) == 1:
            _write_one_by_one(connection, sorted(rows, key=lambda row: _rank(row.plan.table)))
            propagate(units[0])
            return frozenset(id(row) for row in rows if row.failure is Fail.CONSTRAINT)
        middle = len(units) // 2
        return write(connection, units[:middle]) | write(connection, units[middle:])
    for row in rows:
        row.written = True
    return frozenset()


def propagate(unit: Unit) -> None:
    """Rows below one that is out are out as well, for the same kind of reason."""
    for row in unit.rows:
        # `is_out`, written out: this is asked twice for every row of an import.
        if row.parent is not None and row.failure is None and row.skip is None:
            _falls_with_parent(row)


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


def _write_one_by_one(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    """The rows of one record, parents first, by halves down to the ones at fault, so that a child can fail alone."""
    left = [row for row in rows if not _falls_with_parent(row)]
    if not left:
        return
    try:
        with connection.transaction():
            _copy(connection, left)
    except RECORD_AT_FAULT as error:
        if len(left) == 1:
            left[0].failure, left[0].message = Fail.CONSTRAINT, _reason(error)
            return
        middle = len(left) // 2
        _write_one_by_one(connection, left[:middle])
        _write_one_by_one(connection, left[middle:])
        return
    for row in left:
        row.written = True


def _falls_with_parent(row: Row) -> bool:
    """Marks a row whose parent is out; a parent is decided on before its children."""
    above = row.parent
    if above is None or not above.is_out:
        return False
    if above.skip is not None:
        row.skip = above.skip
    else:
        row.failure = Fail.PARENT_FAILED
    return True


def _reason(error: psycopg.Error) -> str:
    """What PostgreSQL objects to, without the values of the row."""
    diagnosis = error.diag
    place = diagnosis.constraint_name or diagnosis.column_name
    said = (diagnosis.message_primary or type(error).__name__).split("\n", 1)[0]
    return (f"{said} ({place})" if place and place not in said else said)[:MESSAGE_CHARACTERS]


@cache
def _ranks() -> dict[str, int]:
    """Tables in the order in which their rows can be written: whatever a row refers to comes first.

    Rows that hang on rows of several tables have no foreign key that would say so.
    """
    models = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Base)]
    above = [table_of(model) for model in models if model.__polymorphic_names__]
    below = [table_of(model) for model in models if model.__polymorphic__ is not None]
    hanging = [(parent, child) for parent in above for child in below if parent is not child]
    tables = sort_tables(Base.metadata.tables.values(), extra_dependencies=hanging)
    return {table.name: rank for rank, table in enumerate(tables)}


def _rank(table: Table) -> int:
    return _ranks()[table.name]


@cache
def _statement(table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.c)
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
