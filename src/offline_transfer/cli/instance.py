"""Opens the instance that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offline_transfer.db import open_database
from offline_transfer.jobs import marker, registration
from offline_transfer.jobs.instance import Instance, instance_of, open_service
from offline_transfer.logs import write_logs
from offline_transfer.settings import load_settings

__all__ = ["Instance", "open_for_workers", "open_instance", "open_with_files"]


@contextmanager
def open_instance(data_dir: Path | None) -> Iterator[Instance]:
    """The instance in a data directory (or the default one), its database running for as long as the block.

    What the command defers it has to run itself.
    """
    settings = load_settings(data_dir=data_dir)
    write_logs(settings.log_level)
    with open_database(settings) as database:
        yield instance_of(settings, database)


@contextmanager
def open_with_files(data_dir: Path | None) -> Iterator[Instance]:
    """The same for a command that reads or writes repositories, uploads or LFS objects.

    Raises ForeignDataDirectoryError when the directory is not the one that belongs to the database.
    """
    with open_instance(data_dir) as instance:
        marker.require(instance)
        yield instance


@contextmanager
def open_for_workers(data_dir: Path | None, *, signing_key_file: Path | None = None) -> Iterator[Instance]:
    """The same for a command whose jobs worker processes do. `signing_key_file` overrides the setting."""
    settings = load_settings(data_dir=data_dir, signing_key_file=signing_key_file)
    write_logs(settings.log_level)
    registration.register_all()
    with open_service(settings) as instance:
        marker.require(instance)
        yield instance
