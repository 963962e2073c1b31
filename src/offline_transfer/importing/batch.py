"""One object of a relation, imported exactly once: its rows, failures and its own "done" mark are one transaction."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from offline_transfer.archive import ndjson
from offline_transfer.archive.errors import NulInRecordError, RecordError
from offline_transfer.archive.limits import Limits
from offline_transfer.contributions.lookup import UserLookup
from offline_transfer.db import Database
from offline_transfer.importing import writer
from offline_transfer.importing.plan import NodePlan
from offline_transfer.importing.records import RecordBuilder
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import NOTHING, SourceObject
from offline_transfer.importing.tally import Failure, tally
from offline_transfer.importing.units import Unit
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail

CHUNK_RECORDS = 1000
"""How many records of the first level are built before they are written, even when they are small."""

OBJECTS_BETWEEN_COLLECTIONS = 100_000


@dataclass(frozen=True, slots=True)
class _Work:
    """One object while it is imported."""

    connection: psycopg.Connection
    batch: ledger.BatchRef
    plan: NodePlan
    source: SourceObject
    first_index: int
    accounting: Accounting


@contextmanager
def rare_collections() -> Iterator[None]:
    """Lets the garbage collector look less often during the block.

    Parsing makes hundreds of thousands of objects that live until they are written, and none that only a collector would free;
    looking through them again and again takes a third of the time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@dataclass(frozen=True, slots=True)
class BatchImporter:
    """Imports the objects of the tree relations of one portable."""

    database: Database
    builder: RecordBuilder
    users: UserLookup
    shared: SharedRecords
    limits: Limits
    flush_bytes: int

    def run(self, batch: ledger.BatchRef, plan: NodePlan, source: SourceObject, first_index: int) -> Accounting:
        """Writes one object; a batch that was written before is left as it is. Gives what became of its records.

        Raises BadInputError when the object turns out to be damaged; then nothing of it is written.
        """
        with self.database.raw_connection() as connection, connection.transaction():
            done = ledger.begin_batch(connection, batch)
            if done is not None:
                return done
            accounting = Accounting()
            work = _Work(connection, batch, plan, source, first_index, accounting)
            with source.lines() as lines, rare_collections():
                self._import(work, lines)
            ledger.finish_batch(connection, batch, accounting)
        return accounting

    def _import(self, work: "_Work", lines: Iterable[bytes]) -> None:
        """Builds what each line becomes, and writes whenever as much is held as may be."""
        units: list[Unit] = []
        held = 0
        for index, line in enumerate(lines):
            if line.strip() in NOTHING:
                continue
            if units and (held + len(line) > self.flush_bytes or len(units) >= CHUNK_RECORDS):
                self._write(work, units)
                units.clear()
                held = 0
            try:
                record = self._parse(line, index, work.source.where)
            except RecordError as error:
                work.accounting.failed(work.plan.path, Fail.NOT_JSON)
                failure = Failure(work.plan.path, index, Fail.NOT_JSON, error.message, None)
                ledger.note_failures(work.connection, work.batch, [failure])
                continue
            units.append(self.builder.unit(work.plan, record, work.first_index + index))
            held += len(line)
        if units:
            self._write(work, units)

    def _write(self, work: "_Work", units: list[Unit]) -> None:
        self._settle(units)
        writer.write(work.connection, units)
        failures: list[Failure] = []
        for unit in units:
            failures.extend(tally(unit, work.accounting, unit.index - work.first_index))
        ledger.note_failures(work.connection, work.batch, failures)

    def _settle(self, units: list[Unit]) -> None:
        """Finds or makes everything that rows of several batches share: users first, then records."""
        refs = [ref for unit in units for ref in unit.shared]
        named = {source_id for unit in units for source_id in unit.named}
        self.users.resolve(named | {source_id for unit in units for _, _, source_id in unit.users})
        if refs:
            self.shared.resolve(refs, self.builder)
        self.users.resolve({source_id for unit in units for _, _, source_id in unit.users})
        for unit in units:
            for row, index, source_id in unit.users:
                row.values[index] = self.users.get(source_id)
            # Units and references point to each other; let go, they need no collector.
            unit.shared.clear()
            writer.propagate(unit)

    def _parse(self, line: bytes, index: int, where: str) -> dict[str, object]:
        try:
            return ndjson.parse(line, index=index, limits=self.limits, name=where)  # type: ignore[return-value]
        except NulInRecordError:
            # PostgreSQL cannot hold the character, GitLab removes it from diffs: better without it than no record.
            return ndjson.parse(  # type: ignore[return-value]
                ndjson.without_nul(line), index=index, limits=self.limits, name=where
            )
