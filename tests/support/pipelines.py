"""Single pipelines: an object as it lies in an archive goes in, and rows, files, counts and failures are looked at."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from offline_transfer.archive import gzip, ndjson, tarball
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.tarball import Member
from offline_transfer.contributions.lookup import StandIns, import_user
from offline_transfer.forge.attempts import Attempts
from offline_transfer.importing import portables
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.pipeline import FileDestination, Lease, PipelineWork, RowDestination
from offline_transfer.importing.records import Destination as RecordsDestination
from offline_transfer.importing.records import RecordBuilder
from offline_transfer.importing.runner import run_object
from offline_transfer.importing.scopes import Scoping
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import FileMember
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.ledger import BatchRef
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import TrackerState
from offline_transfer.types import Edition, PortableKind
from tests.support.crafted_bundles import CraftedBundle
from tests.support.importing import Destination, RecordsSource, make_destination

LIMITS: Final = Limits()
NO_RECORD: Final = b'{"title": "cut o'
"""A line that is not JSON."""
MOMENT: Final = "2020-01-02T03:04:05.678Z"
SOURCE_ID: Final = 1
"""The id of every group and project at the source."""


@dataclass(frozen=True, slots=True)
class PackedObject:
    """An object of an archive, compressed."""

    relation: str
    data: bytes
    records: int | None = None
    number: int = 1
    nested: Mapping[str, int] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Its key."""
        return f"project_{SOURCE_ID}/{self.relation}.gz"

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its lines."""
        yield ndjson.lines(self._content(), LIMITS, self.where)

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """Its files."""
        members = tarball.members(self._content(), LIMITS, self.where)
        yield (FileMember(member.name, member.size, member.blocks()) for member in members)

    def cut(self) -> "PackedObject":
        """The same without its end, as a medium that fails leaves it."""
        return replace(self, data=self.data[:-12])

    def _content(self) -> Iterator[bytes]:
        return gzip.decompress([self.data], LIMITS, self.where)


def lines_of(relation: str, *records: Mapping[str, Any] | bytes) -> PackedObject:
    """An object of records; bytes stand for a line as it is."""
    lines = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
    return PackedObject(relation, b"".join(gzip.compress([line + b"\n" for line in lines])), len(lines))


def tar_of(relation: str, files: Mapping[str, bytes], *, records: int | None = None) -> PackedObject:
    """An object of files."""
    members = [Member(name=name, size=len(data), open=from_bytes(data)) for name, data in files.items()]
    return PackedObject(relation, b"".join(gzip.compress(tarball.write(members, LIMITS, relation))), records)


def bundle(directory: Path, *, branches: int = 1) -> bytes:
    """A bundle of one commit, on so many branches."""
    crafted = CraftedBundle()
    commit = crafted.plain_commit()
    refs = [(commit, b"refs/heads/branch-%d" % number) for number in range(branches)]
    return crafted.write(directory / "made.bundle", refs).read_bytes()


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure row."""

    pipeline: str
    step: str
    reason: str
    message: str
    path: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Portable:
    """An empty group or project that is being imported."""

    instance: Destination
    id: int
    work: PipelineWork

    def batch(self, relation: str, *, retried: frozenset[int] | None = None) -> BatchRef:
        """A new batch of a relation."""
        entity_id = self.work.entity.id
        with self.instance.database.session() as session:
            of_relation = Tracker.bulk_import_entity_id == entity_id, Tracker.relation == relation
            session.execute(
                insert(Tracker)
                .values(bulk_import_entity_id=entity_id, relation=relation, stage=1, status=TrackerState.started)
                .on_conflict_do_nothing()
            )
            tracker_id = session.scalars(select(Tracker.id).where(*of_relation)).one()
            before = select(func.count()).where(BatchTracker.tracker_id == tracker_id)
            batch = BatchTracker(tracker_id=tracker_id, batch_number=session.scalars(before).one() + 1)
            session.add(batch)
            session.flush()
            lines = None if retried is None else {line: dict[str, int]() for line in retried}
            return BatchRef(entity_id, tracker_id, batch.id, batch.batch_number, relation, lines)

    def run(self, found: PackedObject) -> Accounting:
        """Imports an object as a batch of its own."""
        return self.run_batch(self.batch(found.relation), found)

    def run_batch(self, batch: BatchRef, found: PackedObject, *, lease: Lease | None = None) -> Accounting:
        """Imports an object as this batch."""
        work = self.work if lease is None else replace(self.work, lease=lease)
        return run_object(work, batch, found, 0)

    def lose_end(self, batch: BatchRef) -> None:
        """Leave a batch as somebody leaves it who dies before its transaction ends, whatever lies outside of that."""
        reset = update(BatchTracker).where(BatchTracker.id == batch.batch_id)
        with self.instance.database.session() as session:
            session.execute(reset.values(status=TrackerState.created, accounting={}))

    def failures(self, relation: str) -> list[Failed]:
        """The failure rows of a relation."""
        columns = (
            ImportFailure.pipeline_class,
            ImportFailure.pipeline_step,
            ImportFailure.exception_class,
            ImportFailure.exception_message,
            ImportFailure.subrelation,
            ImportFailure.line_index,
        )
        of_relation = (Tracker.bulk_import_entity_id == self.work.entity.id, Tracker.relation == relation)
        with self.instance.database.session() as session:
            rows = session.execute(
                select(*columns).join(Tracker, Tracker.id == ImportFailure.tracker_id).where(*of_relation)
                .order_by(ImportFailure.id)
            )  # fmt: skip
            return [Failed(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Scene:
    """An instance in which groups and projects are made to be filled."""

    instance: Destination

    def portable(self, kind: PortableKind) -> Portable:
        """A new group or project in the group `dest`, which an import has just made."""
        instance = self.instance
        source = RecordsSource(kind=kind, source_id=SOURCE_ID, attributes={"name": "App", "visibility_level": 20})
        entity_id = instance.add_entity(source)
        ids = SequenceIds(instance.database)
        with instance.database.session() as session:
            parent = portables.namespace_by_path(session, "dest")
            assert parent is not None
            make = portables.make_project if kind is PortableKind.PROJECT else portables.make_group
            table = "projects" if kind is PortableKind.PROJECT else "namespaces"
            made = make(
                session, ids.next(table), parent=parent, slug="app", attributes=source.root(), edition=Edition.EE
            )
            entity = session.get_one(ImportEntity, entity_id)
            if kind is PortableKind.PROJECT:
                entity.project_id = made.id
            else:
                entity.namespace_id = made.id
            session.flush()
            importer = import_user(session)
            host = session.get_one(BulkImport, entity.bulk_import_id).source_hostname or ""
        return Portable(instance, made.id, self._work(entity, source, (made.id, parent.id), (host, importer)))

    def _work(
        self, entity: ImportEntity, source: RecordsSource, groups: tuple[int, int], who: tuple[str, int]
    ) -> PipelineWork:
        made, parent = groups
        context = self.instance.context(source)
        chain = (parent,) if source.kind is PortableKind.PROJECT else groups
        users = StandIns(
            self.instance.database,
            namespace_id=parent,
            source_hostname=who[0],
            import_type="offline_export",
            source_ghost_user_id=None,
            importer_id=who[1],
        )
        shared = SharedRecords(self.instance.database, Scoping(source.kind, made, chain), users)
        destination = RecordsDestination(made, MOMENT, SOURCE_ID)
        builder = RecordBuilder(destination, SequenceIds(self.instance.database), users, shared)
        spool = Attempts(self.instance.directory / "spool")
        files = FileDestination(
            source.kind, made, None, self.instance.database, context.repositories, context.files, spool
        )
        return PipelineWork(context, entity, source, files, RowDestination(builder, users, shared))


def make_scene(instance_database: Any, directory: Path) -> Scene:
    """An empty instance."""
    return Scene(make_destination(instance_database, directory))


NO_SUCH_DAY: Final = "2020-02-31T00:00:00Z"
"""A time that looks like one, and that PostgreSQL does not know."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a relation makes of a record, and of one that is at fault."""

    table: str
    row: Mapping[str, Any]
    """Columns and values of the only row that is there afterwards."""
    record: Mapping[str, Any]
    broken: Mapping[str, Any]
    problem: str
    """What is objected to in the broken record."""
    step: str = "transformer"
    reason: str = "missing_value"


def refused(message: str) -> dict[str, str]:
    """How a case fails that PostgreSQL refuses."""
    return {"problem": message, "step": "loader", "reason": "constraint"}


def check_case(portable: Portable, relation: str, case: Case) -> None:
    """An object with a good record, a broken one and a line that is none; and the same batch once more."""
    batch = portable.batch(relation)
    found = lines_of(relation, case.record, case.broken, NO_RECORD)
    for _ in range(2):
        count = portable.run_batch(batch, found).paths[relation]
        assert (count.source, count.imported, count.skipped, count.failed) == (3, 1, 0, 2)
        assert portable.instance.rows(case.table, *case.row) == [tuple(case.row.values())]
        no_record, broken = portable.failures(relation)
        name = ledger.pipeline_class(relation)
        assert no_record == Failed(name, "extractor", "not_json", no_record.message, relation, 2)
        assert broken == Failed(name, case.step, case.reason, case.problem, relation, 1)
