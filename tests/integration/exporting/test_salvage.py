"""Records that cannot be read, in batches of those that can."""

import psycopg
import pytest

from offline_transfer.exporting import salvage
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.planning import Label
from tests.integration.exporting.exporter import Exporter


def break_titles(exporter: Exporter, table: str, condition: str) -> None:
    """Let a title that nobody can read stand in some rows, as a damaged page would."""
    with exporter.database.raw_connection() as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_stored")
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            [f"{table}_stored"],
        ).fetchall()
        broken = f"CASE WHEN {condition} THEN (1 / (id - id))::text ELSE title END AS title"
        listed = ", ".join(broken if name == "title" else f'"{name}"' for (name,) in columns)
        connection.execute(f"CREATE VIEW {table} AS SELECT {listed} FROM {table}_stored")
        connection.commit()


@pytest.fixture
def labels(exporter: Exporter) -> Exporter:
    """The instance with nine labels and two issues."""
    exporter.add(
        *(Label(id=number, title=f"label {number}", project_id=5, type="ProjectLabel") for number in range(1, 10))
    )
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5) for iid in (1, 2)))
    return exporter


def test_a_record_that_cannot_be_read_is_a_recorded_failure_and_no_lost_batch(labels: Exporter) -> None:
    break_titles(labels, "labels", "id IN (3, 8)")
    exported = labels.export("top/sub/app")
    titles = [record["title"] for record in exported.relation("project_5", "labels")]
    assert titles == [f"label {number}" for number in (1, 2, 4, 5, 6, 7, 9)]
    reason = "the database refused: division by zero"
    assert exported.failures == [
        {"entity": "top/sub/App", "path": "labels", "message": f"record 3: {reason}"},
        {"entity": "top/sub/App", "path": "labels", "message": f"record 8: {reason}"},
    ]
    assert exported.manifest()["failed_relations"] == [
        {"entity": "project_5", "relation": "labels", "reason": f"record 3 ({reason}); record 8 ({reason})"}
    ]
    assert [row for row in exported.rows if row["path"] == "labels"] == [
        {
            "entity": "top/sub/App",
            "path": "labels",
            "source": 9,
            "imported": 7,
            "skipped": 0,
            "failed": 2,
            "reasons": {"unreadable": 2},
        }
    ]
    assert [record["title"] for record in exported.relation("project_5", "issues")] == ["Issue 1", "Issue 2"]


def test_a_batch_of_which_no_record_can_be_read_names_some_and_counts_all(
    labels: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salvage, "NAMED", 4)
    break_titles(labels, "labels", "id > 2")
    exported = labels.export("top/sub/app")
    assert [failure["message"] for failure in exported.failures] == [
        *(f"record {number}: the database refused: division by zero" for number in (3, 4, 5, 6)),
        "3 more records: the database refused: division by zero",
    ]
    assert next(row for row in exported.rows if row["path"] == "labels")["reasons"] == {"unreadable": 7}


def test_a_relation_of_which_too_many_records_cannot_be_read_fails(
    labels: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salvage, "MOST_UNREADABLE", 5)
    break_titles(labels, "labels", "true")
    exported = labels.export("top/sub/app")
    assert exported.failures == [
        {"entity": "top/sub/App", "path": "labels", "message": "the database refused: division by zero"}
    ]
    assert exported.object_keys("project_5/labels") == []


@pytest.mark.parametrize(
    ("state", "helps"), [("22012", True), ("XX001", True), ("P0001", True), ("42703", False), ("57P01", False)]
)
def test_only_what_may_be_the_fault_of_a_record_is_looked_for(state: str, helps: bool) -> None:
    assert salvage.can_help(psycopg.errors.lookup(state)()) is helps
