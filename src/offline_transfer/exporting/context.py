"""What the services of an export work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from offline_transfer.archive.limits import Limits
from offline_transfer.db import Database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.settings import Settings
from offline_transfer.storage.location import Location
from offline_transfer.transfers.progress import Progress, silent

OpenPlace: TypeAlias = Callable[[str, str | None], Location]
"""Gives the place of a location as it is kept in the row of an export, and its S3 endpoint."""


@dataclass(frozen=True, slots=True)
class ExportContext:
    """An instance, and how to open the place that an export is written to."""

    database: Database
    settings: Settings
    repositories: Repositories
    files: Files
    open_place: OpenPlace
    progress: Progress = silent
    limits: Limits = field(default_factory=Limits)
