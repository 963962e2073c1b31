"""Little in the store, much where it is read."""

from pathlib import Path

import pytest

from tests.attacks.making import bombs
from tests.attacks.victim import Victim


class TestA05Bombs:
    """A5: a small archive becomes a large one on the disk or in the memory of whoever opens it.

    GitLab filled its disk with 100 GB out of 100 MB (a report of 2019).
    Defence: what comes out is counted while it comes: bytes, bytes for each that went in, members, lines. Nothing is
    unpacked onto a disk. A gzip file holds one member, and what is in a file of an archive is not unpacked again.
    """

    def test_no_more_comes_out_of_an_object_than_its_limit(self, victim: Victim, tmp_path: Path) -> None:
        archive = bombs.dense_lines(tmp_path, 4, 3, 2)
        message = victim.refuses(archive, "--limit", f"decompressed_bytes={8 * bombs.MIB}")
        assert "project_7/labels.ndjson.gz has 9,4" in message
        assert " bytes, and the limit is 8,388,608. " in message
        taken = victim.takes(archive, "--all", "", "--limit", f"line_bytes={3 * bombs.MIB}")
        assert taken.counts("labels") == (3, 0, 0, 3)
        assert "has more than 3,145,728 bytes in one line" in taken.messages[0]
        assert victim.takes(archive).counts("labels") == (3, 3, 0, 0)

    def test_what_is_mostly_air_is_refused_once_it_is_large(self, victim: Victim, tmp_path: Path) -> None:
        archive = bombs.dense_lines(tmp_path, 4, 3, 2)
        taken = victim.takes(archive, "--all", "", "--limit", f"unrated_bytes={bombs.MIB}")
        assert taken.reasons("labels") == {"object_damaged": 3}
        assert "has more than 500 decompressed bytes for each stored byte" in taken.messages[0]

    def test_a_second_member_is_refused(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(bombs.second_member(tmp_path))
        assert taken.reasons("labels") == {"object_damaged": 1}
        assert "it holds a second gzip member" in taken.messages[0]

    def test_what_is_packed_twice_is_unpacked_once(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(bombs.nested_archive(tmp_path))
        assert taken.counts("labels")[1] == 0
        assert taken.counts("uploads") == (1, 1, 0, 0)
        assert victim.column("SELECT size < 2000 FROM uploads") == [True]

    def test_members_and_their_sizes_are_bounded(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(bombs.many_members(tmp_path / "many", 30), "--all", "", "--limit", "tar_members=20")
        assert taken.counts("uploads") == (30, 0, 0, 30)
        assert "has more than 20 members" in taken.messages[0]
        taken = victim.takes(bombs.lying_size(tmp_path / "size"))
        assert "decompressed bytes. If you trust" in taken.messages[0]
        assert [name for name in victim.new_files() if name.startswith("files/")] == []

    @pytest.mark.slow
    def test_the_limits_hold_as_they_are(self, victim: Victim, tmp_path: Path) -> None:
        """A megabyte that comes to more than a gigabyte, with the limits that nobody has changed."""
        archive = bombs.dense_lines(tmp_path, *[40] * 27)
        assert (archive / "project_7" / "labels.ndjson.gz").stat().st_size < 2 * bombs.MIB
        taken = victim.takes(archive)
        assert taken.reasons("labels") == {"object_damaged": 27}
        assert "has more than 500 decompressed bytes for each stored byte" in taken.messages[0]
