"""What the services of an import work with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from offline_transfer.archive.limits import Limits
from offline_transfer.db import Database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing.source import EntitySource
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.places import OpenStorage, opened

OpenSource = Callable[[BulkImport, ImportEntity], AbstractContextManager[EntitySource]]
Report = Callable[[str, str, int], None]
"""Called as work goes on: entity path, relation, records done in this step."""


def no_report(_entity: str, _relation: str, _records: int) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """An instance, and how to open what an entity of an import is read from."""

    database: Database
    settings: Settings
    repositories: Repositories
    files: Files
    open_source: OpenSource
    limits: Limits = field(default_factory=Limits)
    report: Report = no_report
    vault: Vault = field(default_factory=lambda: Vault(None))
    egress: EgressPolicy = field(default_factory=EgressPolicy)
    open_storage: OpenStorage = opened
