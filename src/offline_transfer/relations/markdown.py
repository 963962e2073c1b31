"""Where code stands in a Markdown text: what is code addresses nobody and refers to nothing."""

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

_FENCE: Final = re.compile(r"[ \t>]*+(?P<fence>`{3,}+|~{3,}+)(?P<info>[^\n]*+)")
_RUN: Final = re.compile(r"`++")
_BLANK: Final = re.compile(r"[ \t\r]*+")


@dataclass(frozen=True, slots=True)
class Code:
    """The code of one text."""

    spans: tuple[tuple[int, int], ...]
    """Where each piece begins and ends, in order."""
    fence: str
    """A run of backticks that makes code of what stands between two of them anywhere else in the text."""


_NONE: Final = Code((), "`")


def code(text: str) -> Code:
    """Find fenced blocks, and spans between equal runs of backticks in one paragraph. Takes time linear in the text."""
    if "`" not in text and "~~~" not in text:
        return _NONE
    finder = _Finder(text)
    finder.walk()
    length = next(length for length in range(1, len(text) + 2) if length not in finder.single)
    return Code(tuple(finder.spans), "`" * length)


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[tuple[int, int]] = []
        self.single: set[int] = set()
        """Lengths of the runs of backticks that belong to no span."""

    def walk(self) -> None:
        """Line by line: blank lines and fences end a paragraph."""
        text, place, paragraph = self.text, 0, 0
        while place < len(text):
            end = self._line_end(place)
            opening = _FENCE.match(text, place, end)
            if opening is not None and not (opening["fence"][0] == "`" and "`" in opening["info"]):
                self._paragraph(paragraph, place)
                place = paragraph = self._close(opening["fence"], place, end)
                continue
            if _BLANK.fullmatch(text, place, end):
                self._paragraph(paragraph, place)
                paragraph = end + 1
            place = end + 1
        self._paragraph(paragraph, len(text))

    def _close(self, fence: str, start: int, line_end: int) -> int:
        """The code from its opening fence to its end; one that is never closed ends with the text. Gives where to go on."""
        place = line_end + 1
        while place < len(self.text):
            end = self._line_end(place)
            found = _FENCE.match(self.text, place, end)
            if found is not None and found["fence"].startswith(fence) and not found["info"].strip():
                self.spans.append((start, end))
                return end + 1
            place = end + 1
        self.spans.append((start, len(self.text)))
        return len(self.text)

    def _paragraph(self, start: int, end: int) -> None:
        runs = [(found.start(), found.end()) for found in _RUN.finditer(self.text, start, end)]
        places = defaultdict(list)
        for number, (first, last) in enumerate(runs):
            places[last - first].append(number)
        number = 0
        while number < len(runs):
            first, last = runs[number]
            same = places[last - first]
            partner = bisect_right(same, number)
            is_escaped = first > start and self.text[first - 1] == "\\"
            if is_escaped or partner == len(same):
                self.single.add(last - first)
                number += 1
                continue
            self.spans.append((first, runs[same[partner]][1]))
            number = same[partner] + 1

    def _line_end(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end
