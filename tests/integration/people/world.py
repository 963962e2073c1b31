"""What tests say about people, groups and projects, in short."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from offline_transfer.forge import access
from offline_transfer.forge.access import Ability, Actor
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.forge.members import Member

ROOT: Final = 1
ADA: Final = 2
BOB: Final = 3
TOP: Final = 10
SUB: Final = 11
OTHER: Final = 12
APP: Final = 20
OTHER_APP: Final = 21


@dataclass(frozen=True, slots=True)
class World:
    """One transaction, and shorthand for what is done in it."""

    session: Session

    def join(self, user: int, source: int, level: AccessLevel, **more: Any) -> None:
        """Makes somebody a member of a group, or of a project."""
        kind, type_ = ("Namespace", "GroupMember") if source < APP else ("Project", "ProjectMember")
        self.session.add(
            Member(
                user_id=user,
                source_type=kind,
                source_id=source,
                access_level=level,
                notification_level=3,
                type=type_,
                **more,
            )
        )
        self.session.flush()

    def actor(self, user: int) -> Actor:
        """Somebody who acts."""
        return access.actor_of(self.session, user)

    def can(self, user: int, ability: Ability, portable: int | None) -> bool:
        """Whether somebody may."""
        return access.can(self.session, self.actor(user), ability, portable)
