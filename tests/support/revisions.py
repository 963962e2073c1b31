"""A small chain of migrations, for tests of what applies them."""

import shutil
from pathlib import Path
from typing import Final

from offline_transfer import migrations

REVISION: Final = """
from alembic import op

revision = "{revision}"
down_revision = {previous}


def upgrade() -> None:
    op.execute("CREATE TABLE IF NOT EXISTS applied (name text PRIMARY KEY)")
    op.execute("INSERT INTO applied VALUES ('{revision}')")
"""


def write_revisions(parent: Path, names: list[str]) -> Path:
    """The directory of a chain with these revisions, each of which inserts its name into the table `applied`."""
    directory = parent / "migrations"
    versions = directory / "versions"
    versions.mkdir(parents=True)
    for file in ("env.py", "script.py.mako"):
        shutil.copy(Path(migrations.__file__).parent / file, directory)
    previous: str | None = None
    for name in names:
        (versions / f"{name}.py").write_text(REVISION.format(revision=name, previous=repr(previous)))
        previous = name
    return directory
