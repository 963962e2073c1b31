"""Looks for the mark of the demonstration's secrets in the objects of an archive."""

from collections.abc import Callable, Iterable, Iterator

from demo.words import MARK
from offline_transfer.archive.gzip import decompress
from offline_transfer.archive.keys import MANIFEST_KEY, METADATA_KEY, Extension
from offline_transfer.verify.reader import Archive


def found_in(archive: Archive, announce: Callable[[str], None]) -> Iterator[str]:
    """The keys of the objects in which the mark occurs. Files are left out: what people put into them is theirs."""
    for key in (METADATA_KEY, MANIFEST_KEY):
        if has_mark(decompress(archive.store.blocks(archive.prefix.key(key)), archive.limits, key)):
            yield f"{archive.prefix}/{key}"
    for stored in archive.all_objects():
        announce(stored.where)
        if stored.key.extension is Extension.TAR:
            continue
        with archive.spool(stored) as spool:
            if has_mark(spool.content()):
                yield f"{archive.prefix}/{stored.where}"


def has_mark(blocks: Iterable[bytes]) -> bool:
    """Whether the mark occurs in a content that comes in blocks, be it across the border of two."""
    mark = MARK.encode()
    end = b""
    found = False
    # All of it is read: whether an object is whole is known at its end.
    for block in blocks:
        text = end + block
        found = found or mark in text
        end = text[-len(mark) + 1 :]
    return found
