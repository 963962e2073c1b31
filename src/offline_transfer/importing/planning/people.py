"""Who would stand for the users whom an archive names: somebody who does already, or a new placeholder."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION, EntityPrefix
from offline_transfer.contributions.lookup import placeholders
from offline_transfer.contributions.models import SourceUser
from offline_transfer.errors import BadInputError
from offline_transfer.forge.routes import Route
from offline_transfer.importing.planning.plan import PlannedUsers
from offline_transfer.importing.transformers.people import source_id_of
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import JsonObject
from offline_transfer.verify.findings import Finding, FindingKind, printable
from offline_transfer.verify.reader import Archive

_AT_ONCE: Final = 1000
_EXAMPLES: Final = 20
_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE named (top TEXT, id INTEGER, username TEXT, PRIMARY KEY (top, id)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class _Named:
    """One user of the source."""

    id: int
    username: str | None


class NamedUsers:
    """The users that are named below each top-level group. They lie in a file without a name, so memory does not grow with them."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Forget them."""
        self._database.close()

    def read(self, archive: Archive, prefix: EntityPrefix, top: str) -> Iterator[Finding]:
        """Take up the users that one entity names; what cannot be read is a finding."""
        for stored in archive.objects(prefix, USER_CONTRIBUTIONS_RELATION) or ():
            try:
                with archive.spool(stored) as spool:
                    records = (record.value for record in spool.records())
                    self._add(top, (record for record in records if isinstance(record, dict)))
            except BadInputError as error:
                yield Finding(kind=FindingKind.DAMAGED, where=stored.where, reason=error.message)

    def planned(self, session: Session, archive: Archive, placeholder_limit: int) -> Iterator[PlannedUsers]:
        """What would become of them, by top-level group. The ghost of the source becomes the ghost here, and does not count.

        `placeholder_limit` is how many placeholders a top-level group may have; 0 is no limit.
        """
        tops = self._database.execute("SELECT DISTINCT top FROM named ORDER BY top").fetchall()
        for (top,) in tops:
            yield self._of_top(session, archive, top, placeholder_limit)

    def _of_top(self, session: Session, archive: Archive, top: str, placeholder_limit: int) -> PlannedUsers:
        namespace_id = session.scalar(select(Route.namespace_id).where(func.lower(Route.path) == top.lower()))
        named = known = 0
        examples: list[str] = []
        for users in self._slices(top):
            users = [user for user in users if user.id != archive.metadata.source_ghost_user_id]
            here = _who_stand_here(session, namespace_id, archive.metadata.source_hostname, users)
            named += len(users)
            known += len(here)
            new = (printable(user.username or f"user {user.id}") for user in users if user.id not in here)
            examples.extend(islice(new, _EXAMPLES - len(examples)))
        new_users = room = named - known
        if placeholder_limit:
            taken = 0 if namespace_id is None else placeholders(session, namespace_id)
            room = max(placeholder_limit - taken, 0)
        return PlannedUsers(
            top_level_group=top,
            named=named,
            known=known,
            placeholders=min(new_users, room),
            import_user=max(new_users - room, 0),
            examples=tuple(examples),
        )

    def _add(self, top: str, records: Iterable[JsonObject]) -> None:
        rows = (
            (top, source_id, username if isinstance(username := record.get("username"), str) else None)
            for record in records
            if (source_id := source_id_of(record.get("id"))) is not None
        )
        self._database.execute("BEGIN")
        try:
            self._database.executemany("INSERT OR IGNORE INTO named VALUES (?, ?, ?)", rows)
        finally:
            self._database.execute("COMMIT")

    def _slices(self, top: str) -> Iterator[list[_Named]]:
        last = 0
        statement = "SELECT id, username FROM named WHERE top = ? AND id > ? ORDER BY id LIMIT ?"
        while rows := self._database.execute(statement, [top, last, _AT_ONCE]).fetchall():
            yield [_Named(*row) for row in rows]
            last = rows[-1][0]


def named_users() -> closing[NamedUsers]:
    """Nobody yet, for as long as the block."""
    return closing(NamedUsers())


def _who_stand_here(session: Session, namespace_id: int | None, hostname: str, users: list[_Named]) -> frozenset[int]:
    if namespace_id is None:
        return frozenset()
    found = session.scalars(
        select(SourceUser.source_user_identifier).where(
            SourceUser.namespace_id == namespace_id,
            SourceUser.source_hostname == hostname,
            SourceUser.import_type == SourceType.offline_export.name,
            SourceUser.source_user_identifier.in_([str(user.id) for user in users]),
            SourceUser.placeholder_user_id.is_not(None),
        )
    )
    return frozenset(map(int, found))
