"""Opens the instance that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from offline_transfer.db import Database, open_database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.settings import Settings, load_settings
from offline_transfer.storage.disk import DiskStore

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The instance: its database, repositories and files.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
S3Endpoint = Annotated[
    str | None, typer.Option("--s3-endpoint", help="Where s3:// leads when it is not AWS.", show_default=False)
]


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
    with open_database(settings) as database:
        yield Instance(
            settings=settings,
            database=database,
            repositories=Repositories(settings.data_dir / "repositories"),
            files=Files(DiskStore(settings.data_dir / "files")),
        )
