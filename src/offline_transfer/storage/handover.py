"""Blocks from the thread that makes them to a thread that uploads them.

The library calls an iterator from within its event loop, where nothing else of it may be called: a source that reads another bucket
would end the process. So the source stays in its own thread, where its database connection lives, too.
"""

from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import Final

_BLOCKS_WAITING: Final = 4


class AbandonedError(Exception):
    """The blocks ended before their time. Never leaves this room: the thread that gave them raises what happened."""


class Handover(Iterator[bytes]):
    """A queue of a few blocks. One thread gives and ends or abandons, the other iterates and leaves when it is done."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._changed = Condition()
        self._is_ended = False
        self._is_abandoned = False
        self._is_left = False

    def give(self, block: bytes) -> bool:
        """Hand over a block, waiting for room. False if the other side has left."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_left or len(self._waiting) < _BLOCKS_WAITING)
            if not self._is_left:
                self._waiting.append(block)
                self._changed.notify_all()
            return not self._is_left

    def end(self) -> None:
        """All blocks were given."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """No more blocks will come, and those that came are worth nothing: the other side gets AbandonedError."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()

    def leave(self) -> None:
        """No more blocks will be taken."""
        with self._changed:
            self._is_left = True
            self._waiting.clear()
            self._changed.notify_all()

    def __next__(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ended or self._is_abandoned)
            if self._is_abandoned:
                raise AbandonedError
            if not self._waiting:
                raise StopIteration
            block = self._waiting.popleft()
            self._changed.notify_all()
            return block
