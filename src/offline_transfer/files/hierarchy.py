"""The groups of a file-based export, parents before their children."""

from dataclasses import dataclass
from typing import Final

from offline_transfer.archive import ndjson
from offline_transfer.archive.limits import Limits
from offline_transfer.errors import BadInputError
from offline_transfer.files import layout
from offline_transfer.files.errors import DamagedTreeError
from offline_transfer.files.folder import Folder
from offline_transfer.files.inventory import Inventory
from offline_transfer.files.slugs import slug_of
from offline_transfer.files.source import GroupFiles, Places
from offline_transfer.transfers.accounting import Fail
from offline_transfer.types import JsonObject

PARENT_NOT_FOUND: Final = "its parent group is not in the export, or could not be read"
ATTRIBUTES_ABSENT: Final = "its attributes are not in the export"
WRONG_ID: Final = "the id in its attributes is not the one that its file is named by"


@dataclass(frozen=True, slots=True)
class GroupEntity:
    """A group of an export: its own source, the id of its parent there, and the name of its path."""

    source: GroupFiles
    parent_id: int | None
    slug: str


@dataclass(frozen=True, slots=True)
class GroupFailure:
    """A group that cannot be imported, why, and its source for counting what is lost with it."""

    source: GroupFiles
    reason: str
    fail: Fail


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The groups in an order in which each parent comes before its children, the root first, and the groups that are left."""

    groups: tuple[GroupEntity, ...]
    failures: tuple[GroupFailure, ...]
    unlisted: frozenset[int]
    """Groups whose attributes are there, but that `_all.ndjson` does not name."""


@dataclass(frozen=True, slots=True)
class _Attributes:
    group_id: int
    parent_id: int | None
    slug: str


def read(places: Places, inventory: Inventory) -> Hierarchy:
    """Read the list of groups and the attributes of each. The first in the list is the root, whatever its parent was.

    A group that cannot be used is a failure, and so are the groups below it; the others go on. Raises BadInputError when the list
    or the root cannot be used.
    """
    listed = _listed(places.tree, places.limits)
    order = list(dict.fromkeys(listed)) if listed is not None else sorted(inventory.groups | set(inventory.relations))
    known: dict[int, _Attributes] = {}
    reasons: dict[int, str] = {}
    for group_id in order:
        try:
            known[group_id] = _attributes(places, group_id)
        except BadInputError as error:
            reasons[group_id] = str(error.details.get("reason", error.message))
    root = _root(order, known, reasons, is_listed=listed is not None)
    groups = _sorted(root, known)
    reasons |= {group_id: PARENT_NOT_FOUND for group_id in known if group_id not in groups}
    return Hierarchy(
        groups=tuple(
            GroupEntity(_source(places, inventory, group_id, path), known[group_id].parent_id, known[group_id].slug)
            for group_id, path in groups.items()
        ),
        failures=tuple(
            GroupFailure(
                _source(places, inventory, group_id, f"group_{group_id}"),
                reasons[group_id],
                Fail.PARENT_FAILED if group_id in known else Fail.OBJECT_DAMAGED,
            )
            for group_id in order
            if group_id in reasons
        ),
        unlisted=frozenset(inventory.groups | set(inventory.relations)) - set(order),
    )


def _listed(folder: Folder, limits: Limits) -> list[int] | None:
    """The ids of `_all.ndjson`; None where there is no such file."""
    path = layout.GROUP_LIST_FILE
    if not folder.has(path):
        return None
    found: list[int] = []
    for line in ndjson.lines(folder.blocks(path), limits, path):
        text = line.strip()
        if not text:
            continue
        if not text.isdigit() or len(text) > len(str(2**63)):
            raise DamagedTreeError(name=path, reason=f"its line {len(found) + 1} is not the id of a group")
        found.append(int(text))
        if len(found) > limits.tar_members:
            raise DamagedTreeError(name=path, reason=f"it lists more than {limits.tar_members} groups")
    if not found:
        raise DamagedTreeError(name=path, reason="it lists no group")
    return found


def _attributes(places: Places, group_id: int) -> _Attributes:
    path = layout.group_file(group_id)
    if not places.tree.has(path):
        raise DamagedTreeError(name=path, reason=ATTRIBUTES_ABSENT)
    values: JsonObject = ndjson.document(places.tree.blocks(path), places.limits, path)
    if values.get("id") != group_id:
        raise DamagedTreeError(name=path, reason=WRONG_ID)
    parent_id = values.get("parent_id")
    slug = slug_of(values.get("path")) or slug_of(values.get("name")) or f"group_{group_id}"
    return _Attributes(group_id, parent_id if isinstance(parent_id, int) else None, slug)


def _root(order: list[int], known: dict[int, _Attributes], reasons: dict[int, str], *, is_listed: bool) -> int:
    if not is_listed:
        # Nobody says which is the root, so it is the first that hangs on none of the others.
        order = [
            group_id for group_id in order if group_id in known and known[group_id].parent_id not in known
        ] or order
    first = order[0]
    if first not in known:
        raise DamagedTreeError(name=layout.group_file(first), reason=reasons[first])
    return first


def _sorted(root: int, known: dict[int, _Attributes]) -> dict[int, str]:
    """The groups that hang on the root, parents first, with their full paths."""
    children: dict[int | None, list[int]] = {}
    for group_id, attributes in known.items():
        if group_id != root:
            children.setdefault(attributes.parent_id, []).append(group_id)
    paths = {root: known[root].slug}
    waiting = [root]
    for parent in waiting:
        for group_id in children.get(parent, []):
            paths[group_id] = f"{paths[parent]}/{known[group_id].slug}"
            waiting.append(group_id)
    return paths


def _source(places: Places, inventory: Inventory, group_id: int, full_path: str) -> GroupFiles:
    relations = frozenset(inventory.relations.get(group_id, ()))
    return GroupFiles(places, relations, group_id=group_id, full_path=full_path)
