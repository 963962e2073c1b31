"""What one attempt leaves behind for the next."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from offline_transfer.forge.attempts import Attempts
from tests.attacks.making import archives, bundles, tars
from tests.attacks.victim import Victim


class TestA02SharedDirectories:
    """A2: a first archive puts a link into a directory, a second one writes through it.

    It happened where GitLab unpacked one import after another into one directory (a report of remote code execution in
    2018).
    Defence: nothing is unpacked by name. Objects are copied into files without names; what needs a name, Git's bundles,
    lies in a directory that is new for each attempt, that only its owner enters, and that is gone afterwards.
    """

    def test_a_second_archive_finds_nothing_of_the_first(self, victim: Victim, tmp_path: Path) -> None:
        escaped = tmp_path / "escaped"
        victim.takes(tars.link(tmp_path / "first", target=str(escaped)))
        taken = victim.takes(tars.stored(tmp_path / "second", "evil.png"))
        assert taken.counts("uploads") == (2, 2, 0, 0)
        assert not escaped.exists()
        assert sorted(victim.column("SELECT path FROM uploads")) == [
            f"{tars.SECRET}/evil.png",
            f"{tars.SECRET}/good.png",
        ]

    def test_nothing_is_written_through_a_link_that_waits_in_the_store(self, victim: Victim, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        files = victim.instance.data_dir / "files"
        files.mkdir(exist_ok=True)
        (files / "uploads").symlink_to(outside)
        taken = victim.takes(archives.honest(tmp_path / "archive"))
        assert taken.counts("uploads") == (1, 0, 0, 1)
        assert list(outside.iterdir()) == []

    def test_directories_of_an_attempt_are_private_and_do_not_stay(
        self, victim: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun: list[tuple[int, list[Path]]] = []
        begin = Attempts.begin

        @contextmanager
        def noted(self: Attempts) -> Iterator[Path]:
            with begin(self) as directory:
                begun.append((stat.S_IMODE(directory.stat().st_mode), list(directory.iterdir())))
                yield directory

        monkeypatch.setattr(Attempts, "begin", noted)
        taken = victim.takes(bundles.good(tmp_path / "archive"))
        assert taken.counts("repository") == (1, 1, 0, 0)
        assert len(begun) >= 2
        assert {mode for mode, _ in begun} == {0o700}
        assert [found for _, found in begun if found] == []
        left = [path for path in victim.instance.data_dir.rglob("*") if path.parent.name in ("spool", "@attempts")]
        assert left == []
