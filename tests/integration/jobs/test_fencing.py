"""One at a time on a row, and only the last who began may end."""

import pytest

from offline_transfer.db import Database
from offline_transfer.transfers import fencing
from offline_transfer.transfers.fencing import WorkTakenOverError
from offline_transfer.transfers.models import OfflineExport


@pytest.fixture
def row_id(database: Database) -> int:
    with database.session() as session:
        row = OfflineExport(batch_size=1)
        session.add(row)
        session.flush()
        return row.id


def test_one_transaction_at_a_time_holds_a_row(database: Database, row_id: int) -> None:
    with database.session() as first, database.session() as second:
        assert fencing.hold(first, OfflineExport, row_id)
        assert not fencing.hold(second, OfflineExport, row_id)
        assert fencing.begin_attempt(second, OfflineExport, row_id) is None
        assert fencing.hold(second, OfflineExport, row_id + 1)
        first.commit()
        assert fencing.hold(second, OfflineExport, row_id)


def test_only_the_last_who_began_may_end(database: Database, row_id: int) -> None:
    attempts = []
    for _ in range(2):
        with database.session() as session:
            attempts.append(fencing.begin_attempt(session, OfflineExport, row_id))
    assert attempts == [1, 2]
    with database.session() as session:
        fencing.require_attempt(session, OfflineExport, row_id, 2)
        with pytest.raises(WorkTakenOverError):
            fencing.require_attempt(session, OfflineExport, row_id, 1)


def test_a_row_that_is_gone_cannot_be_begun_or_ended(database: Database) -> None:
    with database.session() as session:
        assert fencing.begin_attempt(session, OfflineExport, 12345) is None
        with pytest.raises(WorkTakenOverError):
            fencing.require_attempt(session, OfflineExport, 12345, 1)
