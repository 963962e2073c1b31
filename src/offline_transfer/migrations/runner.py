"""Applying the revisions to a database, and making the next one from the models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, text

SCRIPTS: Final = Path(__file__).parent
# Two processes that open a new instance at once must not both build its tables. Any number will do that nobody else uses.
ADVISORY_LOCK: Final = 0x6F74_6D69_6772
# The tables of the first revision, which stand beside Procrastinate's and have no models.
UNMODELLED: Final = frozenset({"job_failures", "job_workers", "data_directories"})


def head_revision() -> str | None:
    """The newest revision of this program; None while there is none at all."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current_revision(engine: Engine) -> str | None:
    """The revision of this database; None where nothing was ever applied."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether this program has this revision; it has not if a newer program made it."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision, in one transaction; a second process waits and finds it done."""
    with engine.begin() as connection:
        lock(connection)
        if head_revision() is not None:
            command.upgrade(_config(connection), "head")


def lock(connection: Connection) -> None:
    """Wait until nobody else migrates this database, and be alone until the connection's transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def generate(engine: Engine, metadata: MetaData, *, message: str) -> Path:
    """Write the revision that leads from this database's tables to the models', to be read and corrected; gives its file."""
    with engine.begin() as connection:
        script = command.revision(_config(connection, metadata), message=message, autogenerate=True)
    if script is None or isinstance(script, list):
        raise RuntimeError(f"Alembic wrote no single revision but {script}")
    return Path(script.path)


def differences(engine: Engine, metadata: MetaData) -> list[object]:
    """What distinguishes the database's tables from the models, as Alembic says it: empty when they agree."""
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": is_modelled}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def is_modelled(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    """Whether Alembic compares what the database has under this name with the models."""
    table = name if kind == "table" else parents.get("table_name")
    return table is None or not (table.startswith("procrastinate_") or table in UNMODELLED)


def _config(connection: Connection | None = None, metadata: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d%%(hour).2d%%(minute).2d_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    config.attributes["include_name"] = is_modelled
    return config
