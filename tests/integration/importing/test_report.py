"""The report of an import, in each of its forms."""

import base64
import csv
import hashlib
import html
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text, update

from offline_transfer.db import Database
from offline_transfer.importing.errors import ImportNotFoundError
from offline_transfer.importing.report.render import ReportFormat, file_name, render, stream
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import EntityState, ImportState, TrackerState
from tests.integration.importing.test_records import issue
from tests.support.importing import Destination, RecordsSource

FORMULA = '=HYPERLINK("http://evil.example","x")'


@pytest.fixture
def reported(destination: Destination) -> int:
    """An import of one project that has ended with one record of which the number is taken; gives its id."""
    records = [issue(1, title=FORMULA, shiny=1), issue(1, title="<script>alert(1)</script>")]
    source = RecordsSource(full_path="source/app", relations={"issues": [records]})
    row = destination.run(source)
    with destination.database.session() as session:
        session.execute(
            update(BulkImport).values(
                status=ImportState.finished,
                has_failures=True,
                source_version="18.2.0",
                origin="signed_known",
                signed_by="sha256:00",
                started_at=datetime(2026, 4, 16, 19, 39, 0, tzinfo=UTC),
                ended_at=datetime(2026, 4, 16, 19, 40, 30, 500_000, tzinfo=UTC),
                unchecked=[{"kind": "unchecked", "where": "manifest.json.gz", "reason": "there is none"}],
            )
        )
    return row.bulk_import_id


def written(database: Database, bulk_import_id: int, form: ReportFormat) -> str:
    return b"".join(stream(database, bulk_import_id, form)).decode()


def document(database: Database, bulk_import_id: int) -> Any:
    return json.loads(written(database, bulk_import_id, ReportFormat.JSON))


def table(database: Database, bulk_import_id: int) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(database, bulk_import_id, ReportFormat.CSV))))


def test_the_report_for_programs_says_all(destination: Destination, reported: int) -> None:
    said = document(destination.database, reported)
    head = {name: said[name] for name in said if not isinstance(said[name], list)}
    created_at, program = head.pop("created_at"), head.pop("program_version")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", created_at)
    assert program
    assert head == {
        "report_format": 1,
        "import": reported,
        "status": "finished",
        "has_failures": True,
        "error": None,
        "source_type": "offline_export",
        "source_hostname": "https://source.example",
        "source_version": "18.2.0",
        "destination_version": "19.3.0",
        "export_prefix": None,
        "location": None,
        "origin": "signed_known",
        "signed_by": "sha256:00",
        "started_at": "2026-04-16T19:39:00.000Z",
        "ended_at": "2026-04-16T19:40:30.500Z",
        "duration_seconds": 90.5,
        "rolled_back_at": None,
        "source": 3,
        "fetched": 3,
        "imported": 2,
        "skipped": 0,
        "failed": 1,
        "adds_up": True,
        "rewritten_texts": 0,
        "failures_count": 1,
        "placeholders": 1,
        "import_user_contributors": 0,
    }
    assert said["unchecked"] == [{"kind": "unchecked", "where": "manifest.json.gz", "reason": "there is none"}]
    assert said["entities"] == [
        {"entity": "source/app", "destination": "dest/app", "status": "finished", "error": None, "kept": None}
    ]
    (issues,) = (row for row in said["relations"] if row["path"] == "issues")
    assert issues == {
        "entity": "source/app",
        "path": "issues",
        "source": 2,
        "imported": 1,
        "skipped": 0,
        "failed": 1,
        "reasons": {"constraint": 1},
        "fetched": 2,
        "adds_up": True,
    }
    (failure,) = said["failures"]
    assert (failure["path"], failure["line"], failure["reason"]) == ("issues", 1, "constraint")
    assert said["gaps"] == []


def test_no_cell_of_the_table_is_a_formula(destination: Destination, reported: int) -> None:
    dangerous = [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
    with destination.database.session() as session:
        session.execute(update(ImportFailure).values(source_title=FORMULA))
        session.execute(update(ImportEntity).values(error="@SUM(A1)"))
        session.execute(
            update(BulkImport).values(source_hostname="-2+3", error="\t=1", origin="+1+1", signed_by="\r=1")
        )
    rows = table(destination.database, reported)
    cells = [cell for row in rows for cell in row.values()]
    for said in dangerous:
        assert f"'{said}" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_the_table_has_a_line_for_everything(destination: Destination, reported: int) -> None:
    rows = table(destination.database, reported)
    found = {row["kind"] for row in rows}
    assert found == {"import", "unchecked", "entity", "relation", "failure", "dropped_attribute"}
    (issues,) = (row for row in rows if row["kind"] == "relation" and row["path"] == "issues")
    counts = [issues[name] for name in ("source", "fetched", "imported", "skipped", "failed", "reason")]
    assert counts == ["2", "2", "1", "0", "1", "constraint: 1"]
    assert {"kind": "import", "name": "adds_up", "message": "true"}.items() <= next(
        row for row in rows if row["name"] == "adds_up"
    ).items()


def test_the_page_is_one_file_that_runs_and_loads_nothing(destination: Destination, reported: int) -> None:
    with destination.database.session() as session:
        session.execute(update(ImportFailure).values(source_title="<script>alert(1)</script>\u202e\n"))
        session.execute(update(BulkImport).values(error="see https://user:hunter2@store.example"))
    page = written(destination.database, reported, ReportFormat.HTML)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]
    assert re.findall(r"<(?:script|link|img|iframe|object|form)\b|\bsrc=|\bhref=|\bon\w+=|style=", page) == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e\\n</td>" in page
    assert "hunter2" not in page
    assert "@media print" in style
    seen = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
    assert "The import has ended, and not everything has come." in seen
    assert "source = imported + skipped + failed yes, on every path" in " ".join(seen.split())
    assert page.count("<table") == page.count("</table>") == page.count("<tbody>") + 1


def test_counts_that_do_not_add_up_are_said_in_every_form(destination: Destination, reported: int) -> None:
    with destination.database.session() as session:
        session.execute(
            text(
                "UPDATE bulk_import_batch_trackers SET accounting = jsonb_set(accounting, '{paths,issues,source}', '7')"
                " WHERE accounting->'paths' ? 'issues'"
            )
        )
    said = document(destination.database, reported)
    assert (said["adds_up"], [row["path"] for row in said["relations"] if not row["adds_up"]]) == (False, ["issues"])
    page = written(destination.database, reported, ReportFormat.HTML)
    assert "The counts do not add up: this is a fault of the program." in page


def test_records_that_could_not_be_read_were_not_fetched(destination: Destination, reported: int) -> None:
    accounting = Accounting()
    accounting.imported("labels", 2)
    accounting.failed("labels", Fail.OBJECT_DAMAGED, 5)
    accounting.skipped("labels", Skip.DUPLICATE)
    with destination.database.session() as session:
        tracker = Tracker(bulk_import_entity_id=session.query(ImportEntity.id).scalar(), relation="extra", stage=9)
        session.add(tracker)
        session.flush()
        session.add(BatchTracker(tracker_id=tracker.id, batch_number=1, accounting=accounting.to_json()))
    said = document(destination.database, reported)
    (labels,) = (row for row in said["relations"] if row["path"] == "labels")
    assert (labels["source"], labels["fetched"], labels["imported"], labels["failed"]) == (8, 3, 2, 5)
    assert (said["source"], said["fetched"]) == (11, 6)


def test_relations_without_an_object_are_gaps(destination: Destination, reported: int) -> None:
    with destination.database.session() as session:
        entity_id = session.query(ImportEntity.id).scalar()
        session.add(
            Tracker(
                bulk_import_entity_id=entity_id,
                relation="badges",
                stage=1,
                status=TrackerState.skipped,
                error="it is not there",
            )
        )
    gap = {"entity": "source/app", "relation": "badges", "reason": "it is not there"}
    assert gap in document(destination.database, reported)["gaps"]
    page = written(destination.database, reported, ReportFormat.HTML)
    assert "<td>badges</td><td>it is not there</td>" in page
    assert page.count("<table") == page.count("</table>")


@pytest.mark.parametrize("form", list(ReportFormat))
def test_an_import_that_is_not_there_has_no_report(destination: Destination, form: ReportFormat) -> None:
    with pytest.raises(ImportNotFoundError, match=r"^There is no import 77 in this instance\."):
        stream(destination.database, 77, form)
    with destination.database.session() as session, pytest.raises(ImportNotFoundError):
        render(session, 77, form)


def test_names_and_types_of_files_are_ours() -> None:
    assert {file_name(7, form): form.media_type for form in ReportFormat} == {
        "import-7-report.json": "application/json",
        "import-7-report.csv": "text/csv; charset=utf-8",
        "import-7-report.html": "text/html; charset=utf-8",
    }


def test_nothing_moves_while_a_report_is_written(destination: Destination, reported: int) -> None:
    blocks = stream(destination.database, reported, ReportFormat.JSON)
    with destination.database.session() as session:
        session.execute(update(ImportEntity).values(status=EntityState.failed))
        session.execute(text("DELETE FROM bulk_import_failures"))
    said = json.loads(b"".join(blocks))
    assert (said["entities"][0]["status"], len(said["failures"]), said["failures_count"]) == ("finished", 1, 1)


@pytest.mark.parametrize("form", list(ReportFormat))
def test_failures_are_not_gathered(destination: Destination, reported: int, form: ReportFormat) -> None:
    with destination.database.session() as session:
        session.execute(
            text(
                "INSERT INTO bulk_import_failures (bulk_import_entity_id, pipeline_class, pipeline_step, exception_class,"
                " exception_message, subrelation, batch_number, line_index, source_title) SELECT bulk_import_entity_id,"
                " 'issues', 'loader', 'constraint', repeat('m', 250), 'issues', 1, number, repeat('t', 250)"
                " FROM bulk_import_failures, generate_series(1, 20000) AS number"
            )
        )
    tracemalloc.start()
    try:
        size = sum(len(block) for block in stream(destination.database, reported, form))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 20_000 * 500
    assert peak < size / 2


def test_batches_are_not_gathered(destination: Destination, reported: int) -> None:
    with destination.database.session() as session:
        session.execute(
            text(
                "INSERT INTO bulk_import_batch_trackers (tracker_id, batch_number, status, accounting)"
                " SELECT tracker_id, number, status, accounting || jsonb_build_object('long', repeat('l', 10000))"
                " FROM bulk_import_batch_trackers, generate_series(1001, 3000) AS number WHERE accounting->'paths' ? 'issues'"
            )
        )
    said = document(destination.database, reported)
    (issues,) = (row for row in said["relations"] if row["path"] == "issues")
    assert (issues["source"], said["source"]) == (4002, 4003)
    tracemalloc.start()
    try:
        for _ in stream(destination.database, reported, ReportFormat.CSV):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
