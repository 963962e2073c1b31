"""Links and devices in tars."""

from pathlib import Path

from tests.attacks.making import archives, tars
from tests.attacks.victim import Victim


class TestA01Links:
    """A1: a link in an archive stands for a file of the server, and whoever imports it reads what it points to.

    It happened to GitLab's project import (CVE-2016-9086), and again to the uploads of direct transfer in 2022.
    Defence: a tar holds regular files only. Any other kind is refused at its header, before anything of it is written.
    """

    def test_a_link_is_refused_with_all_files_around_it(self, victim: Victim, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("not for you")
        for kind, (_, reason) in tars.LINKS.items():
            taken = victim.takes(tars.link(tmp_path / kind, kind, target=str(secret)))
            assert taken.counts("uploads") == (2, 0, 0, 2), kind
            assert taken.reasons("uploads") == {"object_damaged": 2}, kind
            (message,) = taken.messages
            assert f"holds a member that is refused, `{tars.SECRET}/evil.png`: {reason}. " in message
        assert victim.rows("SELECT path FROM uploads") == []
        assert [name for name in victim.new_files() if name.startswith("files/")] == []

    def test_it_is_refused_wherever_files_travel(self, victim: Victim, tmp_path: Path) -> None:
        relations = ("repository", "wiki", "design", "snippets_repository", "lfs_objects")
        taken = victim.takes(tars.links_in(tmp_path, *relations))
        assert [taken.counts(relation) for relation in relations] == [(1, 0, 0, 1)] * 5
        assert len(taken.messages) == 5
        assert all("it is a symbolic link" in message for message in taken.messages)

    def test_a_file_in_its_place_is_taken(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(archives.honest(tmp_path / "archive"))
        assert taken.counts("uploads") == (1, 1, 0, 0)
        assert taken.status == 0
