"""Histories that are not true."""

from pathlib import Path

from offline_transfer.archive.signature import SigningKey
from tests.attacks.making import archives, forgery, records
from tests.attacks.victim import Victim


class TestA20ForgedHistory:
    """A20: an archive says that somebody well known has approved, merged or written what they never saw.

    It happened to GitLab with edited merge requests, approvals and comments (a report of 2023).
    Defence: whoever is named by an archive is somebody who stands for a user of the source, by no name are they one of
    ours, and the source of the archive is what its signature says. Without one it counts as unsigned, and the import says
    so.
    """

    def test_nobody_who_is_here_has_done_what_an_archive_says(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(records.forged_history(tmp_path, "root", "root@example.com"))
        assert taken.counts("merge_requests.approvals") == (1, 1, 0, 0)
        (root,) = victim.column("SELECT id FROM users WHERE username = 'root'")
        claims = {
            "approvals": "user_id",
            "merge_requests": "merge_user_id",
            "merge_request_metrics": "merged_by_id",
            "notes": "author_id",
        }
        for table, column in claims.items():
            assert victim.rows(f"SELECT 1 FROM {table} WHERE {column} = :root", root=root) == [], table
            kinds = victim.column(
                f"SELECT u.user_type FROM {table} t JOIN users u ON u.id = t.{column} ORDER BY t.ctid DESC LIMIT 1"
            )
            assert kinds == [15], table
        (username, email) = victim.rows("SELECT username, email FROM users ORDER BY id DESC LIMIT 1")[0]
        assert username.startswith("root_source_user_") or username != "root"
        assert not email.endswith("@example.com")

    def test_what_nobody_has_signed_is_marked_so(self, victim: Victim, tmp_path: Path) -> None:
        victim.takes(archives.honest(tmp_path))
        assert victim.rows("SELECT origin, signed_by FROM bulk_imports ORDER BY id DESC LIMIT 1") == [
            ("unsigned", None)
        ]

    def test_a_signature_says_whose_word_it_is(self, victim: Victim, tmp_path: Path) -> None:
        key = SigningKey.generate()
        victim.trust("https://source.example.com", key)
        victim.takes(forgery.signed(tmp_path, key))
        found = victim.rows("SELECT origin, signed_by FROM bulk_imports ORDER BY id DESC LIMIT 1")
        assert found == [("signed_known", key.fingerprint)]
