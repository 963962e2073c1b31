"""Exports that are encrypted and signed hold what an export without either holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from offline_transfer.archive.encryption import EncryptionRequest, Keys
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.archive.signature import SigningKey
from offline_transfer.db import Database
from offline_transfer.exporting import control
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.storage.buckets import MemoryBucket
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageUnavailableError
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.retry import RetryingStore
from offline_transfer.storage.store import Store
from offline_transfer.transfers.states import ExportState
from offline_transfer.verify.archive import verify
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import SignaturePolicy
from tests.integration.exporting.exporter import Exported, Exporter
from tests.support.faulty_store import Fault, FaultyStore, Method, Moment
from tests.support.fill import fill_every_relation

IDENTITY = Identity.generate()
REQUEST = EncryptionRequest((str(IDENTITY.to_public()),))
KEYS = Keys((IDENTITY,))
TOP = RequestedEntity(full_path="top")
PASSPHRASE = "correct horse battery staple"


def opened(exported: Exported, keys: Keys = KEYS, store: Store | None = None) -> Archive:
    directory = exported.directory
    return Archive(store or DiskStore(directory.parent), ExportPrefix(directory.name), keys=keys)


def measured(archive: Archive) -> Mapping[str, tuple[str, Mapping[str, int]]]:
    """Content and counts of every object."""
    return {
        str(found.entry.key): (found.entry.measurement.content_sha256, found.entry.records)
        for found in archive.all_objects()
        if found.entry is not None
    }


@pytest.fixture
def signing(tmp_path: Path) -> tuple[Path, SigningKey]:
    """A key and its file."""
    key = SigningKey.generate()
    path = tmp_path / "source.key"
    path.write_bytes(key.to_pem())
    return path, key


@pytest.mark.slow
def test_an_encrypted_export_holds_what_a_plain_one_holds(database: Database, tmp_path: Path) -> None:
    exporter = Exporter(database, tmp_path)
    fill_every_relation(exporter.database, exporter.repositories, exporter.files)
    fill = RequestedEntity(full_path="fill")
    plain, encrypted = (exporter.run(exporter.ask(fill, encryption=request)) for request in (None, REQUEST))
    assert (encrypted.failures, encrypted.is_clean) == ([], True)
    assert encrypted.rows == plain.rows
    names = {key for key in encrypted.object_keys() if not key.endswith(".age")}
    assert names == {"SHA256SUMS"}
    with opened(plain) as one, opened(encrypted) as other:
        bundles = ("repository", "wiki", "design", "snippets_repository")
        same = {key for key in measured(one) if not any(name in key for name in bundles)}
        assert {key: measured(other)[key] for key in same} == {key: measured(one)[key] for key in same}
        assert measured(other).keys() == measured(one).keys()
        assert [str(finding) for finding in verify(other)] == []


def test_an_export_is_signed_by_the_key_of_its_process(exporter: Exporter, signing: tuple[Path, SigningKey]) -> None:
    path, key = signing
    signer = replace(exporter, settings={"signing_key_file": path})
    exported = signer.run(signer.ask(TOP, encryption=REQUEST, signed_by=key.fingerprint))
    policy = SignaturePolicy([key.public_key("source")], is_required=True)
    with opened(exported) as archive:
        assert list(verify(archive, signatures=policy)) == []


def test_an_export_that_has_to_be_signed_is_not_ended_without_the_key(
    exporter: Exporter, signing: tuple[Path, SigningKey]
) -> None:
    path, key = signing
    created = exporter.ask(TOP, signed_by=key.fingerprint)
    exported = exporter.run(created)
    assert exported.row.status is ExportState.failed
    assert exported.row.error is not None
    assert exported.row.error.startswith(f"The archive was to be signed with the key {key.fingerprint}")
    assert not {key for key in exported.object_keys() if key.startswith("metadata")}

    signer = replace(exporter, settings={"signing_key_file": path})
    control.retry(signer.context(), created.id)
    again = signer.run(created)
    assert again.row.status is ExportState.finished
    with opened(again) as archive:
        archive.require_signature([key.public_key("source")])


@pytest.mark.parametrize("moment", [Moment.DURING, Moment.AFTER])
def test_a_store_that_fails_for_a_while_leaves_a_whole_encrypted_archive(exporter: Exporter, moment: Moment) -> None:
    inner = BucketStore(MemoryBucket("out"))
    error = StorageUnavailableError(store="memory", key="x")
    faults = [Fault(method=Method.PUT, call=call, moment=moment, passed=50, error=error) for call in range(1, 200, 3)]
    faulty = replace(exporter, store=RetryingStore(FaultyStore(inner, *faults), sleep=lambda _seconds: None))
    exported = faulty.run(faulty.ask(TOP, encryption=REQUEST))
    assert exported.row.status is ExportState.finished
    with Archive(inner, ExportPrefix(f"archives/{exported.directory.name}"), keys=KEYS) as archive:
        assert list(verify(archive)) == []
        again = exporter.run(exporter.ask(TOP))
        with opened(again) as plain:
            assert measured(archive) == measured(plain)


def test_an_export_that_goes_on_is_encrypted_for_the_same_people_and_keeps_nothing_that_opens_it(
    exporter: Exporter,
) -> None:
    created = exporter.ask(TOP, encryption=EncryptionRequest(REQUEST.recipients, PASSPHRASE))
    with exporter.database.session() as session:
        control.cancel(session, created.id)
    exporter.run(created)
    control.retry(exporter.context(), created.id)
    exported = exporter.run(created)
    assert exported.row.status is ExportState.finished
    assert PASSPHRASE not in str(exported.row.encryption)
    assert "AGE-SECRET-KEY" not in str(exported.row.encryption)
    with opened(exported, Keys(passphrase=PASSPHRASE)) as archive:
        assert list(verify(archive)) == []
    with opened(exported) as archive:
        assert list(archive.check_objects(archive.all_objects())) == []
