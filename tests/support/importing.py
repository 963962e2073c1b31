"""Imports of records that a test writes down, without an archive around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Table, select

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.files import Files
from offline_transfer.forge.models import Base
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.routes import Route
from offline_transfer.importing import foreground, names
from offline_transfer.importing.context import ImportContext, Inside
from offline_transfer.importing.source import EntitySource, FileMember
from offline_transfer.queue import InlineQueue, Registry
from offline_transfer.settings import Settings
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import JsonObject, PortableKind

Records = Sequence[Mapping[str, Any] | bytes]


@dataclass(frozen=True, slots=True)
class RecordsObject:
    """Some records as one object; bytes stand for a line as it is."""

    number: int
    relation: str
    content: Records
    below: Mapping[str, int] = field(default_factory=dict, kw_only=True)

    @property
    def where(self) -> str:
        """A key for messages."""
        return f"project_1/{self.relation}/batch_{self.number}.ndjson.gz"

    @property
    def records(self) -> int | None:
        """How many there are."""
        return len(self.content)

    @property
    def nested(self) -> Mapping[str, int]:
        """What is announced of what is nested in them."""
        return self.below

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """The records as lines."""
        yield (item if isinstance(item, bytes) else orjson.dumps(item) for item in self.content)

    def members(self) -> AbstractContextManager[Iterator[FileMember]]:
        """No files."""
        return nullcontext(iter(()))


@dataclass(frozen=True, slots=True)
class RecordsSource:
    """One entity made of relations and their records; a relation that is not named is empty."""

    kind: PortableKind = PortableKind.PROJECT
    full_path: str = "source/app"
    attributes: JsonObject = field(default_factory=dict)
    relations: Mapping[str, Sequence[Records]] = field(default_factory=dict)
    highest: JsonObject = field(default_factory=dict)
    source_id: int | None = None
    below: Mapping[str, Mapping[str, int]] = field(default_factory=dict, kw_only=True)
    """For each relation, what each of its objects announces of what is nested in it."""

    def root(self) -> JsonObject:
        """The portable's own attributes."""
        return self.attributes

    def max_iids(self) -> JsonObject:
        """The highest iids."""
        return self.highest

    def objects(self, relation: str) -> Sequence[RecordsObject]:
        """One object for each batch."""
        return [
            RecordsObject(number, relation, records, below=self.below.get(relation, {}))
            for number, records in enumerate(self.relations.get(relation, ()), start=1)
        ]

    def strangers(self) -> Sequence[tuple[str, int]]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class OneEntity:
    """What an import reads that brings one entity."""

    source: EntitySource

    def check(self, _context: ImportContext, _bulk_import_id: int, _watch: Callable[[], None]) -> None:
        """Nothing is looked at before."""

    def entity(self, _row: ImportEntity) -> AbstractContextManager[EntitySource]:
        """The entity."""
        return nullcontext(self.source)

    def inside(self, _row: ImportEntity) -> Sequence[Inside]:
        """Nothing."""
        return ()


def run(context: ImportContext, entity_id: int) -> None:
    """Carries the import of an entity through, or on."""
    with context.database.session() as session:
        bulk_import_id = session.get_one(ImportEntity, entity_id).bulk_import_id
    foreground.carry_out(context, bulk_import_id)


def run_entities(context: ImportContext, bulk_import_id: int) -> None:
    """Carries an import through to where only its end is left."""
    registry = Registry()
    for registration in foreground.JOBS.registrations:
        if registration.name != names.FINISH:
            registry.register(registration.name)(registration.function)
    registry.register(names.FINISH)(lambda *_context, **_ids: None)
    jobs = InlineQueue(registry)
    database = queue.inline(context.database, jobs)
    with database.session() as session:
        queue.defer(session, names.IMPORT, bulk_import_id=bulk_import_id)
    jobs.run_until_empty(replace(context, database=database))


@dataclass(frozen=True, slots=True)
class Destination:
    """An instance with one group, `dest`, to import into."""

    database: Database
    directory: Path

    def context(self, source: RecordsSource, **settings: Any) -> ImportContext:
        """The context that reads every entity from this source."""
        return ImportContext(
            database=self.database,
            settings=Settings(data_dir=self.directory, **settings),
            repositories=Repositories(self.directory / "repositories"),
            files=Files(DiskStore(self.directory / "files")),
            open_source=lambda _context, _import_id: nullcontext(OneEntity(source)),
        )

    def add_entity(self, source: RecordsSource, *, slug: str = "app", namespace: str = "dest") -> int:
        """The row of an import of this source; gives the entity's id."""
        with self.database.session() as session:
            bulk_import = BulkImport(source_type=SourceType.offline_export, source_hostname="https://source.example")
            session.add(bulk_import)
            session.flush()
            row = ImportEntity(
                bulk_import_id=bulk_import.id,
                source_type=0 if source.kind is PortableKind.GROUP else 1,
                source_full_path=source.full_path,
                source_prefix=f"{source.kind}_1",
                destination_name=slug,
                destination_namespace=namespace,
            )
            session.add(row)
            session.flush()
            return row.id

    def run(self, source: RecordsSource, *, slug: str = "app", **settings: Any) -> ImportEntity:
        """Imports a source and gives its entity."""
        entity_id = self.add_entity(source, slug=slug)
        run(self.context(source, **settings), entity_id)
        return self.entity(entity_id)

    def entity(self, entity_id: int) -> ImportEntity:
        """The entity as it is now."""
        with self.database.session() as session:
            return session.get_one(ImportEntity, entity_id)

    def accounting(self, row: ImportEntity) -> Accounting:
        """What became of the entity's records."""
        with self.database.session() as session:
            return ledger.accountings(session, row.id)

    def import_project(self, relations: Mapping[str, Records], **attributes: Any) -> tuple[ImportEntity, Accounting]:
        """Imports a project whose relations have one batch each."""
        batches = {relation: [records] for relation, records in relations.items()}
        row = self.run(RecordsSource(attributes=attributes, relations=batches))
        return row, self.accounting(row)

    def rows(self, table: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        """Rows of a table in the order of its key."""
        found: Table = Base.metadata.tables[table]
        statement = select(*(found.c[name] for name in columns)).order_by(*found.primary_key.columns)
        for name, value in where.items():
            statement = statement.where(found.c[name] == value)
        with self.database.session() as session:
            return [tuple(row) for row in session.execute(statement)]


def make_destination(database: Database, directory: Path) -> Destination:
    """An empty instance with a public group `dest`."""
    with database.session() as session:
        group = Namespace(name="Destination", path="dest", type="Group", visibility_level=Visibility.public)
        session.add(group)
        session.flush()
        session.add(Route(path="dest", name="Destination", namespace_id=group.id))
    return Destination(database, directory)
