"""Which of the files of an object are the bundles that it should hold, and whose they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from offline_transfer.forge import snippet_digest
from offline_transfer.forge.snippets import Snippet
from offline_transfer.importing.pipeline import PipelineContext, Stream
from offline_transfer.importing.source import FileMember
from offline_transfer.transfers.accounting import Skip

SUFFIX = ".bundle"


@dataclass(frozen=True, slots=True)
class SnippetBundle:
    """The bundle of a snippet of this instance."""

    snippet_id: int
    member: FileMember


def the_bundle(context: PipelineContext, members: Iterator[FileMember]) -> Stream:
    """The one bundle of the relation, by its name; any other file has no place."""
    is_found = False
    for member in members:
        if is_found or member.name != f"{context.relation}{SUFFIX}":
            context.accounting.skipped(context.relation, Skip.NO_PLACE)
        else:
            is_found = True
            yield member


def bundles_of_snippets(context: PipelineContext, members: Iterator[FileMember]) -> Stream:
    """Each bundle with its snippet, which a digest of the snippet's text and times tells; one of no snippet is skipped."""
    snippets: dict[str, int] | None = None
    for member in members:
        if snippets is None:
            snippets = _by_digest(context)
        snippet_id = snippets.get(member.name.removesuffix(SUFFIX))
        if snippet_id is None:
            context.accounting.skipped(context.relation, Skip.NOT_FOUND)
        else:
            yield SnippetBundle(snippet_id, member)


def _by_digest(context: PipelineContext) -> dict[str, int]:
    """The snippets of the project; of several with one digest, the first."""
    columns = (Snippet.id, Snippet.title, Snippet.description, Snippet.created_at, Snippet.updated_at)
    of_project = Snippet.project_id == context.work.destination.portable_id
    found: dict[str, int] = {}
    with context.work.context.database.session() as session:
        rows = session.execute(select(*columns).where(of_project).order_by(Snippet.id).execution_options(yield_per=500))
        for snippet_id, title, description, created_at, updated_at in rows:
            found.setdefault(snippet_digest.hexdigest(title, description, created_at, updated_at), snippet_id)
    return found
