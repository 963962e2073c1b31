"""Paths that lead elsewhere."""

import gzip
from pathlib import Path
from typing import Final

import orjson

from offline_transfer.errors import ExitStatus
from tests.attacks.making import archives, tars
from tests.attacks.victim import Victim, assert_clean

PATHS: Final = ("../../etc", "/etc", "top/../..", "top/.", "top//app", "top\\app", "top/app\n", "-/x", "a\u202eb", "")
PREFIXES: Final = ("../group_1", "group_1/../..", "group_-1", "group_1\n", "project_01", 7, None)
KEYS: Final = ("../../etc/passwd", "/etc/passwd", "group_1/../x.json.gz", "group_1/self.json.gz\n")


class TestA04Paths:
    """A4: a path with `..`, or one that begins at the root, leads a write (or a read) out of its directory.

    It happened by an archive's names and by the `path` of a request (CVE-2017-0915), by the names of LFS objects
    (CVE-2020-13355), and to Python's own `tarfile` (CVE-2007-4559, CVE-2025-4517).
    Defence: no name of an archive becomes a path. Keys are built by us; what is not in their form is refused.
    """

    def test_members_of_a_tar_cannot_climb(self, victim: Victim, tmp_path: Path) -> None:
        for number, (name, reason) in enumerate(tars.CLIMBING_NAMES.items()):
            taken = victim.takes(tars.named(tmp_path / str(number), name))
            assert taken.counts("uploads") == (1, 0, 0, 1), name
            assert reason in taken.messages[0], name
        assert not Path("/escaped").exists()
        assert list(tmp_path.rglob("escaped")) == []

    def test_paths_of_groups_and_projects_are_paths(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        for path in PATHS:
            archives.remap(archive, {path: "group_1"})
            message = victim.refuses(archive)
            assert message.startswith("metadata.json.gz is not the metadata of an export: `entities_mapping`: ")

    def test_directories_of_entities_are_of_one_form(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        for prefix in PREFIXES:
            archives.remap(archive, {"top": prefix})
            assert "`top` has no entity prefix" in victim.refuses(archive)

    def test_keys_of_a_manifest_are_keys(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        last = "group_1/badges.ndjson.gz"
        for key in KEYS:
            archives.rename_in_manifest(archive, last, key)
            last = key
            assert "is not the manifest of an export" in victim.refuses(archive)

    def test_a_destination_that_is_asked_for_is_checked_too(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        for slug in ("..", "../x", "a/b", "-", ".git", "x.git", "a b", "a\x1b[2J", "%2e%2e"):
            outcome = victim.instance.run("import", archive, "--entity", f"top=place:{slug}")
            assert outcome.status in (ExitStatus.BAD_INPUT, ExitStatus.USAGE), slug
            assert_clean(outcome.err.removesuffix("\n"))
        assert victim.witness.added() == {}

    def test_lfs_objects_are_named_by_their_hash_alone(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(
            archives.archive(tmp_path, archives.files("lfs_objects", {"..evil": b"x", "a" * 64: b"x"}))
        )
        assert taken.counts("lfs_objects") == (2, 0, 0, 2)
        assert victim.rows("SELECT oid FROM lfs_objects") == []

    def test_an_honest_archive_is_taken(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        mapping = orjson.loads(gzip.decompress((archive / "metadata.json.gz").read_bytes()))["entities_mapping"]
        archives.remap(archive, mapping)
        assert victim.takes(archive).status == ExitStatus.OK
