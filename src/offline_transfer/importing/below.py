"""The rows of what lies in a group and shall come otherwise than it would by itself: under another path, without some relations.

Everything else that lies in groups gets its rows when the group is there. So does what has one already; its row stays as it is.
"""

from collections.abc import Mapping, Sequence, Set
from itertools import groupby

from sqlalchemy.orm import Session

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.importing.request import Choice, Wanted
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.types import PortableKind


def add_rows_below(
    session: Session, named: Sequence[ImportEntity], mapping: Mapping[str, EntityPrefix], choices: Mapping[str, Choice]
) -> None:
    """Add the rows below the entities that were named, which have theirs, and note in their groups what stays away.

    What was named itself does not come with its group as well.
    """
    rows = {row.source_full_path: row for row in named}
    itself = dict.fromkeys(rows, Choice(skip=True))
    below = {**choices, **itself}
    for paths in _by_depth(frozenset(rows), mapping, below):
        for path in paths:
            group = rows.get(path.rpartition("/")[0])
            choice = below.get(path, Choice())
            if group is None:
                continue
            if choice.skip:
                group.leave_out = [*(group.leave_out or ()), path]
            elif group.migrate_projects or mapping[path].kind is PortableKind.GROUP:
                rows[path] = _row(group, path, mapping[path], choice)
                session.add(rows[path])
        session.flush()


def entity_row(bulk_import_id: int, wanted: Wanted, prefix: EntityPrefix, *, parent_id: int | None) -> ImportEntity:
    """The row of an entity that is to be imported."""
    return ImportEntity(
        bulk_import_id=bulk_import_id,
        parent_id=parent_id,
        source_type=0 if prefix.kind is PortableKind.GROUP else 1,
        source_full_path=wanted.source_full_path,
        source_prefix=str(prefix),
        destination_name=wanted.destination_slug or wanted.source_full_path.rsplit("/", 1)[-1],
        destination_namespace=wanted.destination_namespace,
        migrate_projects=wanted.migrate_projects,
        migrate_memberships=wanted.migrate_memberships,
        skip_relations=list(wanted.skip_relations),
    )


def _row(group: ImportEntity, path: str, prefix: EntityPrefix, choice: Choice) -> ImportEntity:
    wanted = Wanted(
        path,
        # Where the group is then is known only when it is there.
        f"{group.destination_namespace}/{group.destination_name}".lstrip("/"),
        choice.slug,
        migrate_projects=group.migrate_projects,
        migrate_memberships=group.migrate_memberships,
        skip_relations=sorted({*group.skip_relations, *choice.skip_relations}),
    )
    return entity_row(group.bulk_import_id, wanted, prefix, parent_id=group.id)


def _by_depth(named: Set[str], mapping: Mapping[str, EntityPrefix], choices: Mapping[str, Choice]) -> list[list[str]]:
    """The paths that need rows, and those of the groups between them and what was named: groups before what lies in them."""
    needed: set[str] = set()
    for path, choice in choices.items():
        if path in mapping and not choice.changes_nothing(path):
            needed.add(path)
            above = path.rpartition("/")[0]
            while above in mapping and above not in named and above not in needed:
                needed.add(above)
                above = above.rpartition("/")[0]
    by_depth = sorted(needed, key=lambda path: (path.count("/"), mapping[path].kind is PortableKind.GROUP, path))
    return [list(paths) for _, paths in groupby(by_depth, key=lambda path: path.count("/"))]
