"""What the services of an export work with."""

from dataclasses import dataclass, field

from offline_transfer.archive.limits import Limits
from offline_transfer.db import Database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers.places import OpenStorage, opened
from offline_transfer.transfers.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """An instance, and what it takes to reach the place that an export is written to."""

    database: Database
    settings: Settings
    repositories: Repositories
    files: Files
    vault: Vault
    egress: EgressPolicy
    progress: Progress = silent
    limits: Limits = field(default_factory=Limits)
    open_storage: OpenStorage = opened
