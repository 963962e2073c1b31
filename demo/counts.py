"""How many records there are on each path: in an instance, counted by itself, and in an archive, as its manifest says."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.cli.instance import Instance
from offline_transfer.exporting.portables import Portable, relations_of
from offline_transfer.exporting.reading import Reading, reading, statements_of
from offline_transfer.exporting.tree import counts, portables
from offline_transfer.relations.compiler import Statements
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Direction
from offline_transfer.types import Edition, PortableKind
from offline_transfer.verify.reader import Archive

KINDS: Final = (PortableKind.GROUP, PortableKind.PROJECT)

Entity: TypeAlias = tuple[PortableKind, str]
"""A group or project by its full path."""

Counts: TypeAlias = Mapping[str, int]
"""A path to a number of records; files count as files, repositories as refs."""


def of_instance(instance: Instance, announce: Callable[[str], None]) -> dict[Entity, Counts]:
    """What lies in the groups of an instance, read from its tables without exporting anything.

    Projects that lie in nobody's group stay behind, so they are left out.
    """
    with instance.database.session() as session:
        everything = portables(session)
    groups = {portable.path for portable in everything if portable.kind is PortableKind.GROUP}
    found: dict[Entity, Counts] = {}
    for portable in everything:
        if portable.path.partition("/")[0] in groups:
            announce(portable.path)
            users = len(_named_users(instance, portable))
            found[portable.kind, portable.path] = {
                **dict(counts(instance.database, instance.repositories, portable)),
                USER_CONTRIBUTIONS_RELATION: users,
            }
    return found


def of_archive(archive: Archive) -> dict[Entity, Counts]:
    """What the manifest of an archive says. The counters of a group or project are no records, and not counted."""
    names = {prefix: path for path, prefix in archive.metadata.entities_mapping.items()}
    found: dict[Entity, Counter[str]] = {(prefix.kind, path): Counter() for prefix, path in names.items()}
    for stored in archive.all_objects():
        if stored.entry is not None and stored.key.relation != MAX_IIDS_RELATION:
            entity = stored.key.entity
            found[entity.kind, names[entity]].update(stored.entry.records)
    return dict(found)


def paths(kind: PortableKind) -> Iterator[str]:
    """All paths of a kind in the order of its tree."""
    nodes = {node.name: node for node in tree(kind).relations}
    for relation in relations_of(kind, Edition.EE):
        if relation in nodes:
            yield from (node.path for node in nodes[relation].walk())
        elif relation != MAX_IIDS_RELATION:
            yield relation


def _named_users(instance: Instance, portable: Portable) -> set[int]:
    """The users whom the records of a group or project name."""
    named: set[int] = set()
    edition = instance.settings.edition
    with reading(instance.database) as moment:
        for node in tree(portable.kind, edition).relations:
            if node.direction is Direction.BOTH and not node.is_contributions:
                statements = statements_of(portable.kind, node.name, edition)
                named.update(_users_of(moment, statements, moment.record_ids(statements, portable.id)))
        own = statements_of(portable.kind, SELF_RELATION, edition)
        named.update(_users_of(moment, own, [portable.id]))
    return named


def _users_of(moment: Reading, statements: Statements, ids: Sequence[int]) -> list[int]:
    records = moment.records(statements, ids)
    for _ in records:
        pass
    return records.users
