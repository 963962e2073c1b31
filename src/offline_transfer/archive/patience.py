"""How long one object may take, however slowly its bytes come and whatever is made of them."""

from collections.abc import Iterable, Iterator
from time import monotonic

from offline_transfer.archive.errors import TookTooLongError
from offline_transfer.archive.limits import Limits


def in_time(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[bytes]:
    """Pass blocks on until reading has taken `limits.object_seconds`, then raise `TookTooLongError`. `name` stands in errors.

    A store that sends a byte now and then never falls silent, so a limit on silence does not end it.
    """
    end = monotonic() + limits.object_seconds
    for block in blocks:
        if monotonic() > end:
            raise TookTooLongError(name=name, limit=limits.object_seconds)
        yield block
