"""Git repositories out of bundles."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from offline_transfer.errors import BadInputError
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.importing.errors import BundleSpoolFullError
from offline_transfer.importing.pipeline import PipelineContext
from offline_transfer.importing.source import FileMember
from offline_transfer.importing.transformers.bundles import SnippetBundle
from offline_transfer.transfers.accounting import Fail, Skip

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def restore_repository(context: PipelineContext, bundles: Iterator[FileMember]) -> None:
    """The one repository that a relation holds, in place of the one that is there. A project without a bundle gets an empty one."""
    destination = context.work.destination
    path = RepositoryPath.of_relation(context.relation, destination.kind, destination.portable_id)
    assert path is not None
    is_restored = False
    for bundle in bundles:
        is_restored = True
        _restore(context, bundle, path, announced=context.source.records)
    if not is_restored and path.kind is RepositoryKind.PROJECT and not destination.repositories.exists(path):
        destination.repositories.create(path)


def restore_snippets(context: PipelineContext, bundles: Iterator[SnippetBundle]) -> None:
    """The repositories of snippets, one bundle each."""
    for bundle in bundles:
        _restore(context, bundle.member, RepositoryPath(RepositoryKind.SNIPPET, bundle.snippet_id))


def _restore(
    context: PipelineContext, member: FileMember, path: RepositoryPath, *, announced: int | None = None
) -> None:
    """Puts a repository in place; of one that is refused, the refs that were announced have failed."""
    destination = context.work.destination
    branch = destination.default_branch if path.kind is RepositoryKind.PROJECT else None
    with _spooled(context, member) as bundle:
        try:
            restored = _repositories(context).restore(path, bundle, default_branch=branch)
        except BadInputError as error:
            context.failed(Fail.INVALID_VALUE, error.message, title=ascii(member.name), count=announced or 1)
            return
    if restored.kept:
        context.accounting.imported(context.relation, restored.kept)
    if restored.dropped:
        context.accounting.skipped(context.relation, Skip.INTERNAL_REF, restored.dropped)


def _repositories(context: PipelineContext) -> Repositories:
    """The repositories of this instance, whose Git is ended when the lease is lost."""
    repositories = context.work.destination.repositories
    return Repositories(repositories.root, replace(repositories.git, interrupt=context.work.lease.check))


@contextmanager
def _spooled(context: PipelineContext, member: FileMember) -> Iterator[Path]:
    """A bundle as a file of its own, below the data directory."""
    spool = context.work.destination.spool
    with spool.begin() as directory:
        place = directory / "bundle"
        try:
            with place.open("xb") as file:
                for block in member.blocks:
                    file.write(block)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise BundleSpoolFullError(name=ascii(member.name)[1:-1]) from None
        yield place
