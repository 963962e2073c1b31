"""Records out of lines of NDJSON."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from offline_transfer.archive import ndjson
from offline_transfer.archive.errors import NulInRecordError, RecordError
from offline_transfer.importing.errors import RecordCountError
from offline_transfer.importing.pipeline import PipelineContext, Stream
from offline_transfer.importing.source import NOTHING
from offline_transfer.transfers.accounting import Fail


class Entry(NamedTuple):
    """A record of the first level with everything below it, its line in the object from 0, and the bytes of the line."""

    line: int
    record: dict[str, Any]
    size: int


def records(context: PipelineContext) -> Stream:
    """The records of an object as entries; a line that is none fails alone.

    Where only some lines are tried again, the others are passed over. Raises BadInputError when the object is damaged.
    """
    retried = context.batch.retried_lines
    with context.source.lines() as lines:
        for index, line in _as_announced(context, lines):
            if line.strip() in NOTHING or (retried is not None and index not in retried):
                continue
            try:
                record = _parse(context, line, index)
            except RecordError as error:
                context.failed(Fail.NOT_JSON, error.message, line_index=index)
                continue
            yield Entry(index, record, len(line))


def _as_announced(context: PipelineContext, lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines with their indexes, as long as there are no more than announced. Raises RecordCountError, also for fewer.

    Whoever says that there are few does so to get past a limit, and whoever says that there are many has lost some.
    """
    announced = context.source.records
    filled, index = 0, -1
    for index, line in enumerate(lines):
        filled += bool(line.strip())
        if announced is not None and filled > announced:
            raise _miscounted(context, "more", announced)
        yield index, line
    if announced is not None and index + 1 < announced:
        raise _miscounted(context, "fewer", announced)


def _miscounted(context: PipelineContext, found: str, announced: int) -> RecordCountError:
    return RecordCountError(name=context.source.where, found=found, path=context.relation, announced=announced)


def _parse(context: PipelineContext, line: bytes, index: int) -> dict[str, Any]:
    limits, where = context.work.context.limits, context.source.where
    try:
        return ndjson.parse(line, index=index, limits=limits, name=where)
    except NulInRecordError:
        # PostgreSQL cannot hold the character, GitLab removes it from diffs: better without it than no record.
        return ndjson.parse(ndjson.without_nul(line), index=index, limits=limits, name=where)
