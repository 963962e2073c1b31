"""An archive changes its envelope on the way, and nothing else."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from pyrage.x25519 import Identity

from offline_transfer.archive.encryption import PLAIN, Encryption, Keys
from offline_transfer.archive.errors import ChecksumMismatchError
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.manifest import FailedRelation, SkippedRelation
from offline_transfer.carrying.copy import SignatureFate
from offline_transfer.carrying.delete import is_whole
from offline_transfer.carrying.errors import (
    ArchiveInTheWayError,
    NothingToRewriteError,
    SamePlaceError,
    SourceFaultError,
)
from offline_transfer.carrying.recode import recode
from offline_transfer.storage.buckets import MemoryBucket
from offline_transfer.storage.errors import StorageFullError
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import Source
from offline_transfer.types import PortableKind
from offline_transfer.verify.compare import compare
from offline_transfer.verify.sums import SignatureState
from tests.support.faulty_store import Fault, FaultyStore, Method
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

ENCRYPTION = Encryption((RECIPIENT,))
OTHER = Identity.generate()


def test_what_is_encrypted_and_decrypted_again_is_the_same_archive(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    encrypted, decrypted = empty_place(), empty_place()
    with opened(place_of(draft)) as archive:
        carriage = recode(archive, encrypted, ENCRYPTION)
    assert (carriage.copied, carriage.present) == (len(draft.entries), 0)
    assert carriage.size == sum(
        len(stored) for name, stored in contents(encrypted).items() if name.removesuffix(".age") in draft.entries
    )
    assert {name for name in contents(encrypted) if not name.endswith(".age")} == {"SHA256SUMS"}
    assert faults(encrypted) == []
    with opened(encrypted) as archive:
        assert archive.is_encrypted
        recode(archive, decrypted, PLAIN)
    assert contents(decrypted) == contents(place_of(draft))
    with opened(place_of(draft)) as one, opened(encrypted) as other:
        assert compare(one, other).equal


def test_an_archive_can_be_encrypted_to_somebody_else(tmp_path: Path) -> None:
    draft = filled(tmp_path, ENCRYPTION).finish()
    destination = empty_place()
    with opened(place_of(draft)) as archive:
        recode(archive, destination, Encryption((str(OTHER.to_public()),)))
    with opened(destination, Keys((OTHER,))) as archive:
        assert list(archive.check_objects(archive.all_objects())) == []


def test_what_is_not_in_the_archive_is_still_said_to_be_absent(tmp_path: Path) -> None:
    draft = filled(tmp_path)
    project = EntityPrefix(PortableKind.PROJECT, 7)
    draft.failed.append(FailedRelation(entity=project, relation="design", reason="disk full"))
    draft.skipped.append(SkippedRelation(entity=project, relation="wiki"))
    destination = empty_place()
    with opened(place_of(draft.finish())) as archive:
        recode(archive, destination, ENCRYPTION)
        with opened(destination) as other:
            assert (other.failed_relations, other.skipped_relations) == (tuple(draft.failed), tuple(draft.skipped))


def test_a_signature_is_lost_or_made_anew(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish(SIGNING_KEY)
    lost, made = empty_place(), empty_place()
    with opened(place_of(draft)) as archive:
        assert recode(archive, lost, ENCRYPTION).signature is SignatureFate.LOST
        assert recode(archive, made, ENCRYPTION, signing_key=SIGNING_KEY).signature is SignatureFate.MADE
    assert "SHA256SUMS.sig" not in contents(lost)
    with opened(made) as archive:
        assert archive.signature([PUBLIC_KEY]).state is SignatureState.KNOWN


@pytest.mark.parametrize(("envelope", "present"), [(PLAIN, 3), (ENCRYPTION, 0)])
def test_a_copy_goes_on_where_it_was_broken_off(tmp_path: Path, envelope: Encryption, present: int) -> None:
    draft = filled(tmp_path, Encryption((RECIPIENT,))).finish()
    destination = empty_place()
    fault = Fault(method=Method.PUT, call=4, error=StorageFullError(key="x", store="y"))
    faulty = replace(destination, store=FaultyStore(destination.store, fault))
    with opened(place_of(draft)) as archive:
        with pytest.raises(StorageFullError):
            recode(archive, faulty, envelope)
        assert not is_whole(destination)
        assert len(contents(destination)) == 3
        carriage = recode(archive, destination, envelope)
    assert (carriage.present, carriage.copied) == (present, len(draft.entries) - present)
    assert faults(destination) == []


class GivingUpStore(BucketStore):
    """Gives up its first attempt at every object, which it may have taken all the same."""

    def __init__(self) -> None:
        super().__init__(MemoryBucket(f"given-up-{uuid4().hex}"))
        self.given_up: dict[str, bytes] = {}

    def put(self, key: str, source: Source) -> int:
        self.given_up[key] = b"".join(source())
        return super().put(key, source)

    def come_late(self) -> None:
        """What was given up arrives."""
        for key, content in self.given_up.items():
            super().put(key, from_bytes(content))


def test_an_attempt_that_was_given_up_and_comes_late_changes_nothing(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    store = GivingUpStore()
    destination = replace(empty_place(), store=store)
    with opened(place_of(draft)) as archive:
        recode(archive, destination, ENCRYPTION, signing_key=SIGNING_KEY)
    store.come_late()
    assert len(store.given_up) == len(draft.entries) + 4  # manifest, checksums, signature, metadata
    assert faults(destination) == []


def test_an_old_signature_does_not_stay(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    destination = empty_place()
    destination.store.put(destination.key("SHA256SUMS.sig"), from_bytes(b"old"))
    with opened(place_of(draft)) as archive:
        recode(archive, destination, ENCRYPTION)
    assert "SHA256SUMS.sig" not in contents(destination)


def test_an_object_that_is_not_what_was_exported_ends_the_copy(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    path = draft.path(LABELS)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    destination = empty_place()
    with opened(place_of(draft)) as archive, pytest.raises(ChecksumMismatchError, match=LABELS):
        recode(archive, destination, ENCRYPTION)
    assert not is_whole(destination)


def test_what_does_not_belong_to_the_archive_stays_behind_and_what_is_missing_ends_the_copy(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    draft.put("desktop.ini", b"x")
    with opened(place_of(draft)) as archive:
        assert recode(archive, empty_place(), ENCRYPTION).left == ("desktop.ini",)
    draft.path("SHA256SUMS").unlink()
    with (
        opened(place_of(draft)) as archive,
        pytest.raises(SourceFaultError, match="SHA256SUMS: it is not in the store"),
    ):
        recode(archive, empty_place(), ENCRYPTION)


def test_an_archive_without_a_manifest_is_copied_as_it_is_alone(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish_as_gitlab()
    with opened(place_of(draft)) as archive, pytest.raises(NothingToRewriteError):
        recode(archive, empty_place(), ENCRYPTION)


@pytest.mark.parametrize("name", ["metadata.json.gz", "metadata.json.gz.age", "project_7/self.json.gz", "thesis.odt"])
def test_nothing_that_lies_there_is_overwritten(tmp_path: Path, name: str) -> None:
    draft = filled(tmp_path).finish()
    destination = empty_place()
    destination.store.put(destination.key(name), from_bytes(b"x"))
    with opened(place_of(draft)) as archive, pytest.raises(ArchiveInTheWayError):
        recode(archive, destination, ENCRYPTION)
    assert contents(destination) == {name: b"x"}


def test_an_archive_is_not_copied_onto_itself(tmp_path: Path) -> None:
    draft = filled(tmp_path).finish()
    with opened(place_of(draft)) as archive, pytest.raises(SamePlaceError):
        recode(archive, place_of(draft), ENCRYPTION)
