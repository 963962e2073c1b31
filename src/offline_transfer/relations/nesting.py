"""Puts the texts of records into those of the records that they belong to.

The database gives the text of each record with gaps where records below belong, place after place of a tree, the lower places
before the higher ones. So one pass over the rows is enough, and what is held is what waits for the record around it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeAlias

SUMMARY: Final = -1
"""Numbers the row after all others, which says what there was."""

GAP: Final = "\x02"
"""Stands where the records of a place below belong. JSON has no such character."""

Row: TypeAlias = tuple[int, int | None, int | None, bytes, bytes | None]
"""The number of a place, the key of the record above, the own key, the text of the attributes, and what follows them if it is not
the same for all records of the place."""


class HeldTooMuchError(Exception):
    """Records would have been held beyond the limit; the rows are read to their end."""


@dataclass(frozen=True, slots=True)
class Nest:
    """What all records of a place have in common.

    `below` are the numbers of the places whose records belong into the gaps. `tail` is what follows the attributes, cut at the
    gaps; None where each row brings its own.
    """

    is_single: bool
    below: tuple[int, ...]
    tail: tuple[bytes, ...] | None


class Nesting:
    """Nests the rows of one statement. `held` counts the bytes that had to wait, `summary` is the text of the last row."""

    def __init__(self, nests: Sequence[Nest], *, limit: int | None) -> None:
        self._nests: Final = nests
        self._waiting: Final[list[defaultdict[int | None, list[bytes]]]] = [defaultdict(list) for _ in nests]
        self._limit: Final = limit
        self.held = 0
        self.summary = b""

    def lines(self, rows: Iterator[Row]) -> Iterator[bytes]:
        """The records of the last place with everything in them. Raises HeldTooMuchError, never after the first of them."""
        top = len(self._nests) - 1
        for number, block in groupby(rows, itemgetter(0)):
            if number == SUMMARY:
                self.summary = next(block)[3]
            elif number == top:
                yield from map(itemgetter(1), self._texts(number, block))
            else:
                self._hold(number, self._texts(number, block), rows)
        if any(self._waiting):
            raise RuntimeError("there are records that belong to no record")

    def _hold(self, number: int, texts: Iterable[tuple[int | None, bytes]], rows: Iterator[Row]) -> None:
        waiting = self._waiting[number]
        for above, text in texts:
            waiting[above].append(text)
            self.held += len(text)
            if self._limit is not None and self.held > self._limit:
                break
        else:
            return
        self._waiting.clear()
        for _ in rows:
            pass
        raise HeldTooMuchError

    def _texts(self, number: int, block: Iterable[Row]) -> Iterator[tuple[int | None, bytes]]:
        """The key of the record above and the whole text of each record."""
        nest = self._nests[number]
        if nest.below:
            return self._filled(nest, block)
        if nest.tail is None:
            return ((above, own + (tail or b"")) for _, above, _, own, tail in block)
        return ((above, own) for _, above, _, own, _ in block)

    def _filled(self, nest: Nest, block: Iterable[Row]) -> Iterator[tuple[int | None, bytes]]:
        below = [(self._waiting[number], b"null" if self._nests[number].is_single else b"") for number in nest.below]
        gap = GAP.encode()
        for _, above, key, own, tail in block:
            first, *others = nest.tail or (tail or b"").split(gap)
            pieces = [own, first]
            for (waiting, nothing), after in zip(below, others, strict=True):
                texts = waiting.pop(key, None)
                pieces += (nothing if texts is None else b",".join(texts), after)
            yield above, b"".join(pieces)
