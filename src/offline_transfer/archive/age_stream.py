"""The age format over iterators of blocks: the library reads and writes files, and an archive streams.

The library runs in a thread of its own, and the blocks come from the thread that asks for them, since what makes blocks may hold a
database connection, which belongs to one thread. The two take turns, so memory is a block on either side.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from io import BufferedIOBase
from itertools import chain
from threading import Condition, Thread
from typing import Final, cast

import pyrage
from pyrage.x25519 import Identity, Recipient

from offline_transfer.archive.errors import DamagedObjectError, TruncatedObjectError, WrongIdentityError
from offline_transfer.archive.gzip import BLOCK_BYTES, exact_blocks

MAGIC: Final = b"age-encryption.org/v1\n"
HEADER_BYTES: Final = 64 * 1024
"""A header has about 100 bytes for each recipient. The library reads one of any length, and needs the square of its time."""

_END_OF_HEADER: Final = b"\n--- "
_NO_KEY: Final = "No matching keys found"
_TRUNCATED: Final = "age file is truncated"

Transform = Callable[[BufferedIOBase, BufferedIOBase], object]


def encrypt(blocks: Iterable[bytes], recipients: Sequence[Recipient]) -> Generator[bytes, None, None]:
    """Encrypt content of any piece sizes to all recipients. Two runs never give the same bytes."""
    return _transformed(exact_blocks(blocks), lambda source, sink: pyrage.encrypt_io(source, sink, recipients))


def decrypt(blocks: Iterable[bytes], identities: Sequence[Identity], name: str) -> Iterator[bytes]:
    """The content of one age file, in blocks; `name` stands in errors.

    What comes out stands in its place, and only the end of the iteration says that nothing is missing. Raises `WrongIdentityError`,
    `DamagedObjectError`, also for anything that follows the end, and `TruncatedObjectError`.
    """
    whole = exact_blocks(_with_short_header(iter(blocks), name))
    try:
        yield from _transformed(whole, lambda source, sink: pyrage.decrypt_io(source, sink, identities))
    except _LibraryError as error:
        said = str(error.__cause__)
    else:
        return
    # Outside the handler: the text of the library is no help to anybody.
    if said.startswith(_NO_KEY):
        raise WrongIdentityError(name=name)
    if said == _TRUNCATED:
        raise TruncatedObjectError(name=name, reason="its encrypted data end before their last part")
    raise DamagedObjectError(name=name, reason="its encrypted data are not as they were written")


def read_header(blocks: Iterator[bytes], name: str) -> bytes:
    """The beginning of an age file up to the end of its header and perhaps a bit more. Raises `DamagedObjectError`."""
    start = b""
    while _END_OF_HEADER not in start[:HEADER_BYTES] and len(start) < HEADER_BYTES:
        block = next(blocks, None)
        if block is None:
            break
        start += block
        if not start.startswith(MAGIC[: len(start)]):
            break
    if not start.startswith(MAGIC):
        raise DamagedObjectError(name=name, reason="it is not an age file")
    if _END_OF_HEADER not in start[:HEADER_BYTES]:
        raise DamagedObjectError(name=name, reason=f"its age header does not end within {HEADER_BYTES} bytes")
    return start


def _with_short_header(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    yield from chain((read_header(blocks, name),), blocks)


def _transformed(blocks: Iterable[bytes], transform: Transform) -> Generator[bytes, None, None]:
    turns = _Turns()
    thread = Thread(target=turns.run, args=(transform,), name="age", daemon=True)
    thread.start()
    try:
        for block in blocks:
            turns.give(block)
            yield from exact_blocks(turns.take())
        turns.end()
        yield from exact_blocks(turns.take())
    finally:
        turns.abandon()
        thread.join()


class _LibraryError(Exception):
    """The library failed; why is its cause. Never leaves this module when something is decrypted."""


class _AbandonedError(Exception):
    """Nobody asks for the rest. Ends the thread of the library, and goes no further."""


class _Turns(BufferedIOBase):
    """Where the two threads meet: to the library a file to read and one to write."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._input = memoryview(b"")
        self._output: list[bytes] = []
        self._is_hungry = False
        self._is_ended = False
        self._is_abandoned = False
        self._is_done = False
        self._failure: BaseException | None = None

    def run(self, transform: Transform) -> None:
        """What the thread of the library does."""
        try:
            transform(self, self)
        except BaseException as error:  # noqa: BLE001 - raised where the blocks are asked for
            self._failure = error
        with self._changed:
            self._is_done = True
            self._changed.notify_all()

    def give(self, block: bytes) -> None:
        """Hand over a block and wait until it was used."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_hungry or self._is_done)
            self._input = memoryview(block)
            self._is_hungry = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_hungry or self._is_done)
            if self._is_done:
                # The library reads to the end, so this is no success even without a failure.
                raise _LibraryError from self._failure

    def end(self) -> None:
        """There are no more blocks: wait for what is left."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_done)
            if self._failure is not None:
                raise _LibraryError from self._failure

    def take(self) -> list[bytes]:
        """What was written since this was called last."""
        taken, self._output = self._output, []
        return taken

    def abandon(self) -> None:
        """Nobody will take more."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()

    def read(self, size: int | None = -1, /) -> bytes:
        """Called by the library."""
        with self._changed:
            if not self._input and not self._is_ended:
                self._is_hungry = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._input) or self._is_ended or self._is_abandoned)
            if self._is_abandoned:
                raise _AbandonedError
            taken = bytes(self._input[: BLOCK_BYTES if size is None or size < 0 else size])
            self._input = self._input[len(taken) :]
            return taken

    def write(self, data: object, /) -> int:
        """Called by the library."""
        written = cast("bytes", data)
        self._output.append(written)
        return len(written)

    def flush(self) -> None:
        """Called by the library."""
