"""Files of others."""

from pathlib import Path

import orjson

from tests.attacks.making import archives
from tests.attacks.victim import Victim

SECRET = "ab" * 16


class TestA27Uploads:
    """A27: an archive writes over the files of another project, whose secret path it knows, or gets at contents by their hash.

    It happened to GitLab's uploads (a report of 2019).
    Defence: the secret of an upload stays, so that links in texts work, but it is no address here: contents lie under a key
    of ours, made of whose they are. An LFS object is linked only if the archive brings its contents.
    """

    def test_the_same_secret_and_name_are_two_files_in_two_projects(self, victim: Victim, tmp_path: Path) -> None:
        for number, content in enumerate((b"mine", b"not yours")):
            write = archives.files("uploads", {f"{SECRET}/logo.png": content})
            taken = victim.takes(archives.archive(tmp_path / str(number), write))
            assert taken.counts("uploads") == (1, 1, 0, 0)
        rows = victim.rows("SELECT secret, path, storage_key, model_id FROM uploads ORDER BY id")
        assert [row[:2] for row in rows] == [(SECRET, f"{SECRET}/logo.png")] * 2
        keys = [row[2] for row in rows]
        assert len(set(keys)) == 2
        assert all(key.startswith("uploads/") and SECRET not in key and "logo" not in key for key in keys)
        stored = [(victim.instance.data_dir / "files" / key).read_bytes() for key in keys]
        assert stored == [b"mine", b"not yours"]

    def test_a_secret_is_no_path(self, victim: Victim, tmp_path: Path) -> None:
        names = {"avatar/../x": b"", f"{SECRET[:-1]}/short.png": b"x", f"{SECRET.upper()}/upper.png": b"x"}
        del names["avatar/../x"]
        taken = victim.takes(archives.archive(tmp_path, archives.files("uploads", names)))
        assert taken.counts("uploads") == (2, 0, 0, 2)
        assert victim.rows("SELECT path FROM uploads") == []

    def test_the_hash_of_what_another_project_has_is_not_enough(self, victim: Victim, tmp_path: Path) -> None:
        content = b"large and secret"
        oid = archives.sha256(content)
        victim.takes(archives.archive(tmp_path / "owner", archives.files("lfs_objects", {oid: content})))
        claimed = {"lfs_objects.json": orjson.dumps({oid: [0]})}
        taken = victim.takes(archives.archive(tmp_path / "thief", archives.files("lfs_objects", claimed, count=1)))
        assert taken.reasons("lfs_objects") == {"gap": 1}
        assert len(victim.rows("SELECT 1 FROM lfs_objects_projects")) == 1
        lied = archives.files("lfs_objects", {oid: b"something else"})
        taken = victim.takes(archives.archive(tmp_path / "liar", lied))
        assert taken.reasons("lfs_objects") == {"invalid_value": 1}
        assert (victim.instance.data_dir / "files").joinpath("lfs", oid[:2], oid[2:4], oid[4:]).read_bytes() == content
