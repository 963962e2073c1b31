"""An instance in a temporary directory, and what a load says of itself."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from offline_transfer.db import Database
from offline_transfer.files.load import Loaded, load
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.routes import Route
from offline_transfer.importing import result
from offline_transfer.settings import Settings
from offline_transfer.storage.disk import DiskStore
from offline_transfer.types import JsonObject


@dataclass(frozen=True, slots=True)
class TestInstance:
    """An instance."""

    __test__ = False

    settings: Settings
    database: Database
    repositories: Repositories
    files: Files

    def load(self, path: Path, *, namespace: str = "dest", slug: str | None = None) -> Loaded:
        """Loads an export."""
        return load(self, path, namespace=namespace, slug=slug)

    def rows(self, loaded: Loaded) -> list[result.Row]:
        """What became of the records, checked to add up."""
        with self.database.session() as session:
            found = list(result.rows(session, loaded.bulk_import_id))
        for row in found:
            assert row.source == row.imported + row.skipped + row.failed
            assert row.skipped + row.failed == sum(row.reasons.values())
        return found

    def failures(self, loaded: Loaded) -> list[tuple[object, object, object]]:
        """Entity, path and message of everything that failed."""
        with self.database.session() as session:
            found = list(result.failures(session, loaded.bulk_import_id))
        return [(item["entity"], item["path"], item["message"]) for item in found]

    def destinations(self, loaded: Loaded) -> list[JsonObject]:
        """Where each entity went."""
        with self.database.session() as session:
            return list(result.destinations(session, loaded.bulk_import_id))

    def paths(self) -> list[str]:
        """The full paths of all groups and projects."""
        with self.database.session() as session:
            return sorted(session.scalars(select(Route.path)))


def make_instance(database: Database, data_dir: Path) -> TestInstance:
    """An instance on a migrated database."""
    return TestInstance(
        settings=Settings(data_dir=data_dir),
        database=database,
        repositories=Repositories(data_dir / "repositories"),
        files=Files(DiskStore(data_dir / "files")),
    )


def sources(rows: Iterable[result.Row]) -> dict[str, int]:
    """Records at the source by path, over all entities."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.path] += row.source
    return dict(counts)


def differences(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, tuple[int | None, int | None]]:
    """The paths whose counts differ."""
    return {
        path: (one.get(path), other.get(path)) for path in one.keys() | other.keys() if one.get(path) != other.get(path)
    }
