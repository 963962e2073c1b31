"""One object of a relation, imported exactly once: its rows, failures and its own "done" mark are one transaction."""

from collections.abc import Iterable, Iterator
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
from offline_transfer.importing.source import SourceObject
from offline_transfer.importing.tally import Failure, tally
from offline_transfer.importing.units import Unit
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail

_NOTHING = frozenset({b"", b"null"})
"""What GitLab writes for a single relation that has no record."""

CHUNK_RECORDS = 1000
"""How many records of the first level are built before they are written, even when they are small."""


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
            with source.lines() as lines:
                for chunk in self._chunks(lines):
                    self._write(connection, batch, plan, chunk, (source, first_index), accounting)
            ledger.finish_batch(connection, batch, accounting)
        return accounting

    def _chunks(self, lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
        """Lines with their index, as many as are held at once."""
        chunk: list[tuple[int, bytes]] = []
        held = 0
        for index, line in enumerate(lines):
            if line.strip() in _NOTHING:
                continue
            if chunk and (held + len(line) > self.flush_bytes or len(chunk) >= CHUNK_RECORDS):
                yield chunk
                chunk, held = [], 0
            chunk.append((index, line))
            held += len(line)
        if chunk:
            yield chunk

    def _write(
        self,
        connection: psycopg.Connection,
        batch: ledger.BatchRef,
        plan: NodePlan,
        chunk: list[tuple[int, bytes]],
        place: tuple[SourceObject, int],
        accounting: Accounting,
    ) -> None:
        source, first_index = place
        units: list[Unit] = []
        failures: list[Failure] = []
        for index, line in chunk:
            try:
                record = self._parse(line, index, source.where)
            except RecordError as error:
                accounting.failed(plan.path, Fail.NOT_JSON)
                failures.append(Failure(plan.path, index, Fail.NOT_JSON, error.message, None))
                continue
            units.append(self.builder.unit(plan, record, first_index + index))
        self._settle(units)
        writer.write(connection, units)
        for unit in units:
            failures.extend(tally(unit, accounting, unit.index - first_index))
        ledger.note_failures(connection, batch, failures)

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
            writer.propagate(unit)

    def _parse(self, line: bytes, index: int, where: str) -> dict[str, object]:
        try:
            return ndjson.parse(line, index=index, limits=self.limits, name=where)  # type: ignore[return-value]
        except NulInRecordError:
            # PostgreSQL cannot hold the character, GitLab removes it from diffs: better without it than no record.
            return ndjson.parse(  # type: ignore[return-value]
                ndjson.without_nul(line), index=index, limits=self.limits, name=where
            )
