"""What the compiled statements read, value for value."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import FromClause, Index, PrimaryKeyConstraint, Table, UniqueConstraint, case, select

from offline_transfer.db import Database
from offline_transfer.exporting.reading import reading
from offline_transfer.forge import enums
from offline_transfer.forge.base import Base
from offline_transfer.forge.ci import CommitStatus, Pipeline, Stage
from offline_transfer.forge.diffs import MergeRequestDiff
from offline_transfer.forge.events import Event, PushEventPayload
from offline_transfer.forge.issues import Issue, IssueAssignee
from offline_transfer.forge.merge_requests import MergeRequest
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.notes import AwardEmoji, Note
from offline_transfer.forge.planning import Label, LabelLink, LabelPriority, Milestone
from offline_transfer.forge.projects import Project, ProjectSetting
from offline_transfer.forge.users import User
from offline_transfer.relations.compiler import PLANNING, SELF, Statements, statements
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Link
from offline_transfer.types import Edition, JsonObject, PortableKind

NOON = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)
LATER = datetime(2024, 2, 29, 13, tzinfo=UTC)
NOON_TEXT = "2024-02-29T12:00:00.123456Z"
LATER_TEXT = "2024-02-29T13:00:00.000000Z"


def add(database: Database, *rows: Base) -> None:
    with database.session() as session:
        for row in rows:
            session.add(row)
            session.flush()


@pytest.fixture
def project(database: Database) -> Database:
    """A database with one project, 5, in which records of a few kinds hang together."""
    add(
        database,
        User(id=3, username="ada", name="Ada", public_email="ada@example.com"),
        User(id=4, username="bob", name="Bob"),
        Namespace(id=2, name="Top", path="top", type="Group"),
        Project(id=5, name="App", path="app", namespace_id=2, creator_id=3, created_at=NOON),
        Label(id=10, title="bug", color="#ff0000", project_id=5, type="ProjectLabel", created_at=NOON, updated_at=NOON),
        LabelPriority(id=1, label_id=10, project_id=5, priority=7, created_at=NOON, updated_at=NOON),
        Milestone(id=20, title="One", iid=1, project_id=5, state="active", created_at=NOON, updated_at=NOON),
        Issue(
            id=30,
            iid=1,
            title='A "quoted"\ntitle \\ with 内',
            description="50% of {things}",
            author_id=3,
            project_id=5,
            milestone_id=20,
            created_at=NOON,
            updated_at=LATER,
            state_id=enums.IssuableState.closed,
            issue_type=enums.IssueType.incident,
            relative_position=9,
        ),
        IssueAssignee(issue_id=30, user_id=4),
        Note(id=41, noteable_type="Issue", noteable_id=30, note="second", author_id=4, project_id=5, created_at=NOON),
        Note(id=40, noteable_type="WorkItem", noteable_id=30, note="first", author_id=3, project_id=5),
        Note(id=42, noteable_type="MergeRequest", noteable_id=30, note="elsewhere", author_id=3, project_id=5),
        AwardEmoji(
            id=1, awardable_type="Note", awardable_id=41, name="tada", user_id=3, created_at=NOON, updated_at=NOON
        ),
        LabelLink(id=1, label_id=10, target_type="Issue", target_id=30, created_at=NOON, updated_at=NOON),
        Event(
            id=50,
            project_id=5,
            author_id=3,
            action=enums.EventAction.commented,
            target_type="Note",
            target_id=40,
            created_at=NOON,
            updated_at=NOON,
        ),
        PushEventPayload(
            event_id=50, commit_count=2, action=enums.PushAction.pushed, ref_type=enums.PushRefType.tag, ref="v1"
        ),
        Issue(id=31, iid=2, title="Bare", author_id=None, project_id=5, relative_position=None),
    )
    return database


def records(
    database: Database, relation: Statements, ids: Sequence[int]
) -> tuple[list[bytes], Mapping[str, int], list[int]]:
    """The lines of these records, how many there are on each path, and the users whom they name."""
    with reading(database) as moment:
        found = moment.records(relation, ids)
        return list(found), found.counts, found.users


def read(database: Database, relation: Statements, ids: Sequence[int]) -> list[bytes]:
    return records(database, relation, ids)[0]


def counts(database: Database, relation: Statements, ids: Sequence[int]) -> Mapping[str, int]:
    return records(database, relation, ids)[1]


def user_ids(database: Database, relation: Statements, ids: Sequence[int]) -> list[int]:
    return records(database, relation, ids)[2]


def portable_counts(database: Database, relation: Statements, portable_id: int) -> dict[str, int]:
    with reading(database) as moment:
        return moment.portable_counts(relation, portable_id)


def record_ids(database: Database, relation: Statements, portable_id: int) -> list[int]:
    with reading(database) as moment:
        return moment.record_ids(relation, portable_id)


def project_statements(relation: str) -> Statements:
    return statements(PortableKind.PROJECT, relation)


def picked(record: JsonObject, names: Iterable[str]) -> JsonObject:
    return {name: record[name] for name in names}


LABEL = {
    "title": "bug",
    "color": "#ff0000",
    "project_id": 5,
    "group_id": None,
    "created_at": NOON_TEXT,
    "updated_at": NOON_TEXT,
    "template": False,
    "description": None,
    "type": "ProjectLabel",
    "priorities": [{"project_id": 5, "priority": 7, "created_at": NOON_TEXT, "updated_at": NOON_TEXT}],
}


def test_a_line_is_the_record_with_its_keys_in_the_order_of_the_relation_file(project: Database) -> None:
    assert read(project, project_statements("labels"), [10]) == [
        b'{"title":"bug","color":"#ff0000","project_id":5,"group_id":null,'
        b'"created_at":"2024-02-29T12:00:00.123456Z","updated_at":"2024-02-29T12:00:00.123456Z",'
        b'"template":false,"description":null,"type":"ProjectLabel",'
        b'"priorities":[{"project_id":5,"priority":7,'
        b'"created_at":"2024-02-29T12:00:00.123456Z","updated_at":"2024-02-29T12:00:00.123456Z"}]}\n'
    ]


def test_an_issue_carries_everything_that_hangs_on_it(project: Database) -> None:
    (line,) = read(project, project_statements("issues"), [30])
    issue = json.loads(line)
    node = tree(PortableKind.PROJECT).relation("issues")
    assert list(issue) == [a.name for a in node.attributes] + [child.name for child in node.exported()]
    assert picked(issue, ("title", "description", "state", "author_id", "work_item_type", "updated_at")) == {
        "title": 'A "quoted"\ntitle \\ with 内',
        "description": "50% of {things}",
        "state": "closed",
        "author_id": 3,
        "work_item_type": {"base_type": "incident"},
        "updated_at": LATER_TEXT,
    }
    assert issue["label_links"] == [
        {"target_type": "Issue", "created_at": NOON_TEXT, "updated_at": NOON_TEXT, "label": LABEL}
    ]
    assert issue["issue_assignees"] == [{"user_id": 4}]
    assert issue["milestone"]["title"] == "One"
    assert issue["milestone"]["events"] == []
    assert [issue[name] for name in ("timelogs", "designs", "sentry_issue", "epic_issue", "iteration")] == [
        [],
        [],
        None,
        None,
        None,
    ]


def test_nested_lists_go_by_primary_key_and_by_all_type_names_of_their_parent(project: Database) -> None:
    (line,) = read(project, project_statements("issues"), [30])
    first, second = json.loads(line)["notes"]
    assert (first["note"], first["noteable_type"], first["author"]) == ("first", "WorkItem", {"name": "Ada"})
    assert first["events"] == [
        {
            "project_id": 5,
            "target_type": "Note",
            "action": "commented",
            "author_id": 3,
            "fingerprint": None,
            "created_at": NOON_TEXT,
            "updated_at": NOON_TEXT,
            "push_event_payload": {
                "commit_count": 2,
                "action": "pushed",
                "ref_type": "tag",
                "commit_from": None,
                "commit_to": None,
                "ref": "v1",
                "commit_title": None,
                "ref_count": None,
            },
        }
    ]
    assert (second["note"], second["author"], second["events"]) == ("second", {"name": "Bob"}, [])
    assert second["award_emoji"] == [
        {"user_id": 3, "name": "tada", "awardable_type": "Note", "created_at": NOON_TEXT, "updated_at": NOON_TEXT}
    ]


def test_lines_come_in_the_order_of_the_given_ids(project: Database) -> None:
    lines = read(project, project_statements("issues"), [31, 30])
    assert [json.loads(line)["iid"] for line in lines] == [2, 1]


def test_a_record_that_is_gone_has_no_line(project: Database) -> None:
    assert read(project, project_statements("labels"), [99]) == []
    assert counts(project, project_statements("labels"), [99]) == {"labels": 0}


def test_counts_are_per_path_and_occurrence(project: Database) -> None:
    add(project, LabelLink(id=2, label_id=10, target_type="WorkItem", target_id=31))
    assert counts(project, project_statements("issues"), [30, 31]) == {
        "issues": 2,
        "issues.notes": 2,
        "issues.notes.author": 2,
        "issues.notes.award_emoji": 1,
        "issues.notes.events": 1,
        "issues.notes.events.push_event_payload": 1,
        "issues.label_links": 2,
        "issues.label_links.label": 2,
        "issues.label_links.label.priorities": 2,
        "issues.issue_assignees": 1,
        "issues.milestone": 1,
    }


def test_what_other_projects_hang_on_a_shared_record_stays_behind(project: Database) -> None:
    own = LABEL["priorities"]
    add(
        project,
        Project(id=6, name="Other", path="other", namespace_id=2),
        LabelPriority(id=2, label_id=10, project_id=6, priority=1, created_at=NOON, updated_at=NOON),
    )
    issues = project_statements("issues")
    # A record that is gone does not matter.
    (line,) = read(project, issues, [29, 30])
    assert [link["label"]["priorities"] for link in json.loads(line)["label_links"]] == [own]
    assert counts(project, issues, [29, 30])["issues.label_links.label.priorities"] == 1
    assert portable_counts(project, issues, 5)["issues.label_links.label.priorities"] == 1


def test_users_are_named_wherever_they_stand(project: Database) -> None:
    issues = project_statements("issues")
    assert user_ids(project, issues, [30, 31]) == [3, 4]
    assert user_ids(project, issues, [31]) == []
    assert user_ids(project, project_statements("labels"), [10]) == []


def test_ids_follow_the_order_of_the_relation_with_nulls_last_and_ties_by_id(project: Database) -> None:
    add(
        project,
        Issue(id=33, iid=4, title="tie", project_id=5, relative_position=9),
        Issue(id=32, iid=3, title="first", project_id=5, relative_position=-1),
        Issue(id=29, iid=5, title="null too", project_id=5, relative_position=None),
    )
    issues = project_statements("issues")
    assert record_ids(project, issues, 5) == [32, 30, 33, 29, 31]
    with project.raw_connection() as connection:
        numbered = connection.execute(issues.numbered_ids, {"portable_id": 5}).fetchall()
    assert sorted(numbered, key=lambda row: row[1]) == [(32, 1), (30, 2), (33, 3), (29, 4), (31, 5)]
    assert record_ids(project, project_statements("issues"), 6) == []


def test_the_portable_itself_is_one_object_with_its_settings(project: Database) -> None:
    add(project, ProjectSetting(project_id=5, squash_option=2, merge_commit_template="%{title}"))
    (line,) = read(project, project_statements(SELF), [5])
    record = json.loads(line)
    assert list(record) == [attribute.name for attribute in tree(PortableKind.PROJECT).root.attributes]
    assert picked(
        record, ("name", "auto_cancel_pending_pipelines", "squash_option", "merge_commit_template", "created_at")
    ) == {
        "name": "App",
        "auto_cancel_pending_pipelines": "enabled",
        "squash_option": "default_on",
        "merge_commit_template": "%{title}",
        "created_at": NOON_TEXT,
    }
    assert counts(project, project_statements(SELF), [5]) == {"self": 1}


def test_only_the_latest_regular_diff_of_a_merge_request_leaves(project: Database) -> None:
    add(
        project,
        MergeRequest(
            id=60, iid=1, title="mr", source_branch="a", target_branch="main", target_project_id=5, author_id=3
        ),
        MergeRequestDiff(id=71, merge_request_id=60, head_commit_sha="b" * 40, state="collected"),
        MergeRequestDiff(id=70, merge_request_id=60, head_commit_sha="a" * 40, state="collected"),
        MergeRequestDiff(id=72, merge_request_id=60, head_commit_sha="c" * 40, diff_type=enums.DiffType.merge_head),
        MergeRequest(
            id=61, iid=2, title="new", source_branch="b", target_branch="main", target_project_id=5, author_id=3
        ),
        MergeRequestDiff(id=73, merge_request_id=61, head_commit_sha="d" * 40, diff_type=enums.DiffType.merge_head),
    )
    relation = project_statements("merge_requests")
    (line,) = read(project, relation, [60])
    record = json.loads(line)
    assert record["diff_head_sha"] == record["merge_request_diff"]["head_commit_sha"] == "b" * 40
    assert record["merge_request_diff"]["diff_type"] == "regular"
    assert counts(project, relation, [60])["merge_requests.merge_request_diff"] == 1
    (line,) = read(project, relation, [61])
    record = json.loads(line)
    assert (record["diff_head_sha"], record["merge_request_diff"]) == (None, None)
    assert counts(project, relation, [61]) == {"merge_requests": 1}


def test_jobs_of_a_stage_are_told_apart_by_their_type(project: Database) -> None:
    add(
        project,
        Pipeline(id=80, iid=1, project_id=5, status="success", source=enums.PipelineSource.push),
        Stage(id=81, name="test", pipeline_id=80, project_id=5, status=enums.StageStatus.success),
        CommitStatus(id=82, name="job", type="Ci::Build", stage_id=81, commit_id=80, project_id=5),
        CommitStatus(id=83, name="bridge", type="Ci::Bridge", stage_id=81, commit_id=80, project_id=5),
    )
    (line,) = read(project, project_statements("ci_pipelines"), [80])
    pipeline = json.loads(line)
    (stage,) = pipeline["stages"]
    assert (pipeline["source"], stage["status"]) == ("push", "success")
    assert [[job["name"] for job in stage[name]] for name in ("builds", "bridges", "generic_commit_statuses")] == [
        ["job"],
        ["bridge"],
        [],
    ]
    assert "statuses" not in stage
    assert "notes" not in pipeline


def test_an_enumeration_without_a_name_stays_as_digits(project: Database) -> None:
    with project.raw_connection() as connection:
        connection.execute("UPDATE issues SET state_id = 77 WHERE id = 31")
        connection.commit()
    (line,) = read(project, project_statements("issues"), [31])
    assert json.loads(line)["state"] == "77"


def test_what_is_said_about_users_can_come_from_elsewhere(project: Database) -> None:
    def renamed() -> FromClause:
        name = case((User.id == 3, "Somebody"), else_=User.name).label("name")
        return select(User.id, name, User.username, User.public_email).subquery()

    (line,) = read(project, statements(PortableKind.PROJECT, "issues", users=renamed), [30])
    assert [note["author"] for note in json.loads(line)["notes"]] == [{"name": "Somebody"}, {"name": "Bob"}]


def test_community_edition_leaves_out_what_is_marked(project: Database) -> None:
    (line,) = read(project, statements(PortableKind.PROJECT, "issues", edition=Edition.CE), [30])
    assert {"epic_issue", "iteration", "issuable_sla"} & set(json.loads(line)) == set()


def test_counts_of_a_portable_are_the_sum_over_its_records(project: Database) -> None:
    issues = project_statements("issues")
    assert portable_counts(project, issues, 5) == counts(project, issues, [30, 31])


@pytest.mark.parametrize("kind", PortableKind)
def test_every_relation_is_read_by_indexes_alone(database: Database, kind: PortableKind) -> None:
    slow = {}
    with database.raw_connection() as connection:
        connection.execute(PLANNING)
        for relation in (*tree(kind).relations, tree(kind).root):
            name = relation.name if relation.depth else SELF
            found = statements(kind, name)
            plan = explain(connection, found.records.sql)
            if "Seq Scan" in plan or "Nested Loop" in plan:
                slow[name] = plan
    assert slow == {}


def explain(connection: psycopg.Connection, statement: bytes) -> str:
    cursor = psycopg.ClientCursor(connection)
    return "\n".join(row[0] for row in cursor.execute(b"EXPLAIN " + statement, {"ids": [1, 2]}))


@pytest.mark.parametrize("kind", PortableKind)
def test_every_relation_is_found_by_an_index_that_begins_with_its_foreign_key(kind: PortableKind) -> None:
    """Any other index that holds the key is read from end to end, and that again for each batch."""
    assert [
        f"{node.path}: {node.table.name} needs an index that begins with {column.name}"
        for node in tree(kind).root.walk()
        if node.join is not None and node.link is not Link.BELONGS_TO and not node.is_contributions
        for column in [node.join.column]
        if column.name not in set(first_columns(column.table))
    ] == []


def first_columns(table: Table) -> Iterator[str]:
    """The columns with which the keys and indexes of a table begin."""
    for key in (table.primary_key, *table.constraints, *table.indexes):
        if isinstance(key, UniqueConstraint | PrimaryKeyConstraint | Index):
            yield next(iter(key.columns)).name
