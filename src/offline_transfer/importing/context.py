"""What the services of an import work with."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from offline_transfer.archive.limits import Limits
from offline_transfer.db import Database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing.source import EntitySource
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.transfers.places import OpenStorage, opened

Report: TypeAlias = Callable[[str, str, int], None]
"""Called as work goes on: entity path, relation, records done in this step."""


def no_report(_entity: str, _relation: str, _records: int) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A group or project that lies directly in an entity: its path and prefix at the source, and the name that it has there."""

    source_full_path: str
    source_prefix: str
    slug: str
    error: str | None = None
    """Why it cannot be imported whatever becomes of the entity; None where it can."""
    fail: Fail = Fail.PARENT_FAILED
    """How it is counted when it is not imported."""


class Source(Protocol):
    """Where all entities of one import are read from."""

    def check(self, context: "ImportContext", bulk_import_id: int, watch: Callable[[], None], /) -> None:
        """What is looked at before the first row, unless that was done when the import was taken on.

        `watch` is called for each block that is read, and raises when nobody wants the import any more. Raises BadInputError for
        what must not be imported.
        """

    def entity(self, row: ImportEntity, /) -> AbstractContextManager[EntitySource]:
        """One group or project. Raises BadInputError or StorageError where it cannot be opened."""

    def inside(self, row: ImportEntity, /) -> Sequence[Inside]:
        """What lies directly in an entity, in the order in which it is to be imported."""


OpenSource: TypeAlias = Callable[["ImportContext", int], AbstractContextManager[Source]]
"""Opens what the import with this id reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext:
    """An instance, and how to open what an import reads."""

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
