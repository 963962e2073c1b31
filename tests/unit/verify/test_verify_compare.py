"""Two archives of the same rows are equal, and whatever is not the same is found and named."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.manifest import FailedRelation
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.compare import Comparison, Importer, PathComparison, compare
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import Draft

Relations: TypeAlias = Mapping[str, Sequence[JsonObject]]

USERS: list[JsonObject] = [
    {"id": 1, "public_email": None, "username": "ann", "name": "Ann"},
    {"id": 2, "public_email": "bob@example.com", "username": "bob", "name": "Bob"},
]
USERS_THERE: list[JsonObject] = [{**USERS[0], "id": 12}, {**USERS[1], "id": 11}]
BUNDLE = b"# v2 git bundle\n%s refs/heads/main\n%s refs/tags/v1\n\nPACK"
ONE, TWO = b"1" * 40, b"2" * 40


class Pair:
    """Two archives in the making: what left the source, and what left the destination afterwards."""

    def __init__(self, directory: Path) -> None:
        self.first = Draft(directory / "first", mapping={"top": "group_1", "top/app": "project_7"}, ghost=99)
        self.second = Draft(directory / "second", mapping={"new/top": "group_5", "new/top/app": "project_4"}, ghost=98)
        self.first.document("group_1/self.json.gz", {"name": "Top", "path": "top", "visibility_level": 20})
        self.second.document("group_5/self.json.gz", {"name": "Top", "path": "top", "visibility_level": 20})
        self.first.document("project_7/self.json.gz", {"name": "App", "visibility_level": 0})
        self.second.document("project_4/self.json.gz", {"name": "App", "visibility_level": 0})

    def relation(self, relation: str, first: Sequence[JsonObject], second: Sequence[JsonObject]) -> "Pair":
        """The records of a relation of the project on both sides."""
        self.first.records(f"project_7/{relation}/batch_1.ndjson.gz", first)
        self.second.records(f"project_4/{relation}/batch_1.ndjson.gz", second)
        return self

    def users(self) -> "Pair":
        self.first.records("project_7/user_contributions.ndjson.gz", USERS)
        self.second.records("project_4/user_contributions.ndjson.gz", USERS_THERE)
        return self

    def compare(self, importer: Importer | None = None) -> Comparison:
        if not self.first.path("metadata.json.gz").exists():
            self.first.finish()
            self.second.finish()
        first, second = Archive(self.first.store, self.first.prefix), Archive(self.second.store, self.second.prefix)
        with first, second:
            return compare(first, second, importer=importer)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def reasons(comparison: Comparison) -> list[tuple[str | None, str, str | None]]:
    return [(finding.path, finding.reason, finding.sample) for finding in comparison.findings]


def issue(**values: object) -> JsonObject:
    return {"iid": 1, "title": "A", "state": "opened", **values}  # type: ignore[dict-item]


def test_archives_of_one_content_are_equal(pair: Pair) -> None:
    pair.users().relation(
        "issues",
        [
            issue(author_id=1, project_id=7, notes=[{"note": "x", "author_id": 2}, {"note": "y", "author_id": 99}]),
            issue(iid=2, created_at="2026-01-01T00:00:00.5Z"),
        ],
        [
            issue(author_id=12, project_id=4, notes=[{"note": "y", "author_id": 98}, {"note": "x", "author_id": 11}]),
            issue(iid=2, created_at="2026-01-01 02:00:00.500+0200", weight=None, label_links=[]),
        ],
    )
    comparison = pair.compare()
    assert comparison.findings == ()
    assert comparison.equal
    assert comparison.paths == (
        PathComparison(entity="top", path="self", first=1, second=1, is_equal=True),
        PathComparison(entity="top/app", path="self", first=1, second=1, is_equal=True),
        PathComparison(entity="top/app", path="issues", first=2, second=2, is_equal=True),
        PathComparison(entity="top/app", path="issues.notes", first=2, second=2, is_equal=True),
        PathComparison(entity="top/app", path="user_contributions", first=2, second=2, is_equal=True),
    )


def test_order_and_batches_do_not_count(pair: Pair) -> None:
    labels: list[JsonObject] = [{"title": str(number)} for number in range(5)]
    pair.first.records("project_7/labels/batch_1.ndjson.gz", labels[:2])
    pair.first.records("project_7/labels/batch_2.ndjson.gz", labels[2:])
    pair.second.records("project_4/labels.ndjson.gz", labels[::-1])
    assert pair.compare().equal


def test_a_record_that_is_there_twice_is_not_the_same_as_once(pair: Pair) -> None:
    pair.relation(
        "labels", [{"title": "a"}, {"title": "a"}, {"title": "b"}], [{"title": "a"}, {"title": "b"}, {"title": "b"}]
    )
    comparison = pair.compare()
    assert not comparison.equal
    assert reasons(comparison)[0] == (
        "labels",
        "1 records of the first archive and 1 of the second have no equal",
        None,
    )


def test_a_differing_attribute_is_named_with_its_record(pair: Pair) -> None:
    pair.relation("issues", [issue(), issue(iid=2)], [issue(title="B"), issue(iid=2)])
    comparison = pair.compare()
    assert not comparison.equal
    assert reasons(comparison) == [
        ("issues", "1 records of the first archive and 1 of the second have no equal", None),
        ("issues", "`title` differs", 'iid 1: "A" / "B"'),
    ]
    assert [(path.path, path.is_equal) for path in comparison.paths if path.entity == "top/app"] == [
        ("self", True),
        ("issues", False),
    ]


def test_a_difference_far_below_is_named_where_it_is(pair: Pair) -> None:
    def with_emoji(name: str) -> JsonObject:
        return issue(notes=[{"note": "n", "award_emoji": [{"name": name}, {"name": "tada"}]}, {"note": "m"}])

    comparison = pair.relation("issues", [with_emoji("thumbsup")], [with_emoji("thumbsdown")]).compare()
    assert reasons(comparison) == [
        ("issues", "1 records of the first archive and 1 of the second have no equal", None),
        ("issues.notes.award_emoji", "a record is only in the first archive", 'iid 1, {"note":"n"}, name thumbsup'),
        ("issues.notes.award_emoji", "a record is only in the second archive", 'iid 1, {"note":"n"}, name thumbsdown'),
    ]
    assert [(path.path, path.is_equal) for path in comparison.paths if path.path.startswith("issues")] == [
        ("issues", False),
        ("issues.notes.award_emoji", False),
        ("issues.notes", False),
    ]


def test_a_note_that_moved_to_another_issue_is_found(pair: Pair) -> None:
    note: JsonObject = {"note": "n"}
    pair.relation("issues", [issue(notes=[note]), issue(iid=2)], [issue(), issue(iid=2, notes=[note])])
    comparison = pair.compare()
    assert [(path.path, path.is_equal) for path in comparison.paths if path.path.startswith("issues")] == [
        ("issues", False),
        ("issues.notes", True),
    ]
    assert ("issues.notes", "a record is only in the first archive", 'iid 1, {"note":"n"}') in reasons(comparison)


def test_a_lost_record_is_named(pair: Pair) -> None:
    comparison = pair.relation("issues", [issue(), issue(iid=2, title="Lost", state="closed")], [issue()]).compare()
    assert comparison.findings[1:] == (
        Finding(
            kind=FindingKind.ONLY_IN_FIRST,
            entity="top/app",
            path="issues",
            reason="a record is only in the first archive",
            sample="iid 2",
        ),
    )


def test_many_differences_are_counted_and_a_few_named(pair: Pair) -> None:
    first: list[JsonObject] = [{"title": f"l{number}", "color": "red"} for number in range(300)]
    second: list[JsonObject] = [{"title": f"l{number}", "color": "blue"} for number in reversed(range(300))]
    found = reasons(pair.relation("labels", first, second).compare())
    assert found[0] == ("labels", "300 records of the first archive and 300 of the second have no equal", None)
    assert found[1:] == [("labels", "`color` differs", f'title l{number}: "red" / "blue"') for number in range(5)]


def test_a_user_who_became_another_is_found(pair: Pair) -> None:
    comparison = pair.users().relation("issues", [issue(author_id=1)], [issue(author_id=11)]).compare()
    assert ("issues", "`author_id` differs", 'iid 1: "ann" / "bob"') in reasons(comparison)


def test_a_user_who_became_the_ghost_is_found(pair: Pair) -> None:
    comparison = pair.users().relation("issues", [issue(author_id=1)], [issue(author_id=98)]).compare()
    assert ("issues", "`author_id` differs", 'iid 1: "ann" / "(ghost user)"') in reasons(comparison)


def test_what_is_said_of_a_user_counts(pair: Pair) -> None:
    pair.first.records("project_7/user_contributions.ndjson.gz", USERS)
    pair.second.records("project_4/user_contributions.ndjson.gz", [{**USERS[0], "name": "Anna"}, USERS[1]])
    assert ("user_contributions", "`name` differs", 'name Ann: "Ann" / "Anna"') in reasons(pair.compare())


def test_a_user_of_whom_nothing_is_known_is_a_finding(pair: Pair) -> None:
    comparison = pair.users().relation("issues", [issue(author_id=3)], [issue(author_id=3)]).compare()
    assert comparison.findings == tuple(
        Finding(
            kind=FindingKind.UNKNOWN_USER,
            entity="top/app",
            reason=f"the {which} archive does not say who these users are, so nobody knows whom its records name",
            sample="3",
        )
        for which in ("first", "second")
    )


def test_two_users_who_became_one_are_a_finding(pair: Pair) -> None:
    pair.users()
    pair.first.records("group_1/user_contributions.ndjson.gz", USERS[:1])
    pair.second.records("group_5/user_contributions.ndjson.gz", [{**USERS[0], "id": 11}])
    comparison = pair.compare()
    assert not comparison.equal
    assert {(finding.kind, finding.reason) for finding in comparison.findings} == {
        (FindingKind.USERS_MERGED, "in the second archive the user id 11 stands for several users"),
        (FindingKind.USERS_MERGED, "in the second archive one user has several ids: 11,12"),
    }


def test_users_of_members_are_known_without_contributions(pair: Pair) -> None:
    def member(user: JsonObject) -> JsonObject:
        return {"user_id": user["id"], "access_level": 30, "user": user}

    assert pair.relation("project_members", [member(USERS[0])], [member(USERS_THERE[0])]).compare().equal


def test_ids_of_groups_and_projects_are_compared_by_path(pair: Pair) -> None:
    pair.relation("labels", [{"title": "a", "group_id": 1}], [{"title": "a", "project_id": 4}])
    assert ("labels", "`group_id` differs", 'title a: "top" / null') in reasons(pair.compare())


def test_an_absent_relation_is_not_an_empty_one(pair: Pair) -> None:
    pair.first.records("project_7/labels.ndjson.gz", [])
    comparison = pair.compare()
    assert not comparison.equal
    assert reasons(comparison) == [("labels", "the relation is absent from the second archive", None)]


def test_an_absent_relation_of_gitlab_is_an_empty_one(pair: Pair) -> None:
    pair.first.records("project_7/labels.ndjson.gz", [])
    pair.first.finish()
    pair.second.finish_as_gitlab()
    comparison = pair.compare()
    assert comparison.equal
    assert {finding.kind for finding in comparison.findings} == {FindingKind.UNCHECKED}


def test_a_relation_whose_export_failed_is_not_equal(pair: Pair) -> None:
    pair.relation("labels", [], [])
    pair.second.failed.append(
        FailedRelation(entity=EntityPrefix(PortableKind.PROJECT, 4), relation="labels", reason="disk full")
    )
    comparison = pair.compare()
    assert not comparison.equal
    assert reasons(comparison) == [("labels", "the export of the relation failed for the second archive", None)]


def test_an_entity_that_is_only_in_one_archive_is_a_finding(tmp_path: Path) -> None:
    first = Draft(tmp_path / "first").finish()
    second = Draft(tmp_path / "second", mapping={"top": "group_1"}).finish()
    with Archive(first.store, first.prefix) as one, Archive(second.store, second.prefix) as other:
        comparison = compare(one, other)
    assert not comparison.equal
    assert [(finding.kind, finding.entity) for finding in comparison.findings] == [
        (FindingKind.ONLY_IN_FIRST, "top/app")
    ]


def test_unknown_relations_keys_and_documents_are_compared_as_they_are(pair: Pair) -> None:
    pair.relation("novelties", [{"a": {"b": 1.0}}], [{"a": {"b": 1}}])
    pair.relation("labels", [{"title": "a", "sparkle": [1, 2]}], [{"title": "a", "sparkle": [2, 1]}])
    pair.first.document("project_7/max_iids.json.gz", {"issues": 4})
    pair.second.document("project_4/max_iids.json.gz", {"issues": 5})
    assert reasons(pair.compare()) == [
        ("max_iids", "1 records of the first archive and 1 of the second have no equal", None),
        ("max_iids", "`issues` differs", '{"issues":4}: 4 / 5'),
        ("labels", "1 records of the first archive and 1 of the second have no equal", None),
        ("labels", "`sparkle` differs", "title a: [1,2] / [2,1]"),
    ]


def test_what_the_relation_files_exclude_is_not_compared(pair: Pair) -> None:
    assert pair.relation("labels", [{"title": "a", "id": 1}], [{"title": "a", "id": 2}]).compare().equal


def test_enumerations_are_the_same_by_name_and_by_number(pair: Pair) -> None:
    assert pair.relation("issues", [issue(state=2)], [issue(state="closed")]).compare().equal


def test_a_damaged_object_is_a_finding_and_not_equal(pair: Pair) -> None:
    pair.relation("labels", [{"title": "a"}], [{"title": "a"}])
    pair.first.finish()
    pair.second.finish()
    path = pair.second.path("project_4/labels/batch_1.ndjson.gz")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    comparison = pair.compare()
    assert not comparison.equal
    assert (FindingKind.DAMAGED, "project_4/labels/batch_1.ndjson.gz") in {
        (finding.kind, finding.where) for finding in comparison.findings
    }


def test_a_line_that_is_no_record_is_a_finding_even_on_both_sides(pair: Pair) -> None:
    pair.first.content("project_7/labels.ndjson.gz", b'{"title":"a"}\nnonsense\n', {"labels": 2})
    pair.second.content("project_4/labels.ndjson.gz", b'{"title":"a"}\nnonsense\n', {"labels": 2})
    comparison = pair.compare()
    assert not comparison.equal
    assert {finding.kind for finding in comparison.findings} == {FindingKind.INVALID_RECORD}


# Files.


def both_files(pair: Pair, relation: str, first: dict[str, bytes], second: dict[str, bytes]) -> Comparison:
    pair.first.files(f"project_7/{relation}.tar.gz", first)
    pair.second.files(f"project_4/{relation}.tar.gz", second)
    return pair.compare()


def test_repositories_are_compared_by_their_refs(pair: Pair) -> None:
    packed = {"repository.bundle": BUNDLE % (ONE, TWO) + b"packed in this way"}
    other_way = {"repository.bundle": BUNDLE % (ONE, TWO) + b"packed in another way, with HEAD"}
    assert both_files(pair, "repository", packed, other_way).equal


def test_a_ref_that_points_elsewhere_is_found(pair: Pair) -> None:
    found = reasons(
        both_files(
            pair, "repository", {"repository.bundle": BUNDLE % (ONE, TWO)}, {"repository.bundle": BUNDLE % (ONE, ONE)}
        )
    )
    assert found[1] == (
        "repository",
        "`oid` differs",
        f'ref refs/tags/v1: "{TWO.decode()}" / "{ONE.decode()}"',
    )


def test_refs_that_no_import_takes_over_do_not_count(pair: Pair) -> None:
    internal = (BUNDLE % (ONE, TWO)).replace(b"\n\n", b"\n" + ONE + b" refs/pipelines/1\n\n")
    assert both_files(
        pair, "repository", {"repository.bundle": internal}, {"repository.bundle": BUNDLE % (ONE, TWO)}
    ).equal


def test_a_lost_repository_is_found(pair: Pair) -> None:
    assert not both_files(pair, "wiki", {"wiki.bundle": BUNDLE % (ONE, TWO)}, {}).equal


def test_uploads_are_compared_by_name_and_content(pair: Pair) -> None:
    uploads = {"avatar/a.png": b"one", f"{'a' * 32}/b.txt": b"two"}
    assert both_files(pair, "uploads", uploads, uploads).equal


def test_an_upload_with_other_content_is_found(pair: Pair) -> None:
    found = reasons(both_files(pair, "uploads", {"avatar/a.png": b"one"}, {"avatar/a.png": b"two"}))
    assert [reason for _, reason, _ in found[1:]] == ["`sha256` differs"]


def test_lfs_objects_are_compared_with_their_uses(pair: Pair) -> None:
    oid = hashlib.sha256(b"large").hexdigest()
    first = {oid: b"large", "lfs_objects.json": b'{"%s":[0,null]}' % oid.encode()}
    second = {oid: b"large", "lfs_objects.json": b'{"%s":[null,1]}' % oid.encode()}
    found = reasons(both_files(pair, "lfs_objects", first, second))
    assert found[1] == ("lfs_objects", "`repository_type` differs", f"oid {oid}: 0 / 1"[:200])


# Every rule: what it explains is equal, and what lies just outside is found.


def changed(relation: str, first: JsonObject, second: JsonObject) -> Callable[[Pair], None]:
    def change(pair: Pair) -> None:
        pair.users().relation(relation, [first], [second])

    return change


def renamed(path: str, first: JsonObject, second: JsonObject) -> Callable[[Pair], None]:
    """Own attributes: of the group, which is the top, or of the project below it."""

    def change(pair: Pair) -> None:
        mine, theirs = ("group_1", "group_5") if path == "top" else ("project_7", "project_4")
        pair.first.document(f"{mine}/self.json.gz", {"name": "N", "visibility_level": 20, **first})
        pair.second.document(f"{theirs}/self.json.gz", {"name": "N", "visibility_level": 20, **second})

    return change


def with_owner(pair: Pair) -> None:
    """A schedule whose owner nobody else names, before and after."""
    pair.relation("pipeline_schedules", [{"cron": "1 * * * *", "owner_id": 1}], [{"cron": "1 * * * *", "owner_id": 11}])
    pair.first.records("project_7/user_contributions.ndjson.gz", USERS[:1])
    pair.second.records("project_4/user_contributions.ndjson.gz", USERS_THERE[1:])


EXPLAINED = {
    "canceled: an unfinished pipeline": changed(
        "ci_pipelines", {"iid": 1, "status": "running"}, {"iid": 1, "status": "canceled"}
    ),
    "canceled: an unfinished stage, by number": changed(
        "ci_pipelines", {"iid": 1, "stages": [{"status": 2}]}, {"iid": 1, "stages": [{"status": "canceled"}]}
    ),
    "capped: the top is less visible where it arrived": renamed(
        "top", {"visibility_level": 20}, {"visibility_level": 10}
    ),
    "cleared: the next run": changed(
        "pipeline_schedules", {"cron": "* * * * *", "next_run_at": "2026-01-01T00:00:00Z"}, {"cron": "* * * * *"}
    ),
    "destination: the name of the top": renamed("top", {"name": "A", "path": "a"}, {"name": "B", "path": "b"}),
    "fork_cleared: the fork of a merge request": changed(
        "merge_requests",
        {"iid": 1, "source_project_id": 8, "target_project_id": 7},
        {"iid": 1, "source_project_id": None, "target_project_id": 4},
    ),
    "ghost: a release of nobody": changed("releases", {"tag": "v1", "author_id": None}, {"tag": "v1", "author_id": 98}),
    "importer: the owner of a schedule": with_owner,
    "inactive: a schedule rests": changed(
        "pipeline_schedules", {"cron": "1 * * * *", "active": True}, {"cron": "1 * * * *", "active": False}
    ),
    "renumbered: the order is kept": changed("issues", issue(relative_position=7), issue(relative_position=500)),
}

OUTSIDE = {
    "canceled: a finished pipeline": changed(
        "ci_pipelines", {"iid": 1, "status": "success"}, {"iid": 1, "status": "canceled"}
    ),
    "canceled: a status that is lost": changed("ci_pipelines", {"iid": 1, "status": "running"}, {"iid": 1}),
    "capped: the top is more visible where it arrived": renamed(
        "top", {"visibility_level": 0}, {"visibility_level": 10}
    ),
    "capped: a project is less visible than it could be": renamed(
        "top/app", {"visibility_level": 20}, {"visibility_level": 10}
    ),
    "capped: nobody asked for lower access levels": changed(
        "project_members", {"user_id": 1, "access_level": 50}, {"user_id": 12, "access_level": 40}
    ),
    "cleared: not the rhythm": changed("pipeline_schedules", {"cron": "* * * * *"}, {"cron": "1 * * * *"}),
    "destination: the name of a project below the top": renamed("top/app", {"name": "A"}, {"name": "B"}),
    "destination: not the description of the top": renamed("top", {"description": "A"}, {"description": "B"}),
    "fork_cleared: not a merge request within the project": changed(
        "merge_requests",
        {"iid": 1, "source_project_id": 7, "target_project_id": 7},
        {"iid": 1, "source_project_id": None, "target_project_id": 4},
    ),
    "ghost: a release of somebody": changed("releases", {"tag": "v1", "author_id": 1}, {"tag": "v1", "author_id": 98}),
    "importer: not the user of a pipeline": changed(
        "ci_pipelines", {"iid": 1, "user_id": 1}, {"iid": 1, "user_id": 11}
    ),
    "inactive: not the branch of a schedule": changed("pipeline_schedules", {"ref": "a"}, {"ref": "b"}),
    "protected_level: the importing user was an owner": changed(
        "protected_branches",
        {"name": "main", "push_access_levels": [{"access_level": 30}]},
        {"name": "main", "push_access_levels": [{"access_level": 40}]},
    ),
}


@pytest.mark.parametrize("change", EXPLAINED.values(), ids=EXPLAINED.keys())
def test_what_a_rule_explains_is_equal(pair: Pair, change: Callable[[Pair], None]) -> None:
    change(pair)
    comparison = pair.compare()
    assert comparison.findings == ()
    assert comparison.equal


@pytest.mark.parametrize("change", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_what_lies_just_outside_a_rule_is_found(pair: Pair, change: Callable[[Pair], None]) -> None:
    change(pair)
    comparison = pair.compare()
    assert not comparison.equal
    assert any(finding.kind is FindingKind.DIFFERENT for finding in comparison.findings)


def test_a_user_who_left_with_nothing_but_a_schedule_is_not_compared_and_others_are(pair: Pair) -> None:
    with_owner(pair)
    pair.first.records("project_7/user_contributions.ndjson.gz", USERS)
    assert [(finding.kind, finding.sample) for finding in pair.compare().findings[1:]] == [
        (FindingKind.ONLY_IN_FIRST, "name Bob")
    ]


def test_issues_in_another_order_are_found(pair: Pair) -> None:
    one, two = issue(relative_position=1), issue(iid=2, relative_position=2)
    found = reasons(pair.relation("issues", [one, two], [two, one]).compare())
    assert ("issues", "`relative_position` differs", "iid 1: 0 / 1") in found


def test_a_project_is_as_visible_as_the_group_around_it_allows(pair: Pair) -> None:
    renamed("top", {"visibility_level": 20}, {"visibility_level": 10})(pair)
    renamed("top/app", {"visibility_level": 20}, {"visibility_level": 10})(pair)
    assert pair.compare().equal


def test_a_project_that_is_more_visible_than_allowed_is_found(pair: Pair) -> None:
    renamed("top", {"visibility_level": 20}, {"visibility_level": 10})(pair)
    renamed("top/app", {"visibility_level": 20}, {"visibility_level": 20})(pair)
    assert not pair.compare().equal


def test_access_levels_are_capped_to_what_the_importing_user_could_give(tmp_path: Path) -> None:
    for level, equal in ((30, True), (20, False), (40, False)):
        pair = Pair(tmp_path / str(level)).users()
        pair.relation("project_members", [{"user_id": 1, "access_level": 50}], [{"user_id": 12, "access_level": level}])
        assert pair.compare(Importer(level_cap=30)).equal is equal


def test_protected_levels_are_reduced_for_whoever_was_no_owner(tmp_path: Path) -> None:
    for before, after, equal in ((30, 40, True), (0, 0, True), (0, 40, False), (30, 30, False)):
        pair = Pair(tmp_path / f"{before}-{after}")
        pair.relation(
            "protected_tags",
            [{"name": "v*", "create_access_levels": [{"access_level": before}]}],
            [{"name": "v*", "create_access_levels": [{"access_level": after}]}],
        )
        assert pair.compare(Importer(may_grant=False)).equal is equal


# Labels and milestones of groups that stayed behind.

GROUP_LABEL: JsonObject = {"title": "blue", "color": "#00f", "type": "GroupLabel", "group_id": 3, "project_id": None}
OWN_LABEL: JsonObject = {"title": "blue", "color": "#00f", "type": "ProjectLabel", "group_id": None, "project_id": 4}


def lone_project(directory: Path, name: str, path: str, prefix: str, relations: Relations) -> Archive:
    draft = Draft(directory / name, mapping={path: prefix})
    for relation, records in relations.items():
        draft.records(f"{prefix}/{relation}.ndjson.gz", records)
    draft.finish()
    return Archive(draft.store, draft.prefix)


def compare_lone(directory: Path, first: Relations, second: Relations) -> Comparison:
    one = lone_project(directory, "first", "top/app", "project_7", first)
    other = lone_project(directory, "second", "new/app", "project_4", second)
    with one, other:
        return compare(one, other)


def linked(label: JsonObject, milestone: "JsonObject | None" = None) -> JsonObject:
    return issue(label_links=[{"target_type": "Issue", "label": label}], milestone=milestone)


def test_a_label_of_a_group_that_stayed_behind_became_the_projects_own(tmp_path: Path) -> None:
    comparison = compare_lone(
        tmp_path,
        {"labels": [{"title": "own"}], "issues": [linked(GROUP_LABEL)]},
        {"labels": [{"title": "own"}, OWN_LABEL], "issues": [linked(OWN_LABEL)]},
    )
    assert comparison.findings == ()
    assert comparison.equal
    assert next((path.path, path.first, path.second) for path in comparison.paths) == ("labels", 1, 2)


def test_a_milestone_of_a_group_that_stayed_behind_got_a_new_number(tmp_path: Path) -> None:
    before: JsonObject = {"title": "v1", "iid": 1, "group_id": 3, "state": "active"}
    after: JsonObject = {"title": "v1", "iid": 8, "project_id": 4, "state": "active"}
    assert compare_lone(
        tmp_path,
        {"milestones": [], "issues": [linked(GROUP_LABEL, before)]},
        {"milestones": [after], "issues": [linked(OWN_LABEL, after)]},
    ).equal


@pytest.mark.parametrize(
    ("labels", "issue_label"),
    [
        ([OWN_LABEL], {**OWN_LABEL, "color": "#f00"}),
        ([OWN_LABEL, {"title": "new"}], OWN_LABEL),
        ([OWN_LABEL], {**OWN_LABEL, "title": "other"}),
    ],
    ids=["another color", "a label that nobody had", "another label"],
)
def test_what_lies_just_outside_adoption_is_found(
    tmp_path: Path, labels: list[JsonObject], issue_label: JsonObject
) -> None:
    assert not compare_lone(
        tmp_path,
        {"labels": [], "issues": [linked(GROUP_LABEL)]},
        {"labels": labels, "issues": [linked(issue_label)]},
    ).equal


def test_a_label_of_a_group_that_travelled_is_not_adopted(pair: Pair) -> None:
    pair.relation("issues", [linked({**GROUP_LABEL, "group_id": 1})], [linked(OWN_LABEL)])
    assert (
        "issues.label_links.label",
        "`group_id` differs",
        'iid 1, {"target_type":"Issue"}, title blue: "top" / null',
    ) in reasons(pair.compare())
