"""Records that are hard to read."""

from pathlib import Path
from typing import Final

from tests.attacks.making import records
from tests.attacks.victim import Victim

UNREADABLE: Final = {
    "nested": b'{"title":"x","description":' + b"[" * 101 + b"]" * 101 + b"}",
    "nested far": b'{"title":' + b"[" * 500_000,
    "many values": b'{"title":"x","a":[' + b"0," * 2_000_001 + b"0]}",
    "huge number": b'{"title":"x","template":' + b"9" * 5000 + b"}",
    "long fraction": b'{"title":"x","template":0.' + b"9" * 5000 + b"}",
    "infinity": b'{"title":"x","template":1e999}',
    "not a number": b'{"title":"x","template":NaN}',
    "bytes": b'{"title":"\xff\xfe"}',
    "half a pair": b'{"title":"\\ud800"}',
    "overlong": b'{"title":"\xc0\xaf"}',
    "list": b'[{"title":"x"}]',
    "two records": b'{"title":"x"}{"title":"y"}',
    "comment": b'{"title":"x" /* */}',
}


class TestA08Json:
    """A8: one record that is very long, very deep, or full of very long numbers stops whoever parses it.

    Parsers have fallen over deep nesting (CVE-2025-67221) and over numbers with many digits (CVE-2020-10735).
    Defence: a line, its depth, its values and its numbers have limits, and text is UTF-8. Such a line fails alone: the next
    ones are in step.
    """

    def test_each_odd_line_fails_alone(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(records.odd_json(tmp_path, *UNREADABLE.values()))
        count = len(UNREADABLE)
        assert taken.counts("labels") == (count + 2, 2, 0, count)
        assert taken.reasons("labels") == {"not_json": count}
        lines = [failure["line"] for failure in taken.document["failures"]]
        assert lines == list(range(1, count + 1))
        assert victim.column("SELECT title FROM labels ORDER BY id DESC LIMIT 2") == ["last", "first"]

    def test_of_a_key_that_stands_twice_the_last_counts_everywhere(self, victim: Victim, tmp_path: Path) -> None:
        """There is one parser, so nothing is checked in one meaning and used in another."""
        line = b'{"title":"checked","title":"used","color":"#000000","color":"url(x)"}'
        taken = victim.takes(records.odd_json(tmp_path, line))
        assert taken.counts("labels") == (3, 3, 0, 0)
        assert taken.dropped("labels") == {"color": "invalid"}
        assert victim.rows("SELECT title, color FROM labels ORDER BY id DESC LIMIT 3")[1] == ("used", None)

    def test_what_a_database_cannot_hold_is_left_out(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(records.odd_json(tmp_path, b'{"title":"a\\u0000b","color":"#000\\u0000"}'))
        assert taken.counts("labels") == (3, 3, 0, 0)
        assert victim.rows("SELECT title, color FROM labels ORDER BY id DESC LIMIT 3")[1] == ("ab", "#000")
