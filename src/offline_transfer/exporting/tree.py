"""Counts what an instance holds, as an export would, without exporting it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import SELF_RELATION
from offline_transfer.db import Database
from offline_transfer.exporting.entities import GROUP_TYPE, find_portables
from offline_transfer.exporting.plan import numbered_ids
from offline_transfer.exporting.portables import Portable, as_portable, relations_of
from offline_transfer.exporting.reading import Reading, reading, statements_of
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.routes import Route
from offline_transfer.relations.loader import tree
from offline_transfer.types import Edition


def portables(session: Session, full_path: str | None = None) -> Sequence[Portable]:
    """The group or project with this full path and everything in it, or all of this instance, by path.

    Raises PortablesNotFoundError.
    """
    query = (
        select(Route.path, Route.namespace_id, Route.project_id)
        .outerjoin(Namespace, Namespace.id == Route.namespace_id)
        .where(Route.project_id.is_not(None) | (Namespace.type == GROUP_TYPE))
        .order_by(Route.path)
    )
    if full_path is not None:
        top = find_portables(session, [full_path])[0].path
        query = query.where((Route.path == top) | Route.path.startswith(f"{top}/", autoescape=True))
    return [as_portable(*row) for row in session.execute(query)]


def counts(
    database: Database, repositories: Repositories, portable: Portable, *, edition: Edition = Edition.EE
) -> Iterator[tuple[str, int]]:
    """Every path of a group or project that has records and how many, at one moment; files as files, repositories as refs.

    What an export computes besides, the counters and the users that are named, is left out.
    """
    trees = {node.name for node in tree(portable.kind, edition).relations}
    with reading(database) as moment:
        for relation in relations_of(portable.kind, edition):
            if relation == SELF_RELATION:
                yield SELF_RELATION, 1
            elif (path := RepositoryPath.of_relation(relation, portable.kind, portable.id)) is not None:
                yield from _refs(repositories, relation, path)
            elif relation == "snippets_repository":
                yield from _snippet_refs(moment, repositories, portable)
            elif relation not in trees:
                yield from _files(moment, portable, relation, edition)
            elif not tree(portable.kind, edition).relation(relation).is_contributions:
                found = statements_of(portable.kind, relation, edition)
                yield from (
                    (path, count) for path, count in moment.portable_counts(found, portable.id).items() if count
                )


def _refs(repositories: Repositories, relation: str, path: RepositoryPath) -> Iterator[tuple[str, int]]:
    count = sum(1 for _ in repositories.refs(path)) if repositories.exists(path) else 0
    if count:
        yield relation, count


def _snippet_refs(moment: Reading, repositories: Repositories, portable: Portable) -> Iterator[tuple[str, int]]:
    rows = moment.connection.execute(
        "SELECT id FROM snippets WHERE project_id = %s AND type = 'ProjectSnippet'", [portable.id]
    )
    paths = [RepositoryPath(RepositoryKind.SNIPPET, snippet_id) for (snippet_id,) in rows]
    count = sum(count for path in paths for _, count in _refs(repositories, "snippets_repository", path))
    if count:
        yield "snippets_repository", count


def _files(moment: Reading, portable: Portable, relation: str, edition: Edition) -> Iterator[tuple[str, int]]:
    query = numbered_ids(portable, relation, edition)
    if query is None:
        return
    row = moment.connection.execute(
        b"SELECT count(*) FROM (" + query + b") AS numbered", {"portable_id": portable.id}
    ).fetchone()
    if row is not None and row[0]:
        yield relation, int(row[0])
