"""When all of an import is there, its texts say where."""

from collections.abc import Mapping
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import delete, select

from offline_transfer.forge.issues import Issue
from offline_transfer.importing import abandoned, control, names, process, references_pipeline, result, schedule
from offline_transfer.transfers.failures import Failure
from offline_transfer.transfers.models import BulkImport, ImportEntity, Tracker
from offline_transfer.transfers.states import ImportState, SourceType, TrackerState
from offline_transfer.types import PortableKind
from tests.support.importing import Destination, Records, RecordsSource, run_entities

OLD, HERE = "https://source.example", "https://here.example"

NOTES = [{"note": f"see {OLD}/old/app/-/issues/{number}, @root", "author_id": 1} for number in range(3)]
RELATIONS: Mapping[str, Records] = {
    "labels": [{"title": "bug", "description": "like old/lib~bug"}],
    "milestones": [{"title": "v1", "iid": 1, "description": f"{OLD}/old/lib/-/milestones/1"}],
    "issues": [
        {"iid": 1, "title": "one @root", "description": f"{OLD}/old/app old/app#2 #2", "author_id": 1, "notes": NOTES},
        {"iid": 2, "title": "two", "description": "nothing", "author_id": 1},
    ],
    "snippets": [{"title": "s", "content": "@root", "description": f"{OLD}/old/app", "author_id": 1}],
    "releases": [{"tag": "v1", "released_at": "2026-01-01T00:00:00Z", "description": "by @ann in lib!1"}],
    "merge_requests": [
        {"iid": 1, "title": "m", "description": "old/lib#1", "source_branch": "a", "target_branch": "b", "author_id": 1}
    ],
    "commit_notes": [{"note": "old/app@deadbeef", "noteable_type": "Commit", "commit_id": "d" * 40, "author_id": 1}],
}


def add(destination: Destination, source: RecordsSource, *, slug: str) -> int:
    """One more entity of the first import, which is made when there is none."""
    with destination.database.session() as session:
        found = session.scalar(select(BulkImport.id).order_by(BulkImport.id).limit(1))
    entity_id = destination.add_entity(source, slug=slug)
    with destination.database.session() as session:
        row = session.get_one(ImportEntity, entity_id)
        row.bulk_import_id = found or row.bulk_import_id
        bulk_import_id = row.bulk_import_id
    run_entities(destination.context(source), bulk_import_id)
    return entity_id


@pytest.fixture
def imported(destination: Destination) -> int:
    """An import of two projects that have other names here; gives the id of the first one's tracker."""
    batches = {relation: [records] for relation, records in RELATIONS.items()}
    attributes = {"description": f"Home: {OLD}/old/app"}
    add(destination, RecordsSource(full_path="old/app", attributes=dict(attributes), relations=batches), slug="app2")
    add(destination, RecordsSource(full_path="old/lib"), slug="lib2")
    return take_on(destination)[0]


def take_on(destination: Destination) -> list[int]:
    with destination.database.session() as session:
        bulk_import_id = session.scalars(select(BulkImport.id).order_by(BulkImport.id).limit(1)).one()
        return references_pipeline.take_on(session, bulk_import_id)


def rewrite(destination: Destination, tracker_id: int, **more: references_pipeline.Holding) -> None:
    context = destination.context(RecordsSource(), instance_url=HERE)
    references_pipeline.rewrite(context, tracker_id, **more)


def texts(destination: Destination) -> list[str]:
    tables = ("projects", "labels", "milestones", "issues", "snippets", "releases", "merge_requests")
    found = [text for table in tables for (text,) in destination.rows(table, "description")]
    return [*filter(None, found), *(text for (text,) in destination.rows("notes", "note"))]


REWRITTEN = [
    f"Home: {HERE}/dest/app2",
    "like dest/lib2~bug",
    f"{HERE}/dest/lib2/-/milestones/1",
    f"{HERE}/dest/app2 dest/app2#2 #2",
    "nothing",
    f"{OLD}/old/app",
    "by `@ann` in lib2!1",
    "dest/lib2#1",
    f"see {HERE}/dest/app2/-/issues/0, `@root`",
    f"see {HERE}/dest/app2/-/issues/1, `@root`",
    f"see {HERE}/dest/app2/-/issues/2, `@root`",
    "dest/app2@deadbeef",
]


def test_all_texts_of_a_project_say_where_things_are(destination: Destination, imported: int) -> None:
    before = destination.rows("issues", "title", "updated_at"), destination.rows("snippets", "content")
    rewrite(destination, imported)
    assert texts(destination) == REWRITTEN
    assert (destination.rows("issues", "title", "updated_at"), destination.rows("snippets", "content")) == before


def test_it_is_counted_beside_the_records(destination: Destination, imported: int) -> None:
    rewrite(destination, imported)
    with destination.database.session() as session:
        first = session.get_one(Tracker, imported)
        assert first.status is TrackerState.finished
        row = session.get_one(ImportEntity, first.bulk_import_entity_id)
        assert result.rewritten(session, row.bulk_import_id) == 10
    assert "references" not in destination.accounting(row).paths


def test_a_project_without_texts_is_done_at_once(destination: Destination, imported: int) -> None:
    assert take_on(destination) == [imported]
    done = destination.rows("bulk_import_trackers", "id", "status", relation="references")
    assert done == [(imported, TrackerState.created), (imported + 1, TrackerState.finished)]


class DiedError(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("transactions", range(1, 12))
def test_wherever_it_stops_it_goes_on_and_rewrites_nothing_twice(
    destination: Destination, imported: int, transactions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references_pipeline, "RECORDS_AT_ONCE", 1)
    with destination.database.session() as session:
        # What is written becomes what something else was called: a second time would lead elsewhere.
        session.add(
            ImportEntity(
                bulk_import_id=session.scalars(select(BulkImport.id).order_by(BulkImport.id).limit(1)).one(),
                source_type=1,
                source_full_path="dest/app2",
                source_prefix="project_9",
                destination_name="",
                destination_namespace="",
                project_id=destination.rows("projects", "id")[1][0],
            )
        )
    left = transactions

    def hold(_connection: psycopg.Connection) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise DiedError

    with suppress(DiedError):
        rewrite(destination, imported, hold=hold)
    rewrite(destination, imported)
    rewrite(destination, imported)
    assert texts(destination) == REWRITTEN


def test_nothing_is_written_for_whom_the_work_is_no_longer(destination: Destination, imported: int) -> None:
    def hold(_connection: psycopg.Connection) -> None:
        raise DiedError

    before = texts(destination)
    with pytest.raises(DiedError):
        rewrite(destination, imported, hold=hold)
    assert texts(destination) == before


def test_mentions_are_code_before_anybody_looks_where_texts_point(destination: Destination, imported: int) -> None:
    assert [text for text in texts(destination) if "@" in text] == [
        "by `@ann` in lib!1",
        f"see {OLD}/old/app/-/issues/0, `@root`",
        f"see {OLD}/old/app/-/issues/1, `@root`",
        f"see {OLD}/old/app/-/issues/2, `@root`",
        "old/app@deadbeef",
    ]
    assert destination.rows("issues", "title")[0] == ("one @root",)


def test_a_file_based_export_does_not_say_where_it_comes_from(destination: Destination, imported: int) -> None:
    with destination.database.session() as session:
        session.scalars(select(BulkImport).order_by(BulkImport.id).limit(1)).one().source_type = SourceType.file_export
        session.execute(delete(Tracker).where(Tracker.relation == references_pipeline.RELATION))
    assert take_on(destination) == []
    assert {status for (status,) in destination.rows("bulk_import_trackers", "status", relation="references")} == {
        TrackerState.finished
    }
    assert texts(destination)[0] == f"Home: {OLD}/old/app"
    assert texts(destination)[6] == "by `@ann` in lib!1"


def test_texts_of_a_group_and_of_its_epics(destination: Destination) -> None:
    epics = [
        [
            {
                "iid": 1,
                "title": "e",
                "author_id": 1,
                "description": "old&1 old/sub&2",
                "notes": [{"note": "@ann", "author_id": 1}],
            }
        ]
    ]
    source = RecordsSource(
        kind=PortableKind.GROUP,
        full_path="old",
        attributes={"description": f"{OLD}/groups/old"},
        relations={"epics": epics},
    )
    add(destination, source, slug="new")
    (tracker_id,) = take_on(destination)
    rewrite(destination, tracker_id)
    assert destination.rows("namespaces", "description", path="new") == [(f"{HERE}/groups/dest/new",)]
    assert destination.rows("epics", "description") == [("dest/new&1 old/sub&2",)]
    assert destination.rows("notes", "note") == [("`@ann`",)]


def test_what_was_removed_meanwhile_is_done_with(destination: Destination, imported: int) -> None:
    with destination.database.session() as session:
        tracker = session.get_one(Tracker, imported)
        session.get_one(ImportEntity, tracker.bulk_import_entity_id).project_id = None
        session.get_one(BulkImport, 1).status = ImportState.started
    rewrite(destination, imported)
    with destination.database.session() as session:
        assert session.get_one(Tracker, imported).status is TrackerState.finished


def test_what_comes_later_is_pointed_to_as_well(destination: Destination, imported: int) -> None:
    late = {"issues": [[{"iid": 1, "title": "late", "description": f"{OLD}/old/late old/late#1 @ann", "author_id": 1}]]}
    with destination.database.session() as session:
        tracker = session.get_one(Tracker, imported)
        row = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
        project_id = row.project_id
        session.query(Issue).filter_by(project_id=project_id, iid=2).one().description = f"{OLD}/old/late"
    rewrite(destination, imported)
    assert take_on(destination) == []
    assert texts(destination)[4] == f"{OLD}/old/late"
    add(destination, RecordsSource(full_path="old/late", relations=late), slug="late3")
    trackers = take_on(destination)
    for tracker_id in trackers:
        rewrite(destination, tracker_id)
    assert (len(trackers), take_on(destination)) == (2, [])
    assert destination.rows("issues", "description") == [
        (f"{HERE}/dest/app2 dest/app2#2 #2",),
        (f"{HERE}/dest/late3",),
        (f"{HERE}/dest/late3 dest/late3#1 `@ann`",),
    ]
    with destination.database.session() as session:
        assert result.rewritten(session, row.bulk_import_id) == 12


@pytest.mark.parametrize("transactions", [0, 4])
def test_texts_that_nobody_rewrites_are_a_failure_of_their_project(
    destination: Destination, imported: int, transactions: int
) -> None:
    left = transactions

    def hold(_connection: psycopg.Connection) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise DiedError

    with destination.database.session() as session:
        row = session.get_one(ImportEntity, session.get_one(Tracker, imported).bulk_import_entity_id)
        schedule.add_pipelines(session, row.bulk_import_id, [imported], name=names.TRANSFORM_REFERENCES)
        schedule.release(session, schedule.lock(session, row.bulk_import_id))
    with suppress(DiedError):
        rewrite(destination, imported, hold=hold)
    with destination.database.session() as session:
        abandoned.texts_given_up(session, Failure("Dead", "died three times"), tracker_id=imported)
    context = destination.context(RecordsSource(), instance_url=HERE)
    process.finish(context, row.bulk_import_id)
    with destination.database.session() as session:
        bulk_import = session.get_one(BulkImport, row.bulk_import_id)
        assert (bulk_import.status, bulk_import.has_failures) == (ImportState.finished, True)
        (failure,) = result.failures(session, bulk_import.id)
        assert (failure["path"], failure["message"]) == ("references", "died three times")
    assert destination.rows("bulk_import_trackers", "status", "error", id=imported) == [
        (TrackerState.failed, "died three times")
    ]
    with destination.database.session() as session:
        control.reopen(session, row.bulk_import_id)
    rewrite(destination, imported)
    assert texts(destination) == REWRITTEN
    with destination.database.session() as session:
        assert list(result.failures(session, row.bulk_import_id)) == []
