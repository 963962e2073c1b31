"""LFS objects that no project uses any more.

Source: RemoveUnreferencedLfsObjectsWorker of GitLab.
"""

from typing import Final

import psycopg
from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session

from offline_transfer.db import Database
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject
from offline_transfer.forge.files import Files

LOCK: Final = "lfs objects"
AT_ONCE: Final = 1000
"""How many objects go in one transaction."""


def keep_unused(connection: psycopg.Connection) -> None:
    """Until the transaction ends no object is removed: between its contents and the link to it there is a moment without use."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [LOCK])


def remove_unused(database: Database, files: Files) -> int:
    """Removes the objects that no project uses, contents first, and gives their number. None while somebody brings some."""
    removed = 0
    while True:
        with database.session() as session:
            found = _remove_some(session, files)
        removed += found
        if found < AT_ONCE:
            return removed


def _remove_some(session: Session, files: Files) -> int:
    if not session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(LOCK, 0)))):
        return 0
    # A statement of its own: it sees the links that were made before the lock was given.
    found = session.execute(select(LfsObject.id, LfsObject.storage_key).where(_is_unused()).limit(AT_ONCE)).all()
    for _, key in found:
        files.delete(key)
    session.execute(delete(LfsObject).where(LfsObject.id.in_([object_id for object_id, _ in found])))
    return len(found)


def _is_unused() -> ColumnElement[bool]:
    return ~exists().where(LfsObjectsProject.lfs_object_id == LfsObject.id)
