"""Tells whether a data directory and a database belong together.

A worker on another machine that was given the wrong directory, or an empty one, would miss files that are there and write files to
where nobody finds them. So the database keeps a random text, and the directory has a file with the same.
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer.jobs.errors import ForeignDataDirectoryError
from offline_transfer.jobs.instance import Instance

FILE: Final = "instance-id"
LONGEST: Final = 100

_CLAIM: Final = text("INSERT INTO data_directories (marker) VALUES (:marker) ON CONFLICT DO NOTHING RETURNING marker")
_KEPT: Final = text("SELECT marker FROM data_directories")


def require(instance: Instance) -> None:
    """Raise ForeignDataDirectoryError unless the data directory is the one that belongs to the database.

    The first to ask decides which one that is. Of an embedded database, which lies in the directory, it is always that.
    """
    directory = instance.settings.data_dir
    with instance.database.session() as session:
        found = _read(directory)
        kept = session.scalar(_KEPT) or _claim(session, directory, found) or session.scalar(_KEPT)
        if instance.settings.database_url is None and kept != _read(directory):
            _write(directory, str(kept))
        if kept == _read(directory):
            return
    problem = f"it has no file `{FILE}`" if found is None else f"its file `{FILE}` is another one's"
    raise ForeignDataDirectoryError(directory=directory, where=instance.database.where, problem=problem)


def _claim(session: Session, directory: Path, found: str | None) -> str | None:
    """Make this the directory of the database; None when another process was faster."""
    marker: str | None = session.scalar(_CLAIM, {"marker": found or secrets.token_hex(16)})
    if marker is not None:
        # Before the commit: a directory that says nothing would be refused from then on.
        _write(directory, marker)
    return marker


def _read(directory: Path) -> str | None:
    try:
        with (directory / FILE).open(encoding="ascii", errors="replace") as file:
            return file.read(LONGEST).strip()
    except FileNotFoundError:
        return None


def _write(directory: Path, marker: str) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = directory / f".{FILE}.{os.getpid()}"
    try:
        fresh.write_text(f"{marker}\n", "ascii")
        fresh.replace(directory / FILE)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
