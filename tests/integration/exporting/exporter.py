"""An instance that exports into a directory, and its archives as they lie there."""

import gzip
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.exporting import result
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import CreatedExport, create_export
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge.base import Base
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.jobs import exports
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.location import Location
from offline_transfer.storage.store import Store
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.types import JsonObject

JOBS = exports


@dataclass(frozen=True, slots=True)
class Exporter:
    """An instance with its database and directory; `store` takes the archives."""

    database: Database
    directory: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    store: Store | None = None

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""
        return Repositories(self.directory / "repositories")

    @property
    def files(self) -> Files:
        """Its uploads and LFS objects."""
        return Files(DiskStore(self.directory / "files"))

    @property
    def out(self) -> Path:
        """Where its archives go."""
        return self.directory / "out"

    def context(self) -> ExportContext:
        """What its jobs work with."""
        store = self.store or DiskStore(self.out)
        settings = Settings(data_dir=self.directory, **self.settings)
        return ExportContext(
            database=self.database,
            settings=settings,
            repositories=self.repositories,
            files=self.files,
            vault=Vault.of(settings),
            egress=EgressPolicy(),
            open_storage=lambda _storage, _policy, _patience: Location(store, "archives"),
        )

    @property
    def storage(self) -> StorageConfiguration:
        """Where its archives go, as somebody would name it."""
        return StorageConfiguration.from_location(str(self.out), {})

    def add(self, *rows: Base) -> None:
        """Insert rows one after another."""
        with self.database.session() as session:
            for row in rows:
                session.add(row)
                session.flush()

    def create(self, *paths: str) -> CreatedExport:
        """Take an export on."""
        return create_export(self.context(), ExportRequest.of_paths(*paths, storage=self.storage))

    def ask(self, *entities: RequestedEntity, **options: Any) -> CreatedExport:
        """Take an export on that somebody asks for with options."""
        return create_export(self.context(), ExportRequest(entities=entities, storage=self.storage, **options))

    def run(self, created: CreatedExport) -> "Exported":
        """Do all jobs that wait, and look at an export."""
        queue.run_until_empty(self.context())
        return self.exported(created)

    def export(self, *paths: str) -> "Exported":
        """Export to the end."""
        return self.run(self.create(*paths))

    def exported(self, created: CreatedExport) -> "Exported":
        """An export as it is now."""
        with self.database.session() as session:
            return Exported(
                directory=self.out / "archives" / str(created.prefix),
                row=session.get_one(OfflineExport, created.id),
                rows=[row.to_json() for row in result.rows(session, created.id)],
                failures=list(result.failures(session, created.id)),
                is_clean=result.is_clean(session, created.id),
            )


@dataclass(frozen=True, slots=True)
class Exported:
    """An archive and what the export says of it."""

    directory: Path
    row: OfflineExport
    rows: list[JsonObject]
    failures: list[JsonObject]
    is_clean: bool

    def object_keys(self, below: str = "") -> list[str]:
        """The keys of all objects below an entity, sorted."""
        top = self.directory / below
        return sorted(str(path.relative_to(self.directory)) for path in top.rglob("*") if path.is_file())

    def content(self, key: str) -> bytes:
        """The content of an object."""
        stored = (self.directory / key).read_bytes()
        return gzip.decompress(stored) if key.endswith(".gz") else stored

    def records(self, *keys: str) -> list[Any]:
        """The records of objects, one after another."""
        return [json.loads(line) for key in keys for line in self.content(key).splitlines()]

    def relation(self, entity: str, relation: str) -> list[Any]:
        """The records of a relation, in the order of its batches."""
        single = f"{entity}/{relation}.ndjson.gz"
        if (self.directory / single).exists():
            return self.records(single)
        batches = self.object_keys(f"{entity}/{relation}")
        return self.records(*sorted(batches, key=lambda key: int(key.rpartition("_")[2].partition(".")[0])))

    def members(self, key: str) -> dict[str, bytes]:
        """The members of a tar, by name."""
        with tarfile.open(fileobj=BytesIO(self.content(key))) as tar:
            found = {}
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                found[member.name.removeprefix("./")] = file.read()
            return found

    def manifest(self) -> Any:
        """The manifest."""
        return json.loads(self.content("manifest.json.gz"))
