"""What moved in an instance since it was exported, and how far an export is."""

from sqlalchemy import delete, update

from offline_transfer import queue
from offline_transfer.exporting import progress, unchanged
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.exporting.unchanged import Move
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.notes import Note
from offline_transfer.forge.planning import Label
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.transfers.states import ExportState, RelationState
from tests.integration.exporting.exporter import Exporter


def test_nothing_has_moved_where_nobody_wrote(exporter: Exporter) -> None:
    exporter.add(Issue(iid=1, title="One", project_id=5), Label(title="bug", project_id=5, type="ProjectLabel"))
    created = exporter.create("top")
    assert exporter.run(created).is_clean
    assert list(unchanged.moved(exporter.context(), created.id)) == []


def test_what_came_and_went_is_told_by_path(exporter: Exporter) -> None:
    exporter.add(
        Issue(id=1, iid=1, title="One", project_id=5),
        Issue(id=2, iid=2, title="Two", project_id=5),
        Label(title="bug", project_id=5, type="ProjectLabel"),
        Project(id=6, name="Gone", path="gone", namespace_id=3),
        Route(path="top/sub/gone", name="Gone", project_id=6),
    )
    created = exporter.ask(RequestedEntity(full_path="top", skip_relations=["milestones"]))
    exporter.run(created)
    with exporter.database.session() as session:
        session.execute(delete(Issue).where(Issue.id == 2))
        session.execute(delete(Label))
        session.execute(delete(Project).where(Project.id == 6))
        # What is changed and not counted anew is not noticed, and the documents say so.
        session.execute(update(Issue).values(title="renamed"))
    exporter.add(
        Note(note="new", noteable_type="Issue", noteable_id=1, project_id=5),
        Namespace(id=30, name="New", path="new", type="Group", parent_id=2),
        Route(path="top/new", name="New", namespace_id=30),
    )
    assert list(unchanged.moved(exporter.context(), created.id)) == [
        Move(entity="top/new", path="self", exported=0, now=1),
        Move(entity="top/sub/App", path="labels", exported=1, now=0),
        Move(entity="top/sub/App", path="issues", exported=2, now=1),
        Move(entity="top/sub/App", path="issues.notes", exported=0, now=1),
        Move(entity="top/sub/gone", path="self", exported=1, now=0),
    ]


def test_progress_has_every_relation_with_its_figures(exporter: Exporter) -> None:
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5) for iid in range(1, 6)))
    small = Exporter(exporter.database, exporter.directory, {"batch_size": 2})
    created = small.create("top/sub/app", "top/sub")
    with exporter.database.session() as session:
        before = progress.totals(session, created.id)
        assert [item.status for item in progress.relations(session, created.id)] == [RelationState.pending] * 2
    assert (before.status, before.entities, before.relations) == (ExportState.created, 2, {RelationState.pending: 2})
    exported = small.run(created)
    with exporter.database.session() as session:
        after = progress.totals(session, created.id)
        rows = list(progress.relations(session, created.id))
        assert progress.totals(session, created.id).etag == after.etag != before.etag
    assert after.relations == {RelationState.finished: after.expected_relations}
    assert after.expected_relations == before.expected_relations == len(rows)
    manifest = exported.manifest()
    assert (after.bytes, after.records) == (
        manifest["totals"]["bytes"],
        sum(row.records for row in rows),
    )
    issues = next(row for row in rows if row.relation == "issues" and row.entity == "top/sub/App")
    assert (issues.batches, issues.batches_done, issues.records, issues.expected, issues.lost) == (3, 3, 5, 5, 0)
    assert issues.bytes == sum(item["bytes"] for item in manifest["objects"] if item["relation"] == "issues")
    assert [row.entity for row in rows] == sorted(row.entity for row in rows)
    assert queue.waiting() == ()
