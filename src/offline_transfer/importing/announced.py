"""Holds what was read of an object against what its archive announces of the records that are nested in it."""

from functools import cache

from offline_transfer.importing.errors import RecordCountError
from offline_transfer.importing.pipeline import PipelineContext
from offline_transfer.importing.source import SourceObject
from offline_transfer.importing.tally import Failure
from offline_transfer.relations.loader import tree
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.ledger import PipelineStep
from offline_transfer.types import PortableKind


def compare_nested(context: PipelineContext) -> None:
    """Counts nested records that are announced and were not there as gaps, when everything of an object has been read.

    Records of the first level are counted while they are read. Raises RecordCountError when there were more than announced.
    """
    announced = nested_of(context.work.source.kind, context.relation, context.source)
    if not announced or context.batch.retried_lines is not None:
        return
    counts = context.accounting.paths
    if context.relation in counts and counts[context.relation].reasons[Fail.NOT_JSON]:
        # Nobody knows what was nested in a line that could not be read.
        return
    where = context.source.where
    for path, expected in announced.items():
        read = counts[path].source if path in counts else 0
        if read > expected:
            raise RecordCountError(name=where, found="more", path=path, announced=expected)
        if read < expected:
            context.accounting.failed(path, Fail.GAP, expected - read)
            message = f"{where} holds {read:,} of the {expected:,} records that are announced"
            context.keep(Failure(path, None, Fail.GAP, message, None, PipelineStep.EXTRACTOR))


def nested_of(kind: PortableKind, relation: str, source: SourceObject) -> dict[str, int]:
    """How many records an archive announces of each path below a relation; what it says of other paths is its own affair."""
    announced = source.nested
    return {path: announced[path] for path in sorted(_paths(kind, relation) & announced.keys())}


@cache
def _paths(kind: PortableKind, relation: str) -> frozenset[str]:
    """The paths below a relation of records, in every edition."""
    found = [node for node in tree(kind).relations if node.name == relation]
    return frozenset(below.path for node in found for below in node.walk()) - {relation}
