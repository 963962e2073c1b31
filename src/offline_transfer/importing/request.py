"""What somebody asks for who wants an import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.signature import PublicKey
from offline_transfer.forge.access import OPERATOR, Actor
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.types import PortableKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entity that the user asks for: from which path, into which group, under which name (the source's when None).

    Of a group `migrate_projects` says whether its projects come, too, and those of its subgroups. `skip_relations` are left out of
    it and of what lies in it. `kind` is what the user takes it for, if that was said.
    """

    source_full_path: str
    destination_namespace: str
    destination_slug: str | None = None
    kind: PortableKind | None = None
    migrate_projects: bool = True
    migrate_memberships: bool = True
    skip_relations: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What shall be different for one group or project that lies in a group which was asked for.

    What shall go into another group than its own becomes is asked for itself.
    """

    slug: str | None = None
    """Its path in its group; the source's when None."""
    skip: bool = False
    """It and everything below it stays away."""
    skip_relations: Sequence[str] = ()
    """What is left out, here and in what lies below."""

    def changes_nothing(self, source_full_path: str) -> bool:
        """Whether what lies at this path would come so by itself."""
        is_own_slug = self.slug in (None, source_full_path.rsplit("/", 1)[-1])
        return is_own_slug and not self.skip and not self.skip_relations


@dataclass(frozen=True, slots=True)
class Everything:
    """All of the archive into one group, or to the root when that is empty, where projects cannot be.

    That is each group and project that lies in no other group of the archive; without `migrate_projects` the groups alone.
    """

    destination_namespace: str
    migrate_projects: bool = True
    migrate_memberships: bool = True
    skip_relations: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """An import as it is asked for."""

    wanted: Sequence[Wanted] | Everything
    storage: StorageConfiguration
    export_prefix: str
    """The directory of the archive in the store, which people may have renamed."""
    decryption: Keys = field(default_factory=Keys)
    signers: Sequence[PublicKey] = ()
    """One of these must have signed; without any the settings of the instance decide."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """By full path at the source, for what lies in the groups that are wanted."""
    actor: Actor = OPERATOR
    limits: Limits | None = None
    """How much the archive may ask of us, where that is not what the instance allows."""
