"""The beginning of an import reads a whole archive. It ends in the middle of an object when nobody wants it any more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from offline_transfer.db import Database
from offline_transfer.importing import control, process
from offline_transfer.importing.create import create_import
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers import lease
from offline_transfer.transfers.models import BulkImport, ImportJob
from offline_transfer.transfers.states import ImportState
from offline_transfer.verify.reader import Archive
from tests.support.instances import Instance
from tests.unit.verify.archives import PREFIX, Draft

ENDLESS = "project_7/issues.ndjson.gz"
MOST = 1000


class EndlessStore(DiskStore):
    """One of its objects has no end, and something happens while it is read."""

    def __init__(self, root: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(root)
        self.read = 0
        self._meanwhile = meanwhile

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object."""
        if not key.endswith(ENDLESS):
            yield from super().blocks(key, start=start)
            return
        yield b"first"
        self._meanwhile()
        while self.read < MOST:
            self.read += 1
            yield b"more"
        pytest.fail("nobody ended it")


@pytest.fixture
def asked(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Instance, int]:
    """An import that was taken on, and whose archive nobody has read yet. Leases ask at every block."""
    monkeypatch.setattr(lease, "CHECK_SECONDS", 0.0)
    Draft(tmp_path).complete().finish()
    (tmp_path / "instance").mkdir()
    instance = Instance(database, tmp_path / "instance")
    storage = StorageConfiguration.from_location(str(tmp_path), {})
    request = ImportRequest(wanted=Everything(""), storage=storage, export_prefix=str(PREFIX))
    with Archive(DiskStore(tmp_path), PREFIX) as archive:
        return instance, create_import(instance.import_context(archive), request)


def start(instance: Instance, bulk_import_id: int, store: DiskStore) -> None:
    """Do the first job of an import, out of this store."""
    with Archive(store, PREFIX) as archive:
        process.start(instance.import_context(archive), bulk_import_id)


def cancel(instance: Instance, bulk_import_id: int) -> None:
    with instance.database.session() as session:
        control.cancel(session, bulk_import_id)


def state(instance: Instance, bulk_import_id: int) -> tuple[ImportState, bool, int, int]:
    """Its state, whether its archive was compared, the attempts at its start, and its jobs."""
    with instance.database.session() as session:
        row = session.get_one(BulkImport, bulk_import_id)
        jobs = session.scalars(select(ImportJob).where(ImportJob.bulk_import_id == bulk_import_id)).all()
        return row.status, row.checked_at is not None, row.attempts, len(jobs)


def test_a_cancellation_ends_the_comparing_in_the_middle_of_an_object(
    asked: tuple[Instance, int], tmp_path: Path
) -> None:
    instance, bulk_import_id = asked
    store = EndlessStore(tmp_path, lambda: cancel(instance, bulk_import_id))
    start(instance, bulk_import_id, store)
    assert store.read == 1
    assert state(instance, bulk_import_id) == (ImportState.canceled, False, 1, 0)


def test_who_is_not_the_latest_to_begin_an_import_ends_in_silence(asked: tuple[Instance, int], tmp_path: Path) -> None:
    instance, bulk_import_id = asked

    def cancel_and_begin_again() -> None:
        cancel(instance, bulk_import_id)
        with instance.database.session() as session:
            control.reopen(session, bulk_import_id)
        start(instance, bulk_import_id, DiskStore(tmp_path))

    store = EndlessStore(tmp_path, cancel_and_begin_again)
    start(instance, bulk_import_id, store)
    assert store.read == 1
    assert state(instance, bulk_import_id) == (ImportState.started, True, 2, 1)
