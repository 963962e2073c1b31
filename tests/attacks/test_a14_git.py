"""Repositories that harm whoever has them."""

from pathlib import Path

from offline_transfer.forge.bundles import KEPT_NAMESPACES
from tests.attacks.making import bundles
from tests.attacks.victim import Victim


class TestA14Git:
    """A14: data of Git run a program, or show another history than there is.

    Hooks and settings in trees, and submodules whose names lead elsewhere, ran programs (CVE-2018-11235, CVE-2024-32002,
    CVE-2024-32004); `refs/replace` showed other contents than were signed (CVE-2022-0090).
    Defence: bare repositories without hooks, no checkout, no submodules, no protocol, a clean environment. Every object is
    checked as strictly as Git can. Only branches, tags, notes and GitLab's own kinds of refs are taken, the others counted.
    """

    def test_objects_that_would_run_or_reach_elsewhere_refuse_the_repository(
        self, victim: Victim, tmp_path: Path
    ) -> None:
        for name, (make, reason) in bundles.REFUSED.items():
            taken = victim.takes(bundles.refused(tmp_path / name, make))
            assert taken.counts("repository") == (3, 0, 0, 3), name
            assert reason in taken.messages[0], name
        assert [path for path in victim.new_files() if path.endswith(".pack")] == []

    def test_refs_that_hide_or_mislead_stay_behind_and_are_counted(self, victim: Victim, tmp_path: Path) -> None:
        oid = b"0" * 39 + b"1"
        dropped = (
            b"refs/replace/" + oid,
            b"refs/pipelines/1",
            b"refs/environments/x/deployments/1",
            b"refs/remotes/origin/main",
            b"refs/stash",
            b"refs/heads/HEAD",
            b"refs/heads/-uplink",
            b"refs/heads/refs/heads/main",
            b"refs/heads/" + oid,
            b"refs/tags/" + b"a" * 64,
            b"refs/tags/--upload-pack=touch",
        )
        kept = (b"refs/tags/v1", b"refs/notes/commits", b"refs/merge-requests/1/head", b"refs/heads/x-y")
        taken = victim.takes(bundles.with_refs(tmp_path, *dropped, *kept, default_branch="--upload-pack=touch owned"))
        assert taken.counts("repository") == (16, 5, 11, 0)
        assert taken.reasons("repository") == {"internal_ref": 11}
        packed = next(
            path
            for path in (victim.instance.data_dir / "repositories").rglob("packed-refs")
            if "x-y" in path.read_text()
        )
        names = [
            line.split(b" ", 1)[1] for line in packed.read_bytes().splitlines() if not line.startswith((b"#", b"^"))
        ]
        assert sorted(names) == sorted([*kept, bundles.MAIN])
        assert all(name.startswith(KEPT_NAMESPACES) for name in names)
        assert (packed.parent / "HEAD").read_text() == "ref: refs/heads/main\n"

    def test_a_repository_has_nothing_in_it_that_runs(self, victim: Victim, tmp_path: Path) -> None:
        victim.takes(bundles.good(tmp_path))
        made = [path for path in victim.new_files() if path.startswith("repositories/")]
        assert made != []
        assert [path for path in made if "/hooks/" in path or path.endswith("alternates") or "modules" in path] == []
        configs = [victim.instance.data_dir / path for path in made if path.endswith("/config")]
        assert configs != []
        for config in configs:
            assert "[include" not in config.read_text()
            assert "[remote" not in config.read_text()

    def test_a_submodule_is_data_and_is_not_fetched(self, victim: Victim, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere.git"
        elsewhere.mkdir()
        taken = victim.takes(bundles.with_submodule(tmp_path / "archive", f"file://{elsewhere}"))
        assert taken.counts("repository") == (1, 1, 0, 0)
        assert list(elsewhere.iterdir()) == []
