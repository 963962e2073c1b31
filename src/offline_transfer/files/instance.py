"""The instance that exports are loaded into and dumped from."""

from typing import Protocol

from offline_transfer.db import Database
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.settings import Settings


class Instance(Protocol):
    """What this room needs of an instance."""

    @property
    def settings(self) -> Settings:
        """Its settings."""

    @property
    def database(self) -> Database:
        """Its database."""

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""

    @property
    def files(self) -> Files:
        """Its uploads and LFS objects."""
