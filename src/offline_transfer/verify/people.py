"""The users of one archive: who is behind each id, and whether that holds throughout."""

import sqlite3
from collections.abc import Iterator

from offline_transfer.archive.errors import shown
from offline_transfer.relations.rules import GHOST_USER
from offline_transfer.types import JsonObject, JsonValue
from offline_transfer.verify.findings import Finding, FindingKind

UNKNOWN_USER = "(unknown user)"
_REPORTED = 20


class People:
    """All users that an archive describes, for the one question whether ids and users belong together one to one.

    An id is one user everywhere. A user has one id below each root; another root may know the same user under another id, since
    those who stand for users of a source do so within one top-level group.
    """

    def __init__(self) -> None:
        # An empty name asks SQLite for a private database on disk that goes when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE users (id INTEGER, user TEXT, root TEXT, PRIMARY KEY (id, user, root)) WITHOUT ROWID;"
        )

    def close(self) -> None:
        """Forget them."""
        self._database.close()

    def add(self, source_id: int, user: str, root: str) -> None:
        """Note that a record below a root says this of an id."""
        self._database.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", [source_id, user, root])

    def findings(self, which: str) -> Iterator[Finding]:
        """Ids that are several users and users that are several ids; `which` names the archive."""
        merged = self._database.execute(
            "SELECT id, group_concat(DISTINCT user) FROM users GROUP BY id HAVING count(DISTINCT user) > 1 LIMIT ?",
            [_REPORTED],
        )
        for source_id, users in merged:
            reason = f"in the {which} archive the user id {source_id} stands for several users"
            yield Finding(kind=FindingKind.USERS_MERGED, reason=reason, sample=users)
        split = self._database.execute(
            "SELECT user, group_concat(DISTINCT id) FROM users GROUP BY root, user HAVING count(DISTINCT id) > 1 LIMIT ?",
            [_REPORTED],
        )
        for user, ids in split:
            reason = f"in the {which} archive one user has several ids: {ids}"
            yield Finding(kind=FindingKind.USERS_MERGED, reason=reason, sample=user)


class EntityUsers:
    """The users of one group or project of one archive."""

    def __init__(self, people: People, root: str, ghost_id: int | None) -> None:
        self._people = people
        self._root = root
        self._ghost_id = ghost_id
        self._users: dict[int, str] = {}
        self._named: set[int] = set()
        self._named_aside: set[int] = set()
        self.unknown: set[int] = set()

    def learn(self, record: JsonObject) -> None:
        """Take up a record that describes a user."""
        source_id = record.get("id")
        if not isinstance(source_id, int) or source_id == self._ghost_id:
            return
        user = _identity(record)
        self._users.setdefault(source_id, user)
        self._people.add(source_id, user, self._root)

    def name(self, source_id: JsonValue) -> JsonValue:
        """The user behind an id that is compared."""
        if not isinstance(source_id, int):
            return source_id
        if source_id == self._ghost_id:
            return GHOST_USER
        self._named.add(source_id)
        return self.describe(source_id)

    def name_aside(self, source_id: JsonValue) -> None:
        """Note that an attribute that is not compared names this user."""
        if isinstance(source_id, int):
            self._named_aside.add(source_id)

    def describe(self, source_id: JsonValue) -> JsonValue:
        """The user behind an id, without counting as named."""
        if not isinstance(source_id, int):
            return source_id
        if source_id == self._ghost_id:
            return GHOST_USER
        user = self._users.get(source_id)
        if user is None:
            self.unknown.add(source_id)
            return UNKNOWN_USER
        return user

    def is_aside(self, source_id: JsonValue) -> bool:
        """Whether a described user counts only for what is not compared.

        That is the ghost user, who is named wherever an import found nobody, and users whom only such attributes name.
        """
        if source_id == self._ghost_id:
            return True
        return isinstance(source_id, int) and source_id in self._named_aside and source_id not in self._named

    def findings(self, which: str, entity: str) -> Iterator[Finding]:
        """The ids of which nothing is known."""
        if self.unknown:
            ids = sorted(self.unknown)
            listed = shown(", ".join(str(source_id) for source_id in ids[:_REPORTED]))
            reason = f"the {which} archive does not say who these users are, so nobody knows whom its records name"
            yield Finding(kind=FindingKind.UNKNOWN_USER, entity=entity, reason=reason, sample=listed)


def _identity(record: JsonObject) -> str:
    username = record.get("username")
    if isinstance(username, str) and username:
        return username
    return f"({record.get('name')}, {record.get('public_email')})"
