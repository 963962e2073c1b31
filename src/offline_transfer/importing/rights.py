"""What the user for whom an import runs may give to others: never more than they have themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from offline_transfer.forge.access import Ability, actor_of, can, group_levels
from offline_transfer.forge.enums import AccessLevel


@dataclass(frozen=True, slots=True)
class Rights:
    """The highest access level that may be given, and whether protections may let through others than maintainers."""

    level_cap: int
    may_grant: bool


def rights_of(session: Session, user_id: int | None, group_ids: Sequence[int]) -> Rights:
    """The rights of a user, or of the operator, in a chain of groups, the nearest first and the root last.

    Source: RelationFactory (`root_group_owner?`) and MembersMapper in GitLab; here levels of members are capped, too.
    """
    if can(session, actor_of(session, user_id), Ability.ADMIN_GROUP, group_ids[-1]):
        return Rights(AccessLevel.owner, may_grant=True)
    levels = {} if user_id is None else group_levels(session, user_id, group_ids)
    return Rights(max(levels.values(), default=AccessLevel.no_access), may_grant=False)
