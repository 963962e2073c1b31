"""An archive arrives as it was sent, or not as an archive."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.encryption import Encryption
from offline_transfer.archive.errors import ChecksumMismatchError
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.carrying.copy import Carriage, SignatureFate, copy
from offline_transfer.carrying.delete import delete, is_whole
from offline_transfer.carrying.errors import ArchiveInTheWayError, SamePlaceError, SourceFaultError
from offline_transfer.carrying.plan import Place
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageFullError, UnsafeEntryError
from offline_transfer.storage.sources import from_bytes
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.errors import ArchiveNotFoundError
from offline_transfer.verify.sums import SignatureState
from tests.support.faulty_store import Fault, FaultyStore, Method, Moment
from tests.unit.carrying.travellers import (
    LABELS,
    PUBLIC_KEY,
    RECIPIENT,
    SIGNING_KEY,
    contents,
    empty_place,
    faults,
    filled,
    opened,
    place_of,
)
from tests.unit.verify.archives import Draft


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return filled(tmp_path).finish(SIGNING_KEY)


def copied(draft: Draft, destination: Place, **how: object) -> Carriage:
    source = place_of(draft)
    with opened(source) as archive:
        return copy(source, archive, destination, **how)  # type: ignore[arg-type]


def test_a_copy_is_the_archive_byte_for_byte(draft: Draft) -> None:
    destination = empty_place()
    carriage = copied(draft, destination)
    assert contents(destination) == contents(place_of(draft))
    objects = len(draft.entries) + 1
    size = sum(
        len(stored) for name, stored in contents(destination).items() if "SHA" not in name and "meta" not in name
    )
    assert carriage == Carriage(copied=objects, present=0, size=size, signature=SignatureFate.KEPT)
    assert faults(destination) == []


def test_progress_is_told_after_each_object(draft: Draft) -> None:
    told: list[tuple[str, int, int]] = []
    carriage = copied(draft, empty_place(), progress=lambda *what: told.append(what))
    assert [name for name, _, _ in told] == [*sorted(draft.entries), "manifest.json.gz"]
    assert told[-1][1:] == (carriage.size, carriage.size)


def test_an_encrypted_archive_is_copied_without_a_key(tmp_path: Path) -> None:
    draft = filled(tmp_path, Encryption((RECIPIENT,))).finish(SIGNING_KEY)
    source, destination = place_of(draft), empty_place()
    with Carried(source.store, source.prefix) as carried:
        carriage = copy(source, carried, destination)
    assert (carriage.copied, carriage.signature) == (len(draft.entries) + 1, SignatureFate.KEPT)
    assert contents(destination) == contents(source)


def test_what_nobody_has_listed_cannot_be_copied_without_a_key(tmp_path: Path) -> None:
    draft = filled(tmp_path, Encryption((RECIPIENT,))).finish()
    draft.path("SHA256SUMS").unlink()
    source = place_of(draft)
    with Carried(source.store, source.prefix) as carried, pytest.raises(SourceFaultError, match="without a key"):
        copy(source, carried, empty_place())


def test_an_archive_of_gitlab_is_copied_by_its_listing(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish_as_gitlab()
    draft.put("desktop.ini", b"x")
    destination = empty_place()
    carriage = copied(draft, destination)
    assert (carriage.signature, carriage.left) == (SignatureFate.NONE, ("desktop.ini",))
    draft.path("desktop.ini").unlink()
    assert contents(destination) == contents(place_of(draft))
    again = copied(draft, destination)
    assert (again.copied, again.present) == (0, len(draft.entries))


def test_a_copy_goes_on_where_it_was_broken_off(draft: Draft) -> None:
    destination = empty_place()
    broken = StorageFullError(key="x", store="y")
    fault = Fault(method=Method.PUT, call=5, moment=Moment.DURING, passed=10, error=broken)
    with pytest.raises(StorageFullError):
        copied(draft, replace(destination, store=FaultyStore(destination.store, fault)))
    assert not is_whole(destination)
    carriage = copied(draft, destination)
    assert (carriage.present, carriage.copied) == (4, len(draft.entries) + 1 - 4)
    assert contents(destination) == contents(place_of(draft))


@pytest.mark.slow
def test_a_copy_can_be_broken_off_at_every_call_and_is_no_archive_before_its_end(draft: Draft) -> None:
    whole = contents(place_of(draft))
    for method in Method:
        call, ended = 0, False
        while not ended:
            call += 1
            destination = empty_place()
            for moment in (Moment.BEFORE, Moment.AFTER):
                fault = Fault(method=method, call=call, moment=moment, error=StorageFullError(key="x", store="y"))
                faulty = FaultyStore(destination.store, fault)
                try:
                    copied(draft, replace(destination, store=faulty))
                    ended = faulty.calls[method] < call
                except StorageFullError:
                    assert not is_whole(destination) or contents(destination) == whole
            copied(draft, destination)
            assert contents(destination) == whole


def test_an_object_that_is_there_and_wrong_is_copied_again(draft: Draft) -> None:
    destination = empty_place()
    copied(draft, destination)
    key = destination.key(LABELS)
    right = b"".join(destination.store.blocks(key))
    destination.store.put(key, from_bytes(right[:-1] + bytes([right[-1] ^ 1])))
    assert (copied(draft, destination).copied, faults(destination)) == (1, [])


def test_an_object_that_is_not_what_was_exported_ends_the_copy(draft: Draft) -> None:
    path = draft.path(LABELS)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    destination = empty_place()
    with pytest.raises(ChecksumMismatchError, match=LABELS):
        copied(draft, destination)
    assert not is_whole(destination)
    assert LABELS not in contents(destination)


def test_an_object_that_is_missing_ends_the_copy(draft: Draft) -> None:
    draft.path(LABELS).unlink()
    with pytest.raises(SourceFaultError, match=f"{LABELS} is missing"):
        copied(draft, empty_place())


def test_checksums_that_are_not_the_manifests_end_the_copy(draft: Draft) -> None:
    draft.put("SHA256SUMS", b"".join(write_checksums([(LABELS, hashlib.sha256(b"").hexdigest())])))
    with pytest.raises(SourceFaultError, match="SHA256SUMS"):
        copied(draft, empty_place())


def test_what_does_not_belong_to_the_archive_stays_behind(draft: Draft) -> None:
    draft.put("desktop.ini", b"x")
    destination = empty_place()
    assert copied(draft, destination).left == ("desktop.ini",)
    assert faults(destination) == []


def test_a_signature_can_be_made_on_the_way(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    destination = empty_place()
    assert copied(draft, destination).signature is SignatureFate.NONE
    assert copied(draft, destination, signing_key=SIGNING_KEY).signature is SignatureFate.MADE
    with opened(destination) as archive:
        assert archive.signature([PUBLIC_KEY]).state is SignatureState.KNOWN


def another_archive(place: Place, draft: Draft) -> None:
    other = filled(draft.root / "other").finish()
    for name, stored in contents(place_of(other)).items():
        place.store.put(place.key(name), from_bytes(stored + b"x" if name.startswith("meta") else stored))


def encrypted_archive(place: Place, draft: Draft) -> None:
    place.store.put(place.key("metadata.json.gz.age"), from_bytes(b"x"))


def a_stranger(place: Place, draft: Draft) -> None:
    place.store.put(place.key("project_9/self.json.gz"), from_bytes(b"x"))


@pytest.mark.parametrize(
    ("lies_there", "reason"),
    [
        (another_archive, "another archive lies there"),
        (encrypted_archive, "another archive lies there"),
        (a_stranger, "project_9/self.json.gz lies there, which does not belong to the archive at"),
    ],
)
def test_nothing_that_lies_there_is_overwritten(
    draft: Draft, lies_there: Callable[[Place, Draft], None], reason: str
) -> None:
    destination = empty_place()
    lies_there(destination, draft)
    before = contents(destination)
    with pytest.raises(ArchiveInTheWayError, match=reason):
        copied(draft, destination)
    assert contents(destination) == before


def test_an_archive_is_not_copied_onto_itself(draft: Draft) -> None:
    with pytest.raises(SamePlaceError):
        copied(draft, place_of(draft))


def test_an_archive_may_be_renamed_in_its_store(draft: Draft) -> None:
    destination = replace(place_of(draft), prefix=ExportPrefix("renamed"))
    copied(draft, destination)
    assert faults(destination) == []


def test_what_is_no_archive_is_not_copied(tmp_path: Path) -> None:
    draft = filled(tmp_path)
    source = place_of(draft)
    with pytest.raises(ArchiveNotFoundError):
        opened(source)


# Removing.


def test_a_whole_archive_is_removed_and_strangers_are_left(draft: Draft) -> None:
    draft.put("notes.txt", b"x")
    place = place_of(draft)
    names = {name: len(stored) for name, stored in contents(place).items() if name != "notes.txt"}
    told: list[str] = []
    deleted = delete(place, progress=told.append)
    assert told[0] == "metadata.json.gz"
    assert (deleted.objects, deleted.size, deleted.left) == (len(names), sum(names.values()), ("notes.txt",))
    assert list(contents(place)) == ["notes.txt"]


def test_what_a_broken_export_left_is_removed_with_its_directories(draft: Draft) -> None:
    draft.path("metadata.json.gz").unlink()
    draft.put("project_7/uploads.tar.gz.0123456789abcdef.partial", b"half")
    place = place_of(draft)
    assert not is_whole(place)
    delete(place)
    assert list(draft.root.iterdir()) == []


def test_an_archive_is_none_as_soon_as_its_removal_begins(draft: Draft) -> None:
    fault = Fault(method=Method.DELETE, call=2, error=StorageFullError(key="x", store="y"))
    place = place_of(draft)
    with pytest.raises(StorageFullError):
        delete(replace(place, store=FaultyStore(place.store, fault)))
    assert not is_whole(place)
    delete(place)
    assert list(draft.root.iterdir()) == []


def test_where_nothing_is_nothing_is_removed(draft: Draft) -> None:
    elsewhere = replace(place_of(draft), prefix=ExportPrefix("elsewhere"))
    with pytest.raises(Exception, match="There is nothing of an archive at"):
        delete(elsewhere)
    (draft.root / "elsewhere").mkdir()
    (draft.root / "elsewhere" / "thesis.odt").write_bytes(b"x")
    with pytest.raises(Exception, match="There is nothing of an archive at"):
        delete(elsewhere)
    assert (draft.root / "elsewhere" / "thesis.odt").exists()


def test_what_a_link_leads_to_is_not_removed(draft: Draft) -> None:
    outside = draft.root / "outside"
    outside.mkdir()
    (outside / "thesis.odt.partial").write_bytes(b"x")
    (draft.path("") / "link").symlink_to(outside)
    before = contents_on_disk(draft)
    with pytest.raises(UnsafeEntryError):
        delete(place_of(draft))
    assert contents_on_disk(draft) == before
    DiskStore(draft.root).prune(str(draft.prefix))
    assert contents_on_disk(draft) == before


def contents_on_disk(draft: Draft) -> set[Path]:
    return set(draft.root.rglob("*"))
