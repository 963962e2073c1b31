"""Taking an import on: what is looked at, what is kept, and how workers get at the archive by its row alone."""

import gzip
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from offline_transfer import queue
from offline_transfer.archive.encryption import EncryptionRequest, Keys
from offline_transfer.archive.errors import KeyNeededError
from offline_transfer.archive.limits import Limits
from offline_transfer.db import Database
from offline_transfer.exporting import create as export_create
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge import application_settings
from offline_transfer.forge.access import OPERATOR
from offline_transfer.forge.issues import Issue
from offline_transfer.importing import checks, places
from offline_transfer.importing.create import create_checked_import, create_import
from offline_transfer.importing.errors import ArchiveExchangedError, ArchiveTooLargeError, DamagedArchiveError
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.secrets import Vault
from offline_transfer.settings import Settings
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.transfers.errors import OtherPlaceError
from offline_transfer.transfers.models import BulkImport, OfflineConfiguration
from offline_transfer.transfers.places import OpenStorage, opened
from tests.integration.api import scene
from tests.support.instances import Instance

PASSPHRASE = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What it takes to reach archives."""

    database: Database
    settings: Settings
    vault: Vault
    egress: EgressPolicy = field(default_factory=EgressPolicy)
    open_storage: OpenStorage = opened
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Desk:
    """An instance with an archive of its own group `acme`, at which imports are taken on."""

    reach: Reach
    request: ImportRequest
    directory: Path

    def rows(self) -> int:
        """How many imports there are."""
        with self.reach.database.session() as session:
            return session.scalar(select(func.count()).select_from(BulkImport)) or 0

    def row(self, import_id: int) -> BulkImport:
        """An import as it is now."""
        with self.reach.database.session() as session:
            return session.get_one(BulkImport, import_id)

    def configuration(self, import_id: int) -> OfflineConfiguration:
        """Where its archive lies."""
        with self.reach.database.session() as session:
            return places.configuration_of(session, import_id)


def desk_of(database: Database, tmp_path: Path, encryption: EncryptionRequest | None = None) -> Desk:
    """Export `acme`, and ask for all of it at the root."""
    instance = Instance(database, tmp_path / "instance")
    instance.directory.mkdir()
    storage = StorageConfiguration.from_location(str(tmp_path / "archive"), {})
    wanted = replace(ExportRequest.of_paths("acme", storage=storage), encryption=encryption)
    created = export_create.create_export(instance.export_context(), wanted)
    queue.run_until_empty(instance.export_context())
    return Desk(
        Reach(database=database, settings=instance.settings, vault=Vault.of(instance.settings)),
        ImportRequest(wanted=Everything(""), storage=storage, export_prefix=str(created.prefix)),
        tmp_path / "archive" / str(created.prefix),
    )


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """With an archive that everybody can read."""
    scene.build(database)
    return desk_of(database, tmp_path)


def test_what_is_larger_than_the_limits_is_named(database: Database, tmp_path: Path) -> None:
    scene.build(database)
    with database.session() as session:
        long = Issue(title="Long", iid=99, project_id=5, author_id=900, description=secrets.token_hex(60_000))
        session.add(long)
    desk = desk_of(database, tmp_path)
    small = replace(desk.reach, limits=Limits(object_bytes=50_000, decompressed_bytes=100_000))
    with pytest.raises(ArchiveTooLargeError) as caught:
        create_import(small, desk.request)
    key = "project_5/issues/batch_1.ndjson.gz"
    stored = (desk.directory / key).read_bytes()
    assert caught.value.message == (
        f"The archive at {desk.directory} holds more than this instance takes, and nothing was imported: {key} has"
        f" {len(stored):,} bytes, and the limit is 50,000; {key} has {len(gzip.decompress(stored)):,} bytes, and the limit is"
        " 100,000. If it is to be trusted, ask an administrator to raise `bulk_import_max_download_file_size` or"
        " `max_decompressed_archive_size`."
    )
    assert desk.rows() == 0


def test_limits_are_those_of_the_settings(desk: Desk) -> None:
    with desk.reach.database.session() as session:
        application_settings.change(session, "bulk_import_max_download_file_size", "3")
        application_settings.change(session, "max_decompressed_archive_size", "0")
        said = application_settings.read(session, desk.reach.settings)
    limits = places.limits_of(said)
    assert (limits.object_bytes, limits.decompressed_bytes) == (3 * 1024 * 1024, 2**63 - 1)


def test_a_changed_byte_is_found_before_the_first_row(desk: Desk) -> None:
    changed = desk.directory / "project_5" / "issues" / "batch_1.ndjson.gz"
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    import_id = create_import(desk.reach, desk.request)
    said = (
        f"The archive at {desk.directory} is damaged, and nothing was imported: project_5/issues/batch_1.ndjson.gz: its SHA-256 is"
        " not the one in the manifest. Copy it again and run `offline-transfer archive verify`."
    )
    with places.open_archive(desk.reach, import_id) as archive, pytest.raises(DamagedArchiveError) as caught:
        checks.before_first_row(desk.reach, archive, import_id)
    assert (caught.value.message, desk.row(import_id).checked_at) == (said, None)

    with pytest.raises(DamagedArchiveError) as caught:
        create_checked_import(desk.reach, desk.request)
    assert (caught.value.message, desk.rows()) == (said, 1)


def test_what_was_compared_once_is_not_compared_again(desk: Desk) -> None:
    import_id = create_checked_import(desk.reach, desk.request)
    checked_at = desk.row(import_id).checked_at
    assert checked_at is not None
    (desk.directory / "project_5" / "issues" / "batch_1.ndjson.gz").unlink()
    with places.open_archive(desk.reach, import_id) as archive:
        checks.before_first_row(desk.reach, archive, import_id)
    assert desk.row(import_id).checked_at == checked_at


def test_another_archive_in_the_same_place_is_not_read(desk: Desk) -> None:
    import_id = create_import(desk.reach, desk.request)
    manifest = desk.directory / "manifest.json.gz"
    manifest.write_bytes(gzip.compress(gzip.decompress(manifest.read_bytes()), 1))
    with pytest.raises(ArchiveExchangedError):
        places.open_archive(desk.reach, import_id)
    with pytest.raises(ArchiveExchangedError):
        places.renew(desk.reach, import_id, storage=None, keys=Keys(), actor=OPERATOR)


@pytest.mark.slow
def test_what_a_passphrase_leads_to_is_kept_sealed_and_forgotten_after_a_day(
    database: Database, tmp_path: Path
) -> None:
    scene.build(database)
    desk = desk_of(database, tmp_path, EncryptionRequest((), PASSPHRASE))
    with pytest.raises(KeyNeededError):
        create_import(desk.reach, desk.request)
    import_id = create_import(desk.reach, replace(desk.request, decryption=Keys(passphrase=PASSPHRASE)))
    with places.open_archive(desk.reach, import_id) as archive:
        assert (archive.is_encrypted, archive.keys.passphrase) == (True, None)

    ended = datetime.now(UTC) - timedelta(hours=23)
    with database.session() as session:
        session.execute(update(BulkImport).where(BulkImport.id == import_id).values(ended_at=ended))
    assert places.purge(database) == 0
    with database.session() as session:
        session.execute(
            update(BulkImport).where(BulkImport.id == import_id).values(ended_at=ended - timedelta(hours=1))
        )
    assert (places.purge(database), places.purge(database)) == (1, 0)
    assert desk.configuration(import_id).decryption is None
    with pytest.raises(KeyNeededError):
        places.open_archive(desk.reach, import_id)

    with pytest.raises(KeyNeededError):
        places.renew(desk.reach, import_id, storage=None, keys=Keys(), actor=OPERATOR)
    elsewhere = StorageConfiguration.from_location(str(tmp_path), {})
    with pytest.raises(OtherPlaceError, match=f"The archive of import {import_id} is in "):
        places.renew(desk.reach, import_id, storage=elsewhere, keys=Keys(passphrase=PASSPHRASE), actor=OPERATOR)
    places.renew(desk.reach, import_id, storage=None, keys=Keys(passphrase=PASSPHRASE), actor=OPERATOR)
    with places.open_archive(desk.reach, import_id) as archive:
        assert list(archive.metadata.entities_mapping) == ["acme", "acme/tools", "acme/tools/Kettle"]


def test_what_an_archive_without_a_manifest_cannot_show_is_written_down(desk: Desk) -> None:
    for name in ("manifest.json.gz", "SHA256SUMS"):
        (desk.directory / name).unlink()
    metadata = desk.directory / "metadata.json.gz"
    said = json.loads(gzip.decompress(metadata.read_bytes()))
    del said["format_version"], said["generator"]
    metadata.write_bytes(gzip.compress(json.dumps(said).encode()))
    row = desk.row(create_import(desk.reach, desk.request))
    assert row.origin == "unsigned"
    assert row.unchecked == [
        {
            "kind": "unchecked",
            "where": "manifest.json.gz",
            "reason": "without a manifest nobody can say whether an object is missing or was changed",
        },
        {
            "kind": "unchecked",
            "where": "manifest.json.gz",
            "reason": "without a manifest the records of an object cannot be counted against what was exported",
        },
    ]
