"""People write while an export runs. What `docs/format.md` says about consistency holds."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, update

from offline_transfer.exporting import record_stream, unchanged
from offline_transfer.exporting.unchanged import Move
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.notes import Note
from offline_transfer.forge.planning import Label, LabelLink
from offline_transfer.forge.users import User
from offline_transfer.relations.loader import tree
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.location import Location
from offline_transfer.transfers.lease import Lease
from offline_transfer.types import Edition, PortableKind
from tests.integration.exporting.buckets import APP, contents
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.stores import Faulty, with_store
from tests.integration.exporting.tallies import differences, tally

FIRST_PART = record_stream.RECORDS_AT_ONCE


@pytest.fixture
def issues(exporter: Exporter) -> Exporter:
    """Five issues in batches of two, each with a comment, and a label."""
    exporter.add(
        *(Issue(id=iid, iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 6)),
        *(Note(note="old", noteable_type="Issue", noteable_id=iid, project_id=5, author_id=4) for iid in range(1, 6)),
        Label(title="bug", project_id=5, type="ProjectLabel"),
    )
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def export_while(exporter: Exporter, key: str, move: Callable[[], None]) -> tuple[Exported, list[Move]]:
    """Exports while somebody writes: when the object with this ending is written. Gives also what is said to have moved."""
    store = Faulty(DiskStore(exporter.out))

    def once() -> None:
        store.during.clear()
        move()

    store.during[key] = once
    moving = with_store(exporter, store)
    created = moving.ask(APP)
    exported = moving.run(created)
    assert store.during == {}, "nobody wrote"
    assert exported.is_clean
    contents(Location(DiskStore(exporter.out), "archives"), created)
    assert counts_hold(exported)
    return exported, list(unchanged.moved(moving.context(), created.id))


def counts_hold(exported: Exported) -> bool:
    """Whether the manifest's counts of every path of every object are those of the records in it."""
    nodes = {node.name: node for node in tree(PortableKind.PROJECT, Edition.EE).relations}
    return not any(
        differences(item["records"], tally(nodes[item["relation"]], exported.records(item["key"])))
        for item in exported.manifest()["objects"]
        if item["relation"] in ("issues", "labels", "milestones")
    )


def source_and_imported(exported: Exported, path: str) -> tuple[object, object]:
    (row,) = [row for row in exported.rows if row["path"] == path]
    return row["source"], row["imported"]


def test_what_comes_and_goes_after_the_start(issues: Exporter) -> None:
    """The records of each batch were chosen at the start; what they are is read when their turn comes."""

    def move() -> None:
        issues.add(
            Issue(id=6, iid=6, title="new", project_id=5, author_id=3),
            Label(title="new", project_id=5, type="ProjectLabel"),
            Note(note="new", noteable_type="Issue", noteable_id=5, project_id=5, author_id=4),
        )
        with issues.database.session() as session:
            session.execute(delete(Note).where(Note.noteable_id == 3))
            session.execute(delete(Issue).where(Issue.id == 3))
            session.execute(update(Issue).where(Issue.id == 4).values(title="renamed"))

    exported, moved = export_while(issues, "/self.json.gz", move)
    batches = [[issue["title"] for issue in exported.records(key)] for key in exported.object_keys("project_5/issues")]
    assert batches == [["Issue 1", "Issue 2"], ["renamed"], ["Issue 5"]]
    assert [label["title"] for label in exported.relation("project_5", "labels")] == ["bug"]
    last = exported.relation("project_5", "issues")[-1]
    assert [note["note"] for note in last["notes"]] == ["old", "new"]
    assert source_and_imported(exported, "issues") == (4, 4)
    assert moved == [
        Move(entity="top/sub/App", path="labels", exported=1, now=2),
        Move(entity="top/sub/App", path="issues", exported=4, now=5),
    ]


def test_all_records_of_a_batch_that_are_deleted_leave_an_empty_object(issues: Exporter) -> None:
    def move() -> None:
        with issues.database.session() as session:
            session.execute(delete(Note))
            session.execute(delete(Issue))
            session.execute(delete(Label))

    exported, moved = export_while(issues, "/self.json.gz", move)
    assert exported.object_keys("project_5/issues") == [f"project_5/issues/batch_{n}.ndjson.gz" for n in (1, 2, 3)]
    assert exported.relation("project_5", "issues") == exported.relation("project_5", "labels") == []
    assert exported.relation("project_5", "user_contributions") == []
    assert {
        item["key"]: item["records"] for item in exported.manifest()["objects"] if item["relation"] == "issues"
    } == {f"project_5/issues/batch_{number}.ndjson.gz": {"issues": 0} for number in (1, 2, 3)}
    assert moved == []


def test_a_comment_that_is_deleted_between_two_batches_is_in_the_first_alone(issues: Exporter) -> None:
    def move() -> None:
        with issues.database.session() as session:
            session.execute(delete(Note))

    exported, moved = export_while(issues, "issues/batch_1.ndjson.gz", move)
    assert [len(issue["notes"]) for issue in exported.relation("project_5", "issues")] == [1, 1, 0, 0, 0]
    assert moved == [
        Move(entity="top/sub/App", path="issues.notes", exported=2, now=0),
        Move(entity="top/sub/App", path="issues.notes.author", exported=2, now=0),
    ]


def test_what_one_object_names_may_be_missing_in_another(exporter: Exporter) -> None:
    """There is no common instant between two objects, and whoever verifies the archive does not take that for damage."""
    exporter.add(Issue(id=1, iid=1, title="One", project_id=5, author_id=3))

    def move() -> None:
        exporter.add(
            Label(id=70, title="late", project_id=5, type="ProjectLabel"),
            LabelLink(label_id=70, target_type="Issue", target_id=1),
        )

    exported, moved = export_while(exporter, "/self.json.gz", move)
    (issue,) = exported.relation("project_5", "issues")
    assert [link["label"]["title"] for link in issue["label_links"]] == ["late"]
    assert exported.relation("project_5", "labels") == []
    assert moved == [Move(entity="top/sub/App", path="labels", exported=0, now=1)]


def test_a_batch_is_one_instant_however_long_it_is_read(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in several statements; what somebody writes between them is in none."""
    count = FIRST_PART * 2
    with exporter.database.session() as session:
        rows = [
            {"id": iid, "iid": iid, "title": f"Issue {iid}", "project_id": 5, "author_id": 3}
            for iid in range(1, count + 1)
        ]
        session.execute(insert(Issue), rows)
    looked = 0
    check = Lease.check

    def write_between(lease: Lease) -> None:
        nonlocal looked
        looked += 1
        # Beside the lines of the issues only few others are looked at.
        if looked == FIRST_PART // 2:
            exporter.add(
                User(id=70, username="late", name="Late"),
                Note(note="new", noteable_type="Issue", noteable_id=count, project_id=5, author_id=70),
                Note(note="new", noteable_type="Issue", noteable_id=1, project_id=5, author_id=70),
            )
            with exporter.database.session() as session:
                session.execute(delete(Issue).where(Issue.id == count - 1))
                session.execute(update(Issue).values(title="renamed"))
        check(lease)

    monkeypatch.setattr(Lease, "check", write_between)
    created = exporter.ask(APP)
    exported = exporter.run(created)
    assert looked > count
    found = exported.relation("project_5", "issues")
    assert [issue["title"] for issue in found] == [f"Issue {iid}" for iid in range(1, count + 1)]
    assert [issue["notes"] for issue in found if issue["notes"]] == []
    assert [user["id"] for user in exported.relation("project_5", "user_contributions")] == [3]
    assert counts_hold(exported)
    assert list(unchanged.moved(exporter.context(), created.id)) == [
        Move(entity="top/sub/App", path="issues", exported=count, now=count - 1),
        Move(entity="top/sub/App", path="issues.notes", exported=0, now=2),
        Move(entity="top/sub/App", path="issues.notes.author", exported=0, now=2),
    ]
