"""Texts in several scripts, with everything in them that has ever broken an export."""

from random import Random
from typing import Final

LONG_TEXT_BYTES: Final = 1_000_000

MARK: Final = "never-leaves-"
"""The beginning of everything secret in the demonstration data."""

AWKWARD: Final = (
    "C:\\temp\\new, \\N is no null, \\. ends nothing, \\u0000 is no NUL, \\x01 neither",
    "tab\there, \"double\", 'single' and `back` quotes, $dollars$, ${braces}, %s %(name)s {0}",
    '\'; DROP TABLE issues; -- and <script>alert("hello")</script> &amp; <!-- done -->',
    "decomposed e\u0301 and composed \u00e9, no\u00a0break, zero\u200bwidth, soft\u00adhyphen, \ufeffmark",
    "lines end\u2028in many\u2029ways\u0085here\r\nand here\rand here\n",
    "👩🏽‍🚀 👨‍👩‍👧‍👦 🏴‍☠️ 🇩🇰 1️⃣ and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 beyond the first plane: 𠜎 𠱸 😀",
    "مرحبا بالعالم، שלום עולם, and back to the left",
    "日本語の文章です。改行はありません。",
    "Всё работает — кроме того, что не работает",
    "สวัสดีชาวโลก नमस्ते दुनिया 안녕하세요 Γειά σου Κόσμε",
    "null",
    '=HYPERLINK("http://example.invalid","click")',
    '{"json": [1, 2.50, null, "\\u00e9"], "not": "parsed"}',
    "-1e309",
    " spaces in front and behind ",
)

VERBS: Final = ("Align", "Drop", "Explain", "Measure", "Paint", "Repair", "Replace", "Split", "Teach", "Verify")
THINGS: Final = (
    "the anchor lights",
    "чтение журнала",
    "the tide table for Århus",
    "le feu à éclats",
    "潮位の計算",
    'the "quiet" horn',
    "retry of `sync --all`",
    "the path C:\\charts\\north",
    "Überlauf im Zähler",
    "the buoy 🛟 map",
    "a_b*c~d in file names",
    "قائمة الموانئ",
)
SENTENCES: Final = (
    "Seen twice this week, always after midnight.",
    "See `lib/lamp.py` line 12, and compare with ~~the old~~ the **new** figures.",
    "- [ ] measure\n- [x] write down\n- [ ] tell @maren",
    "> quoted\n\nI do not think so. :thumbsup:",
    '```python\nprint("a\\tb")\n```',
    "| port | depth |\n| --- | ---: |\n| Ærøskøbing | 3,5 |",
    'Related to #1 and !1, see also %"Spring tide" and ~"kind::bug".',
    "![lamp](/uploads/0123456789abcdef0123456789abcdef/lamp.png)",
    "Nobody has complained so far…",
    "これは本当ですか？ Да, конечно.",
)
PEOPLE: Final = (
    ("maren", "Maren Østergård"),
    ("ibrahim.k", "Ibrahim Kılıç"),
    ("shiv.oneill", 'Siobhán "Shiv" O\'Neill'),
    ("wang_wei", "王伟"),
    ("yuki-t", "高橋 由紀 🌸"),
    ("olga", "Ольга Ивановна Петрова"),
    ("samira", "سميرة حداد"),
    ("back.slash", "Back\\Slash \\n Jr."),
    ("Zoe_V", "Zoë de Vries-van 't Hof"),
    ("nikos", "Νίκος Παπαδόπουλος"),
    ("priya", "प्रिया शर्मा"),
    ("j", "J"),
)
EMOJI: Final = ("thumbsup", "thumbsdown", "tada", "rocket", "eyes", "heart", "100", "anchor")


class Words:
    """Draws texts; the same seed draws the same ones in the same order."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._drawn = 0

    def title(self) -> str:
        """A title of one line; every fifth one is awkward."""
        self._drawn += 1
        if self._drawn % 5 == 0:
            return " ".join(AWKWARD[self._drawn // 5 % len(AWKWARD)].splitlines())
        return f"{self._random.choice(VERBS)} {self._random.choice(THINGS)}"

    def paragraph(self) -> str:
        """Markdown of several lines; every fourth one has awkward characters in it."""
        self._drawn += 1
        parts = self._random.sample(SENTENCES, self._random.randint(1, 4))
        if self._drawn % 4 == 0:
            parts.append(AWKWARD[self._drawn // 4 % len(AWKWARD)])
        return "\n\n".join(parts)

    def emoji(self) -> str:
        """The name of an emoji."""
        return self._random.choice(EMOJI)

    def long_text(self) -> str:
        """A text of at least a million bytes, for whoever believes that lines are short."""
        line = "".join(f"{number:04} {self._random.choice(THINGS)} | " for number in range(100))
        return (line * (LONG_TEXT_BYTES // len(line.encode()) + 1))[:-1] + "\\"

    def secret(self) -> str:
        """What must never leave the instance; every one has the same mark in it, so that a search finds them all."""
        return f"{MARK}{self._random.getrandbits(96):024x}"

    def digest(self, length: int = 40) -> str:
        """Hexadecimal digits."""
        return f"{self._random.getrandbits(length * 4):0{length}x}"
