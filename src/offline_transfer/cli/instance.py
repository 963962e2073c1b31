"""Opens the instance that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offline_transfer.cli.logs import write_logs
from offline_transfer.db import Database, open_database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.settings import Settings, load_settings
from offline_transfer.storage.disk import DiskStore


@dataclass(frozen=True, slots=True)
class Instance:
    """An open instance."""

    settings: Settings
    database: Database
    repositories: Repositories
    files: Files


@contextmanager
def open_instance(data_dir: Path | None) -> Iterator[Instance]:
    """The instance in a data directory (or the default one), its database running for as long as the block."""
    settings = load_settings(data_dir=data_dir)
    write_logs(settings.log_level)
    with open_database(settings) as database:
        yield Instance(
            settings=settings,
            database=database,
            repositories=Repositories(settings.data_dir / "repositories"),
            files=Files(DiskStore(settings.data_dir / "files")),
        )
