"""Opens the instance that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offline_transfer.db import open_database
from offline_transfer.jobs.instance import Instance, instance_of
from offline_transfer.logs import write_logs
from offline_transfer.settings import load_settings

__all__ = ["Instance", "open_instance"]


@contextmanager
def open_instance(data_dir: Path | None) -> Iterator[Instance]:
    """The instance in a data directory (or the default one), its database running for as long as the block.

    What the command defers it has to run itself.
    """
    settings = load_settings(data_dir=data_dir)
    write_logs(settings.log_level)
    with open_database(settings) as database:
        yield instance_of(settings, database)
