"""Who may do what. A token stands for a user; what a user may do comes from memberships and is looked up each time.

Of an `Actor` only the id decides, with what the database says of it now: whoever was blocked, demoted or removed a moment ago may
not any more, also in a job that began before.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from offline_transfer.forge.enums import AccessLevel, UserType, Visibility
from offline_transfer.forge.errors import (
    NotSignedInError,
    ScopeMissingError,
    TokenExpiredError,
    TokenRevokedError,
    UserMayNotSignInError,
)
from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.tokens import LONGEST_TOKEN, Scope, digest
from offline_transfer.forge.users import PersonalAccessToken, User
from offline_transfer.types import PortableKind

ACTIVE: Final = "active"
MAY_SIGN_IN: Final = frozenset({UserType.human})
MAINTAINERS_CREATE_SUBGROUPS: Final = 1
IDS_AT_ONCE: Final = 5000


class Ability(StrEnum):
    """What somebody may or may not do to a group or project; the names are GitLab's."""

    ADMIN_GROUP = "admin_group"
    ADMIN_PROJECT = "admin_project"
    READ_GROUP = "read_group"
    READ_PROJECT = "read_project"
    CREATE_GROUP = "create_group"

    @classmethod
    def to_admin(cls, kind: PortableKind) -> "Ability":
        """What it takes to export one: Owner of a group, Maintainer of a project."""
        return cls.ADMIN_GROUP if kind is PortableKind.GROUP else cls.ADMIN_PROJECT


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and with what kind of token. The operator has no row of a user: whoever runs commands where the instance lies."""

    id: int | None
    username: str
    admin: bool
    scopes: frozenset[Scope]


OPERATOR: Final = Actor(id=None, username="", admin=True, scopes=frozenset(Scope))
"""Whoever may run commands on the machine may do everything: the database is open to them as well."""


def authenticate(session: Session, token: str) -> Actor:
    """The user for whom a token stands.

    Raises NotSignedInError for a token that is not known, TokenRevokedError, TokenExpiredError, UserMayNotSignInError.
    """
    if not token or len(token) > LONGEST_TOKEN:
        raise NotSignedInError
    found = session.execute(
        select(PersonalAccessToken, User, PersonalAccessToken.expires_at <= func.current_date())
        .join(User, User.id == PersonalAccessToken.user_id)
        .where(PersonalAccessToken.token_digest == digest(token))
    ).one_or_none()
    if found is None:
        raise NotSignedInError
    row, user, expired = found
    if row.revoked:
        raise TokenRevokedError
    if expired:
        raise TokenExpiredError(day=row.expires_at)
    if user.user_type not in MAY_SIGN_IN:
        raise UserMayNotSignInError(username=user.username, state="not a person's")
    if user.state != ACTIVE:
        raise UserMayNotSignInError(username=user.username, state=user.state)
    return Actor(user.id, user.username, user.admin, frozenset(scope for scope in Scope if scope in row.scopes))


def actor_of(session: Session, user_id: int | None) -> Actor:
    """Who acts in a job: the user of its row, or the operator where there is none."""
    if user_id is None:
        return OPERATOR
    user = session.get_one(User, user_id)
    return Actor(user.id, user.username, user.admin, frozenset(Scope))


def require_scope(actor: Actor, scope: Scope) -> None:
    """Raise ScopeMissingError unless the token has the scope; `api` includes `read_api`."""
    if scope not in actor.scopes and Scope.API not in actor.scopes:
        raise ScopeMissingError(scope=scope)


def can(session: Session, actor: Actor, ability: Ability, portable_id: int | None) -> bool:
    """Whether somebody may do this to a group or project; None is the root of the instance, where groups can be created."""
    if portable_id is not None:
        return portable_id in allowed(session, actor, ability, [portable_id])
    return ability is Ability.CREATE_GROUP and (actor.id is None or _is_admin(session, actor.id) is not None)


def allowed(session: Session, actor: Actor, ability: Ability, ids: Iterable[int]) -> frozenset[int]:
    """Those of these groups, or of these projects, to which somebody may do this. One query for each few thousand ids."""
    user_id = actor.id
    is_admin = True if user_id is None else _is_admin(session, user_id)
    if is_admin is None:
        return frozenset()
    if user_id is None or is_admin:
        return frozenset(ids)
    return frozenset(found for some in _chunks(ids) for found in _RULES[ability](session, user_id, some))


def level_cap(session: Session, actor: Actor, namespace_id: int | None) -> int:
    """The highest level that somebody may give to others in a group, or in what lies in it: no higher than the own one.

    None is the root, where whoever may create a group owns it.
    """
    user_id = actor.id
    is_admin = True if user_id is None else _is_admin(session, user_id)
    if user_id is None or is_admin:
        return AccessLevel.owner
    if is_admin is None:
        return AccessLevel.no_access
    if namespace_id is None:
        return AccessLevel.owner
    return group_levels(session, user_id, [namespace_id]).get(namespace_id, AccessLevel.no_access)


def admin_group(session: Session, user_id: int, ids: Collection[int]) -> Iterator[int]:
    """Owner of the group, or of one above it."""
    return _with_level(group_levels(session, user_id, ids), AccessLevel.owner)


def admin_project(session: Session, user_id: int, ids: Collection[int]) -> Iterator[int]:
    """Maintainer of the project, or of a group above it."""
    return _with_level(project_levels(session, user_id, ids), AccessLevel.maintainer)


def read_group(session: Session, user_id: int, ids: Collection[int]) -> Iterator[int]:
    """Every member of the group or of one above it, and everybody where it is not private."""
    yield from _with_level(group_levels(session, user_id, ids), AccessLevel.guest)
    yield from session.scalars(_groups(ids).where(Namespace.visibility_level >= Visibility.internal))


def read_project(session: Session, user_id: int, ids: Collection[int]) -> Iterator[int]:
    """Every member of the project or of a group above it, and everybody where it is not private."""
    yield from _with_level(project_levels(session, user_id, ids), AccessLevel.guest)
    visible = select(Project.id).where(Project.id.in_(ids), Project.visibility_level >= Visibility.internal)
    yield from session.scalars(visible)


def create_group(session: Session, user_id: int, ids: Collection[int]) -> Iterator[int]:
    """Owner of the group that is to hold the new one, or Maintainer where that group says so."""
    levels = group_levels(session, user_id, ids)
    yield from _with_level(levels, AccessLevel.owner)
    maintained = list(_with_level(levels, AccessLevel.maintainer))
    by_maintainers = Namespace.subgroup_creation_level == MAINTAINERS_CREATE_SUBGROUPS
    yield from session.scalars(_groups(maintained).where(by_maintainers))


Rule: TypeAlias = Callable[[Session, int, Collection[int]], Iterator[int]]

_RULES: Final[Mapping[Ability, Rule]] = {
    Ability.ADMIN_GROUP: admin_group,
    Ability.ADMIN_PROJECT: admin_project,
    Ability.READ_GROUP: read_group,
    Ability.READ_PROJECT: read_project,
    Ability.CREATE_GROUP: create_group,
}


def group_levels(session: Session, user_id: int, ids: Collection[int]) -> dict[int, int]:
    """The highest level that a user has in each of these groups, from there or from above; without those in which there is none."""
    return _highest(session, [_inherited(_groups(ids).add_columns(Namespace.id), user_id)])


def project_levels(session: Session, user_id: int, ids: Collection[int]) -> dict[int, int]:
    """The highest level that a user has in each of these projects, from there or from the groups above."""
    direct = select(Member.source_id, Member.access_level).where(
        Member.source_type == "Project", Member.source_id.in_(ids), counts(user_id)
    )
    above = _inherited(select(Project.id, Project.namespace_id).where(Project.id.in_(ids)), user_id)
    return _highest(session, [direct, above])


def counts(user_id: int | SQLColumnExpression[int]) -> ColumnElement[bool]:
    """The condition that a membership is this user's and in force: accepted, granted and not expired."""
    return and_(
        Member.user_id == user_id,
        Member.requested_at.is_(None),
        Member.invite_token.is_(None),
        or_(Member.invite_email.is_(None), Member.invite_accepted_at.is_not(None)),
        or_(Member.expires_at.is_(None), Member.expires_at > func.current_date()),
    )


def _inherited(start: Select[int, int], user_id: int) -> Select[int, int]:
    """Levels by what was asked for, from the namespaces that `start` names and all above them."""
    first = start.subquery()
    chain = select(first.c[0].label("portable"), first.c[1].label("namespace")).cte("chain", recursive=True)
    parent = select(chain.c.portable, Namespace.parent_id).join(Namespace, Namespace.id == chain.c.namespace)
    # UNION, not UNION ALL: it ends where rows that were damaged by hand go round in a circle.
    chain = chain.union(parent.where(Namespace.parent_id.is_not(None)))
    return select(chain.c.portable, Member.access_level).join(
        Member, and_(Member.source_type == "Namespace", Member.source_id == chain.c.namespace, counts(user_id))
    )


def _highest(session: Session, sources: list[Select[int, int]]) -> dict[int, int]:
    levels = union_all(*sources).subquery()
    portable, level = levels.c
    rows = session.execute(select(portable, func.max(level)).group_by(portable))
    return {row[0]: row[1] for row in rows}


def _groups(ids: Collection[int]) -> Select[int]:
    return select(Namespace.id).where(Namespace.id.in_(ids), Namespace.type == "Group")


def _with_level(levels: Mapping[int, int], least: AccessLevel) -> Iterator[int]:
    return (found for found, level in levels.items() if level >= least)


def _is_admin(session: Session, user_id: int) -> bool | None:
    """Whether a user is an administrator now; None when the user may do nothing at all."""
    statement = select(User.admin).where(User.id == user_id, User.state == ACTIVE, User.user_type.in_(MAY_SIGN_IN))
    return session.scalar(statement)


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, IDS_AT_ONCE)):
        yield some
