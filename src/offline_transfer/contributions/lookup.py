"""Who stands here for a user of the source: the one question that an import asks about users.

In this form every source user gets a stand-in of its own, with the source's name and username. Mapping contributions to people
will take its place behind the same interface.
"""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.contributions.models import SourceUser
from offline_transfer.db import Database
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import User

NAME_CHARACTERS = 255


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


class StandIns:
    """Gives every source user a stand-in within one top-level namespace."""

    def __init__(
        self,
        database: Database,
        *,
        namespace_id: int,
        source_hostname: str,
        import_type: str,
        source_ghost_user_id: int | None,
        importer_id: int,
    ) -> None:
        self._database = database
        self._namespace_id = namespace_id
        self._hostname = source_hostname
        self._type = import_type
        self._source_ghost = source_ghost_user_id
        self._importer_id = importer_id
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
        with self._database.session() as session:
            self._note(session, missing)
            rows = session.scalars(
                select(SourceUser)
                .where(
                    SourceUser.namespace_id == self._namespace_id,
                    SourceUser.source_hostname == self._hostname,
                    SourceUser.import_type == self._type,
                    SourceUser.source_user_identifier.in_([str(source_id) for source_id in missing]),
                )
                .order_by(SourceUser.id)
                .with_for_update()
            ).all()
            for row in rows:
                if row.placeholder_user_id is None:
                    row.placeholder_user_id = _make_stand_in(session, row)
                self._known[int(row.source_user_identifier)] = row.placeholder_user_id

    def _note(self, session: Session, source_ids: list[int]) -> None:
        """Inserts the rows that are new and completes the ones that knew less."""
        if not source_ids:
            return
        values = []
        for source_id in source_ids:
            username, name, email = self._learned.get(source_id, (None, None, None))
            values.append(
                {
                    "namespace_id": self._namespace_id,
                    "source_hostname": self._hostname,
                    "import_type": self._type,
                    "source_user_identifier": str(source_id),
                    "source_username": username,
                    "source_name": name,
                    "source_public_email": email,
                }
            )
        statement = insert(SourceUser).values(values)
        fresh = statement.excluded
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["namespace_id", "source_hostname", "import_type", "source_user_identifier"],
                set_={
                    name: func.coalesce(fresh[name], getattr(SourceUser, name))
                    for name in ("source_username", "source_name", "source_public_email")
                },
            )
        )


def ghost_user(session: Session) -> int:
    """The id of this instance's ghost user, to whom the contributions of deleted accounts belong."""
    return internal_user(session, UserType.ghost, username="ghost", name="Ghost User")


def internal_user(session: Session, user_type: UserType, *, username: str, name: str) -> int:
    """The id of the one user of an internal type; made when absent."""
    found = session.scalar(select(User.id).where(User.user_type == user_type).order_by(User.id).limit(1))
    if found is not None:
        return found
    session.execute(
        insert(User)
        .values(username=username, name=name, email=f"{username}@noreply.invalid", user_type=user_type)
        .on_conflict_do_nothing()
    )
    return session.scalars(select(User.id).where(User.username == username)).one()


def _make_stand_in(session: Session, row: SourceUser) -> int:
    """A placeholder user with the source's name and username; where the username is taken, one that tells which it is."""
    username = row.source_username or f"source_user_{row.source_user_identifier}"
    unique = f"{username}_placeholder_{row.id}"
    name = row.source_name or row.source_username or f"Source user {row.source_user_identifier}"
    for candidate in (username, unique):
        made = session.scalar(
            insert(User)
            .values(
                username=candidate,
                name=name,
                email=f"{unique}@noreply.invalid",
                user_type=UserType.placeholder,
            )
            .on_conflict_do_nothing()
            .returning(User.id)
        )
        if made is not None:
            return int(made)
    return session.scalars(select(User.id).where(User.username == unique)).one()


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return value.replace("\0", "")[:NAME_CHARACTERS]
