"""Imports that are in each other's way."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance.program import Outcome, start
from tests.attacks.making import archives
from tests.attacks.victim import Victim


class TestA33AtOnce:
    """A33: two imports of one archive at once, or of two exports of one source, take each other's paths, rows or files.

    It happened to GitLab where a second export removed the batches of a first one (2025), and where paths raced (2016).
    Defence: paths, iids and users have keys that are unique; who comes second gets another path; what several share is made in
    short transactions, in one order. The name of an object is the content that its manifest says, or it is refused.
    """

    def test_the_second_import_gets_a_place_of_its_own(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        for expected in ("top", "top_1"):
            taken = victim.takes(archive)
            assert [item["destination"] for item in taken.document["entities"]] == [expected, f"{expected}/app"]
            assert (taken.counts("issues"), taken.counts("uploads")) == ((1, 1, 0, 0), (1, 1, 0, 0))
        keys = victim.column("SELECT storage_key FROM uploads")
        assert len(set(keys)) == 2

    @pytest.mark.slow
    def test_two_at_once_share_nothing(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        (last,) = victim.column("SELECT max(id) FROM projects")

        def run(_number: int) -> Outcome:
            words = ("import", archive, "--all", "place", "--json", "--data-dir", victim.instance.data_dir)
            return start(*words, **victim.instance.environment)

        with ThreadPoolExecutor(3) as threads:
            outcomes = [outcome.ok().json for outcome in threads.map(run, range(3))]
        made = sorted(item["destination"] for outcome in outcomes for item in outcome["entities"])
        assert made == sorted(f"place/top{ending}{below}" for ending in ("", "_1", "_2") for below in ("", "/app"))
        (place,) = victim.column("SELECT id FROM namespaces WHERE path = 'place'")
        victim.assert_unharmed(("namespaces", place))
        counts = "SELECT count(i.id) FROM projects AS p JOIN issues AS i ON i.project_id = p.id WHERE p.id > :last GROUP BY p.id"
        assert victim.column(counts, last=last) == [1, 1, 1]
