"""Prose, diffs and times to fill records with: made once from a seed and then cut into pieces, which costs next to nothing."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

SYLLABLES: Final = (
    "ba", "co", "du", "fe", "gi", "ha", "jo", "ku", "la", "me", "ni", "po", "qua", "re", "si", "to", "ul", "va", "wi", "xe", "yo",
    "ört", "ñar", "ция", "東京",
)  # fmt: skip
CODE: Final = (
    "def {0}(self, {1}):",
    "    return {0}.{1}[{2}]",
    "if ({0} > {2} && !{1}) {{",
    '  {0} = "{1}\\t{2}";',
    "}} else {{",
    "# {0} {1} {0}",
    "",
    "import {0} from './{1}'",
    '<div class="{0}" data-{1}="{2}">',
)
PROSE_CHARACTERS: Final = 1 << 19
CODE_CHARACTERS: Final = 1 << 20
MOMENTS: Final = 1 << 12
FIRST_MOMENT: Final = datetime(2016, 1, 4, 8, tzinfo=UTC)
MOMENT_STEP: Final = timedelta(hours=17, minutes=13, seconds=7, milliseconds=41)


class Texts:
    """Pieces of text by length. The same seed gives the same pieces in the same order."""

    def __init__(self, random: Random) -> None:
        self._random = random.random
        self.words = ["".join(random.choices(SYLLABLES, k=random.randint(1, 4))) for _ in range(2000)]
        self._prose = _prose(random, self.words)
        self._code, self._line_starts = _code(random, self.words)
        self.moments = [_moment(number) for number in range(MOMENTS)]
        self._hex = random.randbytes(1 << 15).hex()

    def below(self, bound: int) -> int:
        """A number from 0, less than `bound`."""
        return int(self._random() * bound)

    def word(self) -> str:
        """One word."""
        return self.words[self.below(len(self.words))]

    def prose(self, characters: int) -> str:
        """Paragraphs of Markdown, as long as wanted."""
        start = self.below(PROSE_CHARACTERS - characters)
        return self._prose[start : start + characters]

    def title(self) -> str:
        """A few words on one line."""
        return self.prose(20 + self.below(50)).replace("\n", " ").strip() or "Untitled"

    def diff(self, characters: int) -> str:
        """Whole lines of a diff, about as long as wanted."""
        start = bisect_left(self._line_starts, self.below(CODE_CHARACTERS - characters - 200))
        end = bisect_left(self._line_starts, self._line_starts[start] + max(characters, 1), start + 1)
        return self._code[self._line_starts[start] : self._line_starts[end]]

    def path(self) -> str:
        """The path of a file."""
        return f"app/{self.word()}/{self.word()}/{self.word()}.rb"

    def sha(self, number: int) -> str:
        """Forty hexadecimal digits, different for each number below 2**32."""
        start = self.below(1 << 15)
        return f"{number:08x}{self._hex[start : start + 32]}"

    def moment(self, part: float) -> str:
        """A time; `part` from 0 to 1 is how far the project has lived, and later parts are later times."""
        return self.moments[min(int(part * MOMENTS), MOMENTS - 1)]

    def size(self, usual: int, longest: int) -> int:
        """A length as lengths in real projects are: mostly small, now and then many times the usual."""
        return min(int(usual / (1.0 - self._random() * 0.998) ** 0.6), longest)


def _prose(random: Random, words: list[str]) -> str:
    parts: list[str] = []
    length = 0
    while length < PROSE_CHARACTERS:
        sentence = " ".join(random.choices(words, k=random.randint(4, 14))).capitalize()
        sentence += random.choice((". ", ". ", ". ", "\n\n", ".\n* ", ' `"x" <- y` ', " @user12 ", " #17 "))
        parts.append(sentence)
        length += len(sentence)
    return "".join(parts)[:PROSE_CHARACTERS]


def _code(random: Random, words: list[str]) -> tuple[str, list[int]]:
    lines: list[str] = []
    starts: list[int] = []
    length = 0
    while length < CODE_CHARACTERS:
        if random.random() < 0.05:
            line = f"@@ -{random.randint(1, 900)},7 +{random.randint(1, 900)},9 @@ {random.choice(words)}\n"
        else:
            body = random.choice(CODE).format(random.choice(words), random.choice(words), random.randint(0, 9999))
            line = f"{random.choice('  +-')}{' ' * random.choice((0, 2, 4, 8))}{body}\n"
        starts.append(length)
        lines.append(line)
        length += len(line)
    return "".join(lines), starts


def _moment(number: int) -> str:
    moment = FIRST_MOMENT + MOMENT_STEP * number
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
