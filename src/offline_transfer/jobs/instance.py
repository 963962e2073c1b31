"""An instance that is open for work: what a worker, the API and the commands stand on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from offline_transfer import queue
from offline_transfer.db import Database, open_database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.settings import Settings
from offline_transfer.storage.disk import DiskStore

FILES: Final = "files"
"""Where below a data directory uploads and LFS objects lie."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An open instance."""

    settings: Settings
    database: Database
    repositories: Repositories
    files: Files


def instance_of(settings: Settings, database: Database) -> Instance:
    """The instance in the data directory of these settings, over a database that is open."""
    return Instance(
        settings=settings,
        database=database,
        repositories=Repositories(settings.data_dir / "repositories"),
        files=Files(DiskStore(settings.data_dir / FILES, called="the files of this instance")),
    )


@contextmanager
def open_service(settings: Settings) -> Iterator[Instance]:
    """An instance whose jobs are done by workers; its database is open for as long as the block."""
    with open_database(settings) as database:
        yield instance_of(settings, queue.durable(database))
