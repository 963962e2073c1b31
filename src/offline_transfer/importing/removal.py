"""Removes a group or project with everything in it: by its relation tree, from the last relation to the first, children first.

Whatever hangs on rows by a type and an id has no foreign key, so nothing but the tree knows of it. What others share stays: records
that are only referred to, people, LFS contents. Files go before the rows that name them, and every step may be repeated.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Protocol

from sqlalchemy import delete, select

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.files import Files
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.relations.rows import constants, key_name, owned
from offline_transfer.types import PortableKind

RECORDS_AT_ONCE: Final = 1000
"""How many records of the first level go in one transaction, with all below them."""

_MODELS: Final = {PortableKind.GROUP: "Namespace", PortableKind.PROJECT: "Project"}


class Holder(Protocol):
    """What is needed of an instance from which something is removed."""

    @property
    def database(self) -> Database:
        """Its database."""

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""

    @property
    def files(self) -> Files:
        """Its uploads and LFS objects."""


def remove(holder: Holder, kind: PortableKind, portable_id: int) -> None:
    """Removes a group that nothing else is in, or a project. One that is gone is no error, nor one that was half removed."""
    _remove_uploads(holder, kind, portable_id)
    for relation in tree(kind).files:
        repository = RepositoryPath.of_relation(relation, kind, portable_id)
        if repository is not None:
            holder.repositories.delete(repository)
    for node in reversed(tree(kind).relations):
        if node.join is not None:
            _remove_relation(holder, kind, node, portable_id)
    model = Namespace if kind is PortableKind.GROUP else Project
    with holder.database.session() as session:
        # Routes, counters and settings go with it.
        session.execute(delete(model).where(model.id == portable_id))


@cache
def statements(kind: PortableKind, relation: str) -> tuple[bytes, ...]:
    """What removes the records of a relation of the first level with the given `ids`: children first, the records last."""
    node = tree(kind).relation(relation)
    own = f"{node.table.name}.{key_name(node)} = ANY(%(ids)s::bigint[])"
    below = reversed([_delete(*place) for place in owned(node, own)])
    return tuple(statement.encode() for statement in (*below, _delete(node, own)))


def _delete(node: RelationNode, condition: str) -> str:
    return f"DELETE FROM {node.table.name} WHERE {condition}"  # noqa: S608 - our names


def _remove_relation(holder: Holder, kind: PortableKind, node: RelationNode, portable_id: int) -> None:
    assert node.join is not None
    row, key = node.table.name, key_name(node)
    conditions = " AND ".join([f"{row}.{node.join.column.name} = %s", *constants(node)])
    some = f"SELECT {key} FROM {row} WHERE {conditions} ORDER BY {key} LIMIT {RECORDS_AT_ONCE}"  # noqa: S608 - our names
    while True:
        with holder.database.raw_connection() as connection, connection.transaction():
            ids = [found for (found,) in connection.execute(some.encode(), [portable_id])]
            if not ids:
                return
            if node.name == "snippets":
                _remove_repositories(holder, ids)
            for statement in statements(kind, node.name):
                connection.execute(statement, {"ids": ids})
        queue.stop_if_asked()


def _remove_repositories(holder: Holder, snippet_ids: Sequence[int]) -> None:
    for snippet_id in snippet_ids:
        holder.repositories.delete(RepositoryPath(RepositoryKind.SNIPPET, snippet_id))


def _remove_uploads(holder: Holder, kind: PortableKind, portable_id: int) -> None:
    of_portable: tuple[Any, ...] = (Upload.model_type == _MODELS[kind], Upload.model_id == portable_id)
    some = select(Upload.id, Upload.storage_key).where(*of_portable).order_by(Upload.id).limit(RECORDS_AT_ONCE)
    while True:
        with holder.database.session() as session:
            found = session.execute(some).all()
            if not found:
                break
            for _, key in found:
                holder.files.delete(key)
            session.execute(delete(Upload).where(Upload.id.in_([upload_id for upload_id, _ in found])))
    # An import that died may have written a file whose row never came.
    holder.files.delete_uploads(_MODELS[kind], portable_id)
