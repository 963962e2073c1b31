"""Files out of a tar."""

from dataclasses import replace

from offline_transfer.importing.pipeline import PipelineContext, Stream


def members(context: PipelineContext) -> Stream:
    """The files of an object, each to be read before the next is asked for. Raises BadInputError when the object is damaged."""
    with context.source.members() as files:
        for member in files:
            yield replace(member, blocks=context.watched(member.blocks))
