"""Fixes which records go into which batch."""

from collections.abc import Mapping
from typing import Final

import psycopg

from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.reading import statements_of
from offline_transfer.relations.loader import tree
from offline_transfer.transfers.states import BatchState
from offline_transfer.types import Edition, PortableKind

# A relation of files that are rows: the numbered ids of its rows, as `Statements.numbered_ids` gives those of records.
_NUMBERED_FILES: Final = {
    ("uploads", PortableKind.GROUP): b"SELECT id, row_number() OVER (ORDER BY id) AS position FROM uploads"
    b" WHERE model_type = 'Namespace' AND model_id = %(portable_id)s",
    ("uploads", PortableKind.PROJECT): b"SELECT id, row_number() OVER (ORDER BY id) AS position FROM uploads"
    b" WHERE model_type = 'Project' AND model_id = %(portable_id)s",
    ("lfs_objects", PortableKind.PROJECT): b"SELECT id, row_number() OVER (ORDER BY id) AS position FROM lfs_objects"
    b" WHERE id IN (SELECT lfs_object_id FROM lfs_objects_projects WHERE project_id = %(portable_id)s)",
}

_FIX: Final = (
    b"INSERT INTO bulk_import_export_batches (export_id, batch_number, status, record_ids)"
    b" SELECT export_id, (position - 1) / %%(batch_size)s + 1, %%(status)s, array_agg(id ORDER BY position)"
    b" FROM (%s) AS numbered GROUP BY 1, 2 ORDER BY 1, 2 RETURNING export_id, cardinality(record_ids)"
)


def numbered_ids(portable: Portable, relation: str, edition: Edition) -> bytes | None:
    """A query for `id` and `position` of what a relation holds; None where it is one object whatever it holds."""
    files = _NUMBERED_FILES.get((relation, portable.kind))
    if files is not None:
        return files
    nodes = {node.name: node for node in tree(portable.kind, edition).relations}
    node = nodes.get(relation)
    if node is None or node.is_single or node.is_contributions:
        return None
    return statements_of(portable.kind, relation, edition).numbered_ids


def fix_batches(
    connection: psycopg.Connection, queries: Mapping[int, bytes], *, portable_id: int, batch_size: int
) -> dict[int, list[int]]:
    """Write the rows of all batches of relation exports, whose ids have queries; gives how many records each batch has.

    In one statement, since most relations of most groups and projects are empty.
    """
    numbered = [b"SELECT %d AS export_id, id, position FROM (%s) AS numbered" % item for item in queries.items()]
    rows = connection.execute(
        _FIX % b" UNION ALL ".join(numbered),
        {"portable_id": portable_id, "batch_size": batch_size, "status": BatchState.created.value},
    )
    sizes: dict[int, list[int]] = {export_id: [] for export_id in queries}
    for export_id, size in rows:
        sizes[export_id].append(size)
    return sizes
