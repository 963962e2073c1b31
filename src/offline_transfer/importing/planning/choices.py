"""What somebody wants who asks for a plan, beside the entities themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from offline_transfer.archive.signature import PublicKey

Progress = Callable[[str, str], None]
"""Called before something is looked at: an entity, or what stands for one, and a relation."""


def no_progress(_entity: str, _relation: str) -> None:
    """Says nothing."""


class Reading(StrEnum):
    """How closely the archive is looked at."""

    LISTING = "listing"
    """Every object is there in its size."""
    HASHES = "hashes"
    """Every object that would be imported is read and has its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What shall be different for one group or project, whether it was named or lies in a group that was.

    What shall go into another group than its own becomes is named itself.
    """

    slug: str | None = None
    """Its path in its group; the source's when None."""
    skip: bool = False
    """It and everything below it stays away."""
    skip_relations: tuple[str, ...] = ()
    """What is left out, here and in what lies below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """How a plan is made."""

    reading: Reading = Reading.HASHES
    signers: Sequence[PublicKey] = ()
    """Whose signatures the asking user knows, beside the keys that this instance trusts."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """By full path at the source."""
    progress: Progress = no_progress
