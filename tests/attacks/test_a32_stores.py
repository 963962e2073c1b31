"""Stores that are not on our side: A32 and A38."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offline_transfer.errors import ExitStatus, OfflineTransferError
from offline_transfer.importing import create
from offline_transfer.importing.errors import DamagedArchiveError
from offline_transfer.importing.places import Reaching
from offline_transfer.importing.request import ImportRequest
from offline_transfer.storage.store import ObjectInfo, Store
from tests.attacks.making import archives, stores
from tests.attacks.victim import Victim, assert_clean

LABELS = "project_7/labels.ndjson.gz"
EVIL = gzip.compress(b'{"title":"evil","color":"#112233"}\n')


def without(found: ObjectInfo) -> Iterator[ObjectInfo]:
    """A listing that hides an object."""
    if not found.key.endswith(LABELS):
        yield found


def longer(found: ObjectInfo) -> Iterator[ObjectInfo]:
    """A listing with sizes that are not right."""
    yield replace(found, size=found.size + 1) if found.key.endswith(LABELS) else found


def more(found: ObjectInfo) -> Iterator[ObjectInfo]:
    """A listing with an object that nobody announced."""
    yield found
    if found.key.endswith(LABELS):
        yield replace(found, key=found.key.replace("labels", "labels/batch_1"))


def climbing(found: ObjectInfo) -> Iterator[ObjectInfo]:
    """A listing with a name that leads elsewhere."""
    yield found
    if found.key.endswith(LABELS):
        yield replace(found, key=f"{found.key}/../../../\x1b[2Jescape")


class TestA32HostileStore:
    """A32: a store lies about what it holds, sends other contents, too much, nothing, or sends people elsewhere.

    Storage is untrusted wherever others run it; programs for backups say so (restic, kopia).
    Defence: the manifest decides, not the listing; sizes and hashes are compared; answers have limits in bytes and time,
    listings in objects; redirects to other places are not followed (see A12).
    """

    @pytest.mark.parametrize("lie", [without, longer, more, climbing])
    def test_a_listing_that_lies_refuses_the_import(self, victim: Victim, tmp_path: Path, lie: stores.Lie) -> None:
        archive = archives.honest(tmp_path)
        with pytest.raises(OfflineTransferError) as caught:
            victim.imports(archive, store=lambda store: stores.Lying(store, lie))
        assert "labels" in caught.value.message
        assert_clean(caught.value.message)
        assert victim.witness.added() == {}

    def test_other_contents_are_not_taken(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        with pytest.raises(DamagedArchiveError, match="its SHA-256 is not the one in the manifest"):
            victim.imports(archive, store=lambda store: stores.Swapping(store, {LABELS: EVIL}, after=0))
        assert victim.witness.added() == {}

    def test_a_listing_without_an_end_is_given_up(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        with pytest.raises(OfflineTransferError, match="more than 1000000 objects"):
            victim.imports(archive, store=stores.Endless)
        assert victim.witness.added() == {}


class TestA38TimeOfUse:
    """A38: what is checked is exchanged before it is used: on a medium, in a bucket, behind a mount.

    Defence: an object is copied into a file without a name while it is hashed, and that file is what is parsed. What changes
    after the first check fails its own objects. The manifest is compared with the one of the first check whenever an archive is
    opened again.
    """

    def test_contents_that_change_after_the_check_are_not_taken(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        read: dict[str, int] = {}
        taken = victim.imports(archive, store=lambda store: stores.Swapping(store, {LABELS: EVIL}, after=1, read=read))
        assert read[f"{archive.name}/{LABELS}"] == 2
        assert taken.counts("labels") == (1, 0, 0, 1)
        assert taken.reasons("labels") == {"object_damaged": 1}
        assert "is not what was exported" in taken.messages[0]
        assert victim.rows("SELECT 1 FROM labels WHERE title = 'evil'") == []

    def test_a_file_that_is_rewritten_while_it_is_read_is_not_taken(self, victim: Victim, tmp_path: Path) -> None:
        """The bytes that were compared are the bytes that are parsed, whatever the file holds by then."""
        archive = archives.honest(tmp_path)

        def rewrite(store: Store) -> Store:
            return stores.Rewriting(store, archive / LABELS, EVIL)

        taken = victim.imports(archive, store=rewrite)
        assert taken.counts("labels")[0] == 1
        assert victim.rows("SELECT 1 FROM labels WHERE title = 'evil'") == []

    def test_another_archive_in_the_same_place_is_noticed(
        self, victim: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = archives.honest(tmp_path)
        path = archive / "manifest.json.gz"
        take_on = create.create_checked_import

        def then_exchange(context: Reaching, request: ImportRequest, watch: Callable[[], None]) -> int:
            taken_on = take_on(context, request, watch)
            path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
            return taken_on

        monkeypatch.setattr(create, "create_checked_import", then_exchange)
        outcome = victim.instance.run("import", archive, "--all", "")
        assert "its manifest is another" in outcome.refused(ExitStatus.BAD_INPUT)
        assert victim.witness.added() == {}
