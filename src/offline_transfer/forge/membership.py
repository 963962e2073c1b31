"""Who belongs to a group or project, and in which role."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from offline_transfer.forge.access import counts
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.forge.errors import MemberNotFoundError, PlaceNotFoundError
from offline_transfer.forge.members import Member
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User

AS_THEIR_USER_SAYS = 3
"""The notification level `global`."""

LONGEST_SHOWN = 300


class Role(StrEnum):
    """The roles that a member can be given."""

    GUEST = "guest"
    PLANNER = "planner"
    REPORTER = "reporter"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"

    @property
    def level(self) -> AccessLevel:
        """What GitLab stores for it."""
        return AccessLevel[self.value]


@dataclass(frozen=True, slots=True)
class Place:
    """A group or a project that can have members."""

    path: str
    source_type: str
    source_id: int

    @property
    def member_type(self) -> str:
        """What a row of a member of it calls itself."""
        return "ProjectMember" if self.source_type == "Project" else "GroupMember"


@dataclass(frozen=True, slots=True)
class Membership:
    """One member of one group or project; `kind` is `human` for those who can do anything with it."""

    path: str
    username: str
    kind: str
    role: str
    expires_at: date | None


def add(session: Session, full_path: str, user: User, role: Role, expires_at: date | None = None) -> Membership:
    """Give somebody a role in a group or project; whoever had another there, or had asked for one, now has this.

    Raises PlaceNotFoundError.
    """
    place = _place(session, full_path)
    _give(session, place, user.id, role, expires_at)
    return Membership(place.path, user.username, user.user_type.name, role.value, expires_at)


def add_owner(session: Session, namespace_id: int, user_id: int) -> None:
    """Make somebody an owner of a group, as who has created it."""
    path = session.scalars(select(Route.path).where(Route.namespace_id == namespace_id)).one()
    _give(session, Place(path, "Namespace", namespace_id), user_id, Role.OWNER, None)


def _give(session: Session, place: Place, user_id: int, role: Role, expires_at: date | None) -> None:
    said = {
        "access_level": int(role.level),
        "expires_at": expires_at,
        "requested_at": None,
        "invite_token": None,
        "invite_email": None,
        "updated_at": func.now(),
    }
    statement = insert(Member).values(
        source_type=place.source_type,
        source_id=place.source_id,
        user_id=user_id,
        type=place.member_type,
        notification_level=AS_THEIR_USER_SAYS,
        created_at=func.now(),
        **said,
    )
    session.execute(statement.on_conflict_do_update(index_elements=["source_type", "source_id", "user_id"], set_=said))


def remove(session: Session, full_path: str, user: User) -> None:
    """End somebody's own membership of a group or project. Raises PlaceNotFoundError, MemberNotFoundError."""
    place = _place(session, full_path)
    member = session.scalar(
        select(Member).where(
            Member.source_type == place.source_type, Member.source_id == place.source_id, Member.user_id == user.id
        )
    )
    if member is None:
        raise MemberNotFoundError(username=user.username, path=place.path)
    session.delete(member)


def members(session: Session, full_path: str) -> Iterator[Membership]:
    """Whose membership counts in a group or project, with those from the groups above, the outermost first.

    Raises PlaceNotFoundError.
    """
    parts = _place(session, full_path).path.split("/")
    for length in range(1, len(parts) + 1):
        place = _place(session, "/".join(parts[:length]))
        rows = session.execute(
            select(User, Member)
            .join(User, User.id == Member.user_id)
            .where(Member.source_type == place.source_type, Member.source_id == place.source_id, counts(User.id))
            .order_by(User.username)
        )
        for user, member in rows:
            yield Membership(
                place.path, user.username, user.user_type.name, _role_name(member.access_level), member.expires_at
            )


def _place(session: Session, full_path: str) -> Place:
    wanted = full_path.strip("/")
    route = session.scalar(select(Route).where(func.lower(Route.path) == wanted.lower()))
    if route is None:
        raise PlaceNotFoundError(path=wanted[:LONGEST_SHOWN])
    if route.project_id is not None:
        return Place(route.path, "Project", route.project_id)
    assert route.namespace_id is not None
    return Place(route.path, "Namespace", route.namespace_id)


def _role_name(level: int) -> str:
    return AccessLevel(level).name if level in AccessLevel._value2member_map_ else str(level)
