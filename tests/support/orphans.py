"""What lies below a data directory and belongs to nobody."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select

from offline_transfer.db import Database
from offline_transfer.forge.attachments import LfsObject, Upload
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippets import Snippet
from offline_transfer.jobs import sweeps
from offline_transfer.jobs.instance import FILES, instance_of
from offline_transfer.settings import Settings
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.keys import PARTIAL_SUFFIX

_OWNERS: Final = {
    RepositoryKind.PROJECT: Project.id,
    RepositoryKind.WIKI: Project.id,
    RepositoryKind.DESIGN: Project.id,
    RepositoryKind.SNIPPET: Snippet.id,
    RepositoryKind.GROUP_WIKI: Namespace.id,
}


def orphans(database: Database, settings: Settings) -> list[str]:
    """Files and repositories that no row names, and what dead attempts have left that the sweeps pass over; sorted."""
    instance = instance_of(settings, database)
    sweeps.dead_repositories(instance)
    sweeps.dead_spool(instance)
    for begun in (settings.data_dir / FILES).rglob(f"*{PARTIAL_SUFFIX}"):
        # What was begun a moment ago is not swept.
        os.utime(begun, (0, 0))
    DiskStore(settings.data_dir / FILES).sweep()
    found = {*_files(settings.data_dir / FILES), *_files(settings.data_dir / "spool")}
    found |= {str(path) for path in _repositories(settings.data_dir / "repositories")}
    return sorted(found - set(_named(database)))


def lost(database: Database, settings: Settings) -> list[str]:
    """The contents that rows name and that do not lie there; sorted."""
    with database.session() as session:
        named = {*session.scalars(select(Upload.storage_key)), *session.scalars(select(LfsObject.storage_key))}
    return sorted(named - set(_files(settings.data_dir / FILES)))


def _files(directory: Path) -> Iterator[str]:
    """Whole or not."""
    return (str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def _repositories(directory: Path) -> Iterator[Path]:
    return (path.relative_to(directory) for path in directory.rglob("*.git") if path.is_dir())


def _named(database: Database) -> Iterator[str]:
    with database.session() as session:
        yield from session.scalars(select(Upload.storage_key))
        yield from session.scalars(select(LfsObject.storage_key))
        for kind, owner in _OWNERS.items():
            for owner_id in session.scalars(select(owner)):
                yield str(RepositoryPath(kind, owner_id).relative)
