"""Archives that are not what was exported: A29 to A31."""

import shutil
from pathlib import Path

from offline_transfer.archive.keys import SIGNATURE_KEY, ExportPrefix
from offline_transfer.archive.signature import SigningKey
from offline_transfer.errors import ExitStatus
from tests.attacks.making import archives, forgery
from tests.attacks.victim import Victim

OLDER = ExportPrefix("2025-04-16_19-39-00_export_AAAAAAAA")


def public_key(directory: Path, key: SigningKey) -> Path:
    """The public half, as a file."""
    path = directory / "source.pub"
    path.write_bytes(key.public_key("source").to_pem())
    return path


class TestA29Tampering:
    """A29: on its way an archive is changed, mixed with an older one, robbed of objects, or exchanged for another.

    It is what happens to whatever is carried: to backups (restic, borg), to media in a bag.
    Defence: a manifest with size and hash of every object, checked before the first row; the same fields in manifest and
    metadata; a signature over all hashes. Without a signature a forger who writes everything anew is not noticed.
    """

    def test_an_object_in_the_place_of_another_is_noticed(self, victim: Victim, tmp_path: Path) -> None:
        archive = forgery.exchanged(archives.honest(tmp_path), "project_7/labels.ndjson.gz", "group_1/labels.ndjson.gz")
        assert "is damaged, and nothing was imported" in victim.refuses(archive)

    def test_objects_of_an_older_export_are_noticed(self, victim: Victim, tmp_path: Path) -> None:
        older = archives.archive(tmp_path / "older", archives.records("labels", archives.label("bux")), prefix=OLDER)
        for keys in (
            ["project_7/labels.ndjson.gz"],
            ["project_7/labels.ndjson.gz", "manifest.json.gz"],
            ["metadata.json.gz"],
            ["manifest.json.gz", "SHA256SUMS"],
        ):
            archive = forgery.mixed(archives.honest(tmp_path / "-".join(keys).replace("/", "_")), older, *keys)
            victim.refuses(archive)

    def test_an_object_that_was_taken_out_or_put_in_is_noticed(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path / "less")
        (archive / "project_7" / "issues.ndjson.gz").unlink()
        assert "project_7/issues.ndjson.gz: it is not in the store" in victim.refuses(archive)
        archive = archives.honest(tmp_path / "more")
        shutil.copyfile(archive / "project_7/labels.ndjson.gz", archive / "project_7/labels.ndjson")
        assert "project_7/labels.ndjson, and nothing was imported" in victim.refuses(archive)

    def test_a_forger_who_makes_every_hash_right_fails_over_the_signature(self, victim: Victim, tmp_path: Path) -> None:
        key = SigningKey.generate()
        archive = forgery.signed(tmp_path / "archive", key)
        public = public_key(tmp_path, key)
        content = b'{"title":"forged","color":"#112233"}\n'
        forgery.rehashed(archive, "project_7/labels.ndjson.gz", content)
        message = victim.refuses(archive, "--require-signature", public)
        assert "none of the given public keys belongs to it" in message
        (archive / SIGNATURE_KEY).unlink()
        assert "the archive is not signed" in victim.refuses(archive, "--require-signature", public)
        # Whoever asks for no signature takes it, as an archive of which nobody can say whose it is.
        assert victim.takes(archive).counts("labels") == (1, 1, 0, 0)
        assert victim.column("SELECT origin FROM bulk_imports ORDER BY id DESC LIMIT 1") == ["unsigned"]

    def test_what_was_signed_is_taken(self, victim: Victim, tmp_path: Path) -> None:
        key = SigningKey.generate()
        archive = forgery.signed(tmp_path / "archive", key)
        assert victim.takes(archive, "--all", "", "--require-signature", public_key(tmp_path, key)).status == 0


class TestA30Streams:
    """A30: an encrypted object is cut at the end of a part, or its parts change places, with hashes that are right for that.

    Formats without a mark at the end, or without numbers in their parts, do not notice (a reason for age's and borg's ways).
    Defence: age numbers and marks its parts, and no record of an object is believed before its end was read.
    """

    def test_a_stream_that_is_cut_or_reordered_fails_as_a_whole(self, victim: Victim, tmp_path: Path) -> None:
        identity = tmp_path / "identity"
        identity.write_text(str(forgery.IDENTITY))
        for spoil in ("cut", "swapped"):
            archive = forgery.encrypted(tmp_path / spoil, spoil)
            taken = victim.takes(archive, "--all", "", "--identity", identity)
            assert taken.counts("labels") == (600, 0, 0, 600), spoil
            assert taken.reasons("labels") == {"object_damaged": 600}
        assert victim.rows("SELECT 1 FROM labels WHERE title LIKE 'l%' AND length(description) > 900") == []

    def test_a_whole_one_is_taken(self, victim: Victim, tmp_path: Path) -> None:
        identity = tmp_path / "identity"
        identity.write_text(str(forgery.IDENTITY))
        taken = victim.takes(forgery.encrypted(tmp_path / "archive"), "--all", "", "--identity", identity)
        assert taken.counts("labels") == (600, 600, 0, 0)


class TestA31Downgrade:
    """A31: the envelope or the signature is left away, or another key is used, and nobody notices.

    It is the oldest way around cryptography; borg's notes on exchanged passphrases tell of one.
    Defence: who gives a key gets an encrypted archive or none; who names a public key gets one signed with it or none; an
    instance may ask for signatures, known ones alone, of every archive.
    """

    def test_the_wrong_key_opens_nothing(self, victim: Victim, tmp_path: Path) -> None:
        identity = tmp_path / "identity"
        identity.write_text(str(type(forgery.IDENTITY).generate()))
        archive = forgery.encrypted(tmp_path / "archive")
        assert "None of the given keys opens" in victim.refuses(archive, "--identity", identity)
        assert "is encrypted. Give" in victim.refuses(archive, status=ExitStatus.USAGE)

    def test_a_plain_archive_in_the_place_of_an_encrypted_one_is_refused(self, victim: Victim, tmp_path: Path) -> None:
        identity = tmp_path / "identity"
        identity.write_text(str(forgery.IDENTITY))
        archive = archives.honest(tmp_path / "plain")
        message = victim.refuses(archive, "--identity", identity)
        assert message.startswith(f"The archive at {archive} is not encrypted, and a key was given to open it. ")

    def test_an_instance_that_asks_for_signatures_takes_no_other(self, victim: Victim, tmp_path: Path) -> None:
        own, foreign = SigningKey.generate(), SigningKey.generate()
        victim.trust("https://source.example.com", own)
        unsigned = archives.honest(tmp_path / "unsigned")
        victim.instance.run("settings", "set", "offline_transfer_signature_policy", "signed").ok()
        victim.remember()
        assert "has no signature, and this instance takes signed archives alone" in victim.refuses(unsigned)
        victim.instance.run("settings", "set", "offline_transfer_signature_policy", "known").ok()
        victim.remember()
        signed = forgery.signed(tmp_path / "foreign", foreign)
        assert "none of the keys that this instance knows has signed it" in victim.refuses(signed)
        assert victim.takes(forgery.signed(tmp_path / "own", own)).status == 0
