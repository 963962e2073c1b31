"""What lies in a file-based export: one walk over all names, none of which is trusted."""

from dataclasses import dataclass, field
from typing import Final

from offline_transfer.archive.errors import LimitExceededError, shown
from offline_transfer.archive.limits import Limits
from offline_transfer.files.folder import Folder
from offline_transfer.files.layout import TREE_KINDS, Part, Place, place
from offline_transfer.types import PortableKind

NAMED_STRANGERS: Final = 1000


@dataclass(slots=True)
class Strangers:
    """Files that no export has: how many, and the names of the first thousand."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.names) < NAMED_STRANGERS:
            self.names.append(shown(path))


@dataclass(slots=True)
class Inventory:
    """The parts that an export has, the relations of its project and of each group, and the ids of groups with attributes."""

    parts: set[Part] = field(default_factory=set)
    relations: dict[int, set[str]] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)

    def add(self, found: Place) -> None:
        """Note one file."""
        self.parts.add(found.part)
        if found.part in (Part.PROJECT_RELATION, Part.GROUP_RELATION):
            self.relations.setdefault(found.group, set()).add(found.name)
        elif found.part is Part.GROUP:
            self.groups.add(found.group)

    @property
    def kinds(self) -> set[PortableKind]:
        """What the tree is of, by its files; none or both when it is not one."""
        return {kind for part, kind in TREE_KINDS.items() if part in self.parts}


def take(folder: Folder, strangers: Strangers, limits: Limits) -> Inventory:
    """Walk over a folder. Raises LinkInExportError and LimitExceededError."""
    inventory = Inventory()
    for count, path in enumerate(folder.files(), start=1):
        if count > limits.tar_members:
            raise LimitExceededError(name=folder.root, limit=limits.tar_members, unit="files", setting="tar_members")
        found = place(path)
        if found is None:
            strangers.add(path)
        else:
            inventory.add(found)
    return inventory
