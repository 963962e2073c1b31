"""Who stands here for a user of the source: the one question that an import asks about users.

In this form every source user gets a stand-in of its own, with the source's name and username. Mapping contributions to people
will take its place behind the same interface.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.contributions.models import SourceUser
from offline_transfer.db import Database, lock_briefly
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import INTERNAL_USERNAMES, User

NAME_CHARACTERS = 255
NO_MAIL = "noreply.invalid"
"""Where the addresses lie of users who get no mail."""

# Arrays and not one parameter for each value: a batch may name more users than a statement takes parameters.
_NOTE = text(
    "INSERT INTO import_source_users (namespace_id, source_hostname, import_type, source_user_identifier,"
    " source_username, source_name, source_public_email)"
    " SELECT :namespace_id, :hostname, :type, named.* FROM unnest(CAST(:identifiers AS text[]), CAST(:usernames AS text[]),"
    " CAST(:names AS text[]), CAST(:emails AS text[])) AS named"
    " ON CONFLICT (namespace_id, source_hostname, import_type, source_user_identifier) DO UPDATE SET"
    " source_username = coalesce(excluded.source_username, import_source_users.source_username),"
    " source_name = coalesce(excluded.source_name, import_source_users.source_name),"
    " source_public_email = coalesce(excluded.source_public_email, import_source_users.source_public_email)"
    " RETURNING id, source_user_identifier, source_username, source_name, placeholder_user_id"
)
_MAKE = text(
    "INSERT INTO users (username, name, email, user_type)"
    " SELECT made.*, :user_type FROM unnest(CAST(:usernames AS text[]), CAST(:names AS text[]), CAST(:emails AS text[])) AS made"
    " ON CONFLICT DO NOTHING RETURNING id, username"
)
_COUNT = text(
    "SELECT count(*) FROM import_source_users JOIN users ON users.id = placeholder_user_id"
    " WHERE namespace_id = :namespace_id AND user_type = :user_type"
)


class UserLookup(Protocol):
    """From source user ids to users of this instance."""

    def get(self, source_id: int) -> int | None:
        """The user, when `resolve` has seen the id; None before."""

    def learn(self, source_id: int, *, username: object, name: object, public_email: object) -> None:
        """Remembers what the source says of a user; used when the user is resolved, or to complete one that is known."""

    def resolve(self, source_ids: Iterable[int]) -> None:
        """Makes sure that each id has a user, in a short transaction of its own."""

    @property
    def ghost_id(self) -> int:
        """The ghost user of this instance."""

    @property
    def importer_id(self) -> int:
        """The user for whom the import runs."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A row of `import_source_users`."""

    id: int
    identifier: str
    source_username: str | None
    source_name: str | None
    user_id: int | None

    @property
    def source_id(self) -> int:
        """The user's id at the source."""
        return int(self.identifier)

    def username(self, attempt: int) -> str:
        """The username that the stand-in gets if nobody has it, and none of those before it."""
        if attempt == 0:
            return self._own_username()
        return self.unique_username() if attempt == 1 else f"{self.unique_username()}_{attempt}"

    def unique_username(self) -> str:
        """A username that tells whose stand-in it is."""
        return f"{self._own_username()}_placeholder_{self.id}"

    def _own_username(self) -> str:
        return self.source_username or f"source_user_{self.identifier}"

    def name(self) -> str:
        """The name of the stand-in."""
        return self.source_name or self.source_username or f"Source user {self.identifier}"


class StandIns:
    """Gives every source user a stand-in within one top-level namespace.

    Where that has as many placeholders as the limit allows, the import user stands for all further users. 0 is no limit.
    """

    def __init__(
        self,
        database: Database,
        *,
        namespace_id: int,
        source_hostname: str,
        import_type: str,
        source_ghost_user_id: int | None,
        importer_id: int,
        placeholder_limit: int = 0,
    ) -> None:
        self._database = database
        self._namespace_id = namespace_id
        self._hostname = source_hostname
        self._type = import_type
        self._source_ghost = source_ghost_user_id
        self._importer_id = importer_id
        self._placeholder_limit = placeholder_limit
        self._ghost_id: int | None = None
        self._known: dict[int, int] = {}
        self._learned: dict[int, tuple[str | None, str | None, str | None]] = {}

    @property
    def importer_id(self) -> int:
        """The user for whom the import runs."""
        return self._importer_id

    @property
    def ghost_id(self) -> int:
        """The ghost user of this instance, made when it is first needed."""
        if self._ghost_id is None:
            with self._database.session() as session:
                self._ghost_id = ghost_user(session)
        return self._ghost_id

    def get(self, source_id: int) -> int | None:
        """The user, when `resolve` has seen the id; None before."""
        return self._known.get(source_id)

    def learn(self, source_id: int, *, username: object, name: object, public_email: object) -> None:
        """Remembers what the source says of a user, the parts that are texts; later words complete earlier ones."""
        old = self._learned.get(source_id, (None, None, None))
        new = (_text(username) or old[0], _text(name) or old[1], _text(public_email) or old[2])
        if new != old:
            self._learned[source_id] = new
            self._known.pop(source_id, None)

    def resolve(self, source_ids: Iterable[int]) -> None:
        """Finds or makes the stand-ins of all ids that are not known yet."""
        missing = sorted({source_id for source_id in source_ids if source_id not in self._known})
        if not missing:
            return
        if self._source_ghost in missing and self._source_ghost is not None:
            self._known[self._source_ghost] = self.ghost_id
            missing.remove(self._source_ghost)
        if not missing:
            return
        with self._database.session() as session:
            lock_briefly(session)
            sources = self._note(session, missing)
            made = self._stand_ins(session, [source for source in sources if source.user_id is None])
        for source in sources:
            self._known[source.source_id] = made[source.id] if source.user_id is None else source.user_id

    def _stand_ins(self, session: Session, sources: "Sequence[_Source]") -> dict[int, int]:
        """The users for sources that have none, by the ids of the sources' rows: as many placeholders as may still be made, and
        the import user for the rest.
        """
        room = self._room(session) if sources and self._placeholder_limit else len(sources)
        made = _make_stand_ins(session, sources[:room])
        if len(sources) > room:
            user_id = import_user(session)
            made |= {source.id: user_id for source in sources[room:]}
        if made:
            session.execute(
                update(SourceUser),
                [{"id": source_id, "placeholder_user_id": user_id} for source_id, user_id in made.items()],
            )
        return made

    def _room(self, session: Session) -> int:
        """How many placeholders may still be made. Nobody else makes some below the group until the transaction ends."""
        lock = func.hashtextextended(f"placeholders {self._namespace_id}", 0)
        session.execute(select(func.pg_advisory_xact_lock(lock)))
        return max(self._placeholder_limit - placeholders(session, self._namespace_id), 0)

    def _note(self, session: Session, source_ids: list[int]) -> "list[_Source]":
        """Inserts the rows that are new and completes the ones that knew less; all of them stay locked."""
        learned = [self._learned.get(source_id, (None, None, None)) for source_id in source_ids]
        usernames, names, emails = zip(*learned, strict=True)
        rows = session.execute(
            _NOTE,
            {
                "namespace_id": self._namespace_id,
                "hostname": self._hostname,
                "type": self._type,
                "identifiers": [str(source_id) for source_id in source_ids],
                "usernames": list(usernames),
                "names": list(names),
                "emails": list(emails),
            },
        )
        return sorted((_Source(*row) for row in rows), key=lambda source: source.id)


def ghost_user(session: Session) -> int:
    """The id of this instance's ghost user, to whom the contributions of deleted accounts belong."""
    return _internal_user(session, UserType.ghost, name="Ghost User")


def placeholders(session: Session, namespace_id: int) -> int:
    """How many placeholders stand for users of sources below a top-level group; it is these that the limit counts."""
    given = {"namespace_id": namespace_id, "user_type": UserType.placeholder.value}
    return int(session.execute(_COUNT, given).scalar_one())


def import_user(session: Session) -> int:
    """The id of this instance's import user, to whom belongs what an import can give to nobody else."""
    return _internal_user(session, UserType.import_user, name="Import User")


def _internal_user(session: Session, user_type: UserType, *, name: str) -> int:
    """The id of the one user of an internal type; made when absent.

    It takes the first of `ghost`, `ghost1`, `ghost2`... that is free, as in GitLab's Users::Internal. Where several processes
    make it at once, the index over internal users lets one of them, and the others find what that one made.
    """
    found = select(User.id).where(User.user_type == user_type)
    usernames = (f"{INTERNAL_USERNAMES[user_type]}{number or ''}" for number in count())
    while (user_id := session.scalar(found)) is None:
        lock_briefly(session)
        username = next(usernames)
        given = {"username": username, "name": name, "email": f"{username}@{NO_MAIL}", "user_type": user_type}
        session.execute(insert(User).values(given).on_conflict_do_nothing())
    return user_id


def _make_stand_ins(session: Session, sources: "Sequence[_Source]") -> dict[int, int]:
    """Makes placeholder users with the sources' names and usernames, and gives them by the ids of the sources' rows.

    Where a username is taken, the stand-in gets one that tells whose it is, with a number if that is taken as well.
    """
    made: dict[int, int] = {}
    attempts = count()
    while left := [source for source in sources if source.id not in made]:
        attempt = next(attempts)
        # The first of several with one username gets it.
        wanted = {source.username(attempt): source for source in reversed(left)}
        # Two imports that make the same usernames at once wait for each other in one order only.
        given = sorted(wanted.items())
        values = {
            "usernames": [username for username, _ in given],
            "names": [source.name() for _, source in given],
            "emails": [f"{source.unique_username()}@{NO_MAIL}" for _, source in given],
            "user_type": UserType.placeholder.value,
        }
        made |= {wanted[username].id: user_id for user_id, username in session.execute(_MAKE, values)}
    return made


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return value.replace("\0", "")[:NAME_CHARACTERS]
