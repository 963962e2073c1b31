"""How many records are held and written at once, and what that spares."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from offline_transfer.importing.units import Unit

CHUNK_RECORDS = 1000
"""How many records of the first level are built before they are written, even when they are small."""

OBJECTS_BETWEEN_COLLECTIONS = 100_000

TURN_SECONDS = 0.001


@contextmanager
def rare_collections() -> Iterator[None]:
    """Lets the garbage collector look less often during the block.

    Parsing makes hundreds of thousands of objects that live until they are written, and none that only a collector would free;
    looking through them again and again takes a third of the time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@contextmanager
def quick_turns() -> Iterator[None]:
    """Lets threads take turns more often during the block.

    Writing is waiting for PostgreSQL, a thousand times in an import of a few seconds. After each of these waits the thread waits
    again, until the one that builds rows gives way: without this, half of what is gained by doing both at once would be lost.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def chunks(units: Iterator[Unit], flush_bytes: int) -> Iterator[list[Unit]]:
    """The units in lists of CHUNK_RECORDS, and of fewer where they came from `flush_bytes` of lines or more."""
    chunk: list[Unit] = []
    held = 0
    for unit in units:
        chunk.append(unit)
        held += unit.size
        # The next one is built before the name gets it, and a unit may be large.
        del unit
        if held >= flush_bytes or len(chunk) >= CHUNK_RECORDS:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk
