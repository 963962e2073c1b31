"""Statements that run for each relation or batch find their rows by an index, however much there is in the tables."""

import pytest

from offline_transfer.exporting import overdue
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.forge.access import actor_of
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.members import Member
from tests.integration.exporting import plans
from tests.integration.exporting.exporter import Exporter

KNOWN = {"application_settings"}
"""A table of one row."""


@pytest.fixture
def filled(exporter: Exporter) -> Exporter:
    """The instance among many others' groups and projects, and with the rows of many exports."""
    exporter.add(
        *(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 8)),
        Member(
            access_level=AccessLevel.owner,
            source_id=2,
            source_type="Namespace",
            user_id=3,
            notification_level=3,
            type="GroupMember",
        ),
    )
    plans.fill(exporter.database)
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def test_no_table_is_read_as_a_whole(filled: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.database.session() as session:
        ada = actor_of(session, 3)
    with plans.logged(monkeypatch) as log:
        created = filled.ask(RequestedEntity(full_path="top"), actor=ada)
        assert filled.run(created).row.has_failures is False
        overdue.fail_stuck(filled.database)
        overdue.time_out_stale(filled.database)
    assert len(log.sent) > 80
    scanned = plans.scans(filled.database, log)
    assert {table: query for table, query in scanned.items() if table not in KNOWN} == {}


@pytest.mark.parametrize("table", ["import_offline_export_jobs", "notes"])
def test_a_table_without_its_indexes_is_noticed(filled: Exporter, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    with filled.database.raw_connection() as connection:
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass AND NOT indisunique", [table]
        ).fetchall()
        for (name,) in indexes:
            connection.execute(f'DROP INDEX "{name}"'.encode())
        connection.commit()
    with plans.logged(monkeypatch) as log:
        filled.export("top/sub/app")
    assert table in plans.scans(filled.database, log)
