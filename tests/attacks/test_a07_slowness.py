"""Work without an end."""

from itertools import count
from pathlib import Path

import pytest

from offline_transfer.archive import patience
from offline_transfer.importing.errors import DamagedArchiveError
from tests.attacks.making import archives, bombs, stores
from tests.attacks.victim import Victim


class TestA07Slowness:
    """A7: an object that is read for hours keeps a worker from everybody else.

    GitLab gives the decompression of an archive 210 seconds for this.
    Defence: reading one object ends after a time by the clock, `object_seconds`; a call of Git after an hour. Between two
    records and two blocks of a file a worker looks whether the import was cancelled.
    """

    def test_what_takes_too_long_is_refused(
        self, victim: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hours = count()
        # An hour passes with each look at the clock.
        monkeypatch.setattr(patience, "monotonic", lambda: 3600.0 * next(hours))
        archive = archives.honest(tmp_path)
        assert victim.refuses(archive, "--limit", "object_seconds=3500") == (
            "metadata.json.gz took longer than 3,500 seconds to read. If you trust where it comes from and its store is"
            " slow, raise the limit `object_seconds`."
        )
        assert victim.takes(archive, "--all", "", "--limit", "object_seconds=36000").status == 0

    def test_an_object_that_drips_refuses_the_import(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.archive(tmp_path, archives.records("labels", archives.label("a"), archives.label("b")))
        clock = stores.Clock()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(patience, "monotonic", clock)
            with pytest.raises(DamagedArchiveError, match="took longer than 14,400 seconds to read"):
                victim.imports(archive, store=lambda store: stores.Dripping(store, clock, "project_7/labels"))
        assert victim.witness.added() == {}


class TestA34Exhaustion:
    """A34: a great many small things fill tables, disks or memory, each of them harmless.

    GitLab has limits on placeholders, labels and members for this.
    Defence: an object with more records than announced is refused where the first one too many begins; of bad records
    only so many get a row; listings, manifests, members of a tar and refs have limits.
    """

    def test_more_records_than_announced_are_refused(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(bombs.flood(tmp_path, 5000, announced=10))
        assert taken.counts("labels") == (10, 0, 0, 10)
        assert taken.messages == [
            "project_7/labels.ndjson.gz holds more records of `labels` than the 10 that are announced"
            " for it. Copy it again from where it was exported, or export again; if it was not changed on its way, do not trust"
            " this archive."
        ]

    def test_fewer_records_than_announced_are_not_taken_for_all(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(bombs.flood(tmp_path, 5, announced=10))
        assert taken.counts("labels") == (10, 0, 0, 10)
        assert "holds fewer records of `labels` than the 10 that are announced" in taken.messages[0]

    def test_of_many_bad_records_some_get_a_row(
        self, victim: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("offline_transfer.importing.pipeline.FAILURES_KEPT", 20)
        taken = victim.takes(bombs.flood(tmp_path, 50, announced=50))
        assert taken.counts("labels") == (50, 0, 0, 50)
        assert len(taken.messages) == 20
