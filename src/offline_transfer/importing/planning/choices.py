"""What somebody wants who asks for a plan, beside the entities themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from offline_transfer.archive.signature import PublicKey
from offline_transfer.importing.request import Choice

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
class PlanOptions:
    """How a plan is made."""

    reading: Reading = Reading.HASHES
    signers: Sequence[PublicKey] = ()
    """Whose signatures the asking user knows, beside the keys that this instance trusts."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """By full path at the source."""
    progress: Progress = no_progress
