"""Texts that look like others."""

from pathlib import Path

from tests.attacks.making import archives, tars
from tests.attacks.victim import Victim, assert_quiet

TURNED = "invoice\u202egnp.exe"
CYRILLIC = "r\u043e\u043et"


class TestA36Unicode:
    """A36: a name that looks like another, turns the direction of a line, or differs in its normal form alone.

    Defence: paths of groups, projects and people are ASCII. Names of a tar that some file system takes for one are refused, and
    so are names of uploads that turn the text. Titles are kept as they are, and shown escaped.
    """

    def test_usernames_are_of_one_alphabet(self, victim: Victim, tmp_path: Path) -> None:
        people = [
            {"id": 7, "username": CYRILLIC, "name": "Root"},
            {"id": 8, "username": "ro\u200bot", "name": "Root"},
            {"id": 9, "username": "../../root", "name": "Root"},
            {"id": 10, "username": "ivan", "name": "Иван"},
        ]
        taken = victim.takes(archives.archive(tmp_path, archives.records("user_contributions", *people)))
        assert taken.counts("user_contributions") == (4, 4, 0, 0)
        found = victim.column("SELECT username FROM users ORDER BY id DESC LIMIT 4")
        assert sorted(found)[:1] == ["ivan"]
        assert all(name.isascii() and "/" not in name for name in found)
        assert victim.column("SELECT name FROM users WHERE username = 'ivan'") == ["Иван"]

    def test_names_that_some_file_system_takes_for_one_are_refused(self, victim: Victim, tmp_path: Path) -> None:
        for number, pair in enumerate((("\u00e9.png", "e\u0301.png"), ("Logo.png", "logo.PNG"))):
            taken = victim.takes(tars.stored(tmp_path / str(number), *pair))
            assert taken.counts("uploads") == (3, 0, 0, 3)
            assert "its name occurs twice" in taken.messages[0]

    def test_nothing_that_turns_or_clears_a_terminal_is_printed(self, victim: Victim, tmp_path: Path) -> None:
        title = f"\x1b[2J{TURNED}\u0007"
        bad = archives.label(title, created_at={"not": "a time"}, priorities=[{"priority": "high"}])
        archive = archives.archive(
            tmp_path,
            archives.attributes("group_1", name=title, description=title),
            archives.attributes(name=title),
            archives.records("labels", bad, archives.label(title)),
            archives.records("issues", archives.issue(1, title=title, **{title: 1}), {"title": title}),
        )
        assert victim.takes(archive).counts("issues") == (2, 1, 0, 1)
        assert_quiet(victim.shows(archive))
        assert_quiet(victim.instance.run("tree"))
        assert victim.column("SELECT title FROM issues ORDER BY id DESC LIMIT 1") == [title]
