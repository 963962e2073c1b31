"""Imports that run at the same time in processes of their own: what they share is made once, and none waits for ever.

Each runs in a thread with connections of its own. Nobody can write into one table until both wait, so that both have seen that what
they need is not there.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from offline_transfer.contributions.lookup import StandIns
from offline_transfer.db import Database, connect
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import User
from offline_transfer.transfers.models import ImportEntity
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.support.importing import Destination, Records, RecordsSource, make_destination
from tests.support.importing import run as run_entity

SECONDS = 60
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND wait_event = ANY(%s)"
)
ANY_LOCK = ("relation", "advisory", "transactionid")


@pytest.fixture
def destinations(database_url: str, tmp_path: Path) -> Iterator[list[Destination]]:
    """One instance as two processes see it."""
    databases = [connect(database_url) for _ in range(2)]
    first = make_destination(databases[0], tmp_path)
    try:
        yield [first, Destination(databases[1], tmp_path)]
    finally:
        for database in databases:
            database.close()


@contextmanager
def held_until_both_wait(
    address: str, hold: sql.Composed | sql.SQL, *, locks: Sequence[str] = ANY_LOCK
) -> Iterator[None]:
    """Runs the block while a statement's locks are held; they are given up when two others wait for one of these sorts."""
    with psycopg.connect(address) as holder, psycopg.connect(address, autocommit=True) as watcher:
        holder.execute(hold)
        yield
        deadline = time.monotonic() + SECONDS
        while watcher.execute(WAITING, [list(locks)]).fetchone() != (2,):
            assert time.monotonic() < deadline, "the two never met"
        holder.rollback()


def import_at_once(
    address: str,
    destinations: Sequence[Destination],
    relations: dict[str, Records],
    *,
    held: str,
    locks: Sequence[str] = ANY_LOCK,
    slugs: Sequence[str] = ("app-0", "app-1"),
) -> list[ImportEntity]:
    """Imports two projects with the same records at the same time; gives their entities."""
    source = RecordsSource(relations={relation: [records] for relation, records in relations.items()})
    entities = [there.add_entity(source, slug=slug) for slug, there in zip(slugs, destinations, strict=True)]
    hold = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(held))
    with ThreadPoolExecutor(2) as threads:
        with held_until_both_wait(address, hold, locks=locks):
            runs = [
                threads.submit(run_entity, there.context(source), entity_id)
                for there, entity_id in zip(destinations, entities, strict=True)
            ]
        for run in runs:
            run.result(timeout=SECONDS)
    return [destinations[0].entity(entity_id) for entity_id in entities]


def test_of_two_that_want_one_path_at_once_the_second_gets_another(
    database_url: str, destinations: list[Destination]
) -> None:
    found = import_at_once(database_url, destinations, {}, held="routes", slugs=("App", "app"))
    assert [row.status.name for row in found] == ["finished"] * 2
    paths = sorted(path.lower() for (path,) in destinations[0].rows("routes", "path"))
    assert paths == ["dest", "dest/app", "dest/app_1"]


def test_people_of_commits_are_shared_by_projects_that_come_at_once(
    database_url: str, destinations: list[Destination]
) -> None:
    person = {"name": "Ada", "email": "ada@example.com"}
    commit = {"relative_order": 0, "sha": "c" * 40, "commit_author": person, "committer": person}
    request = {
        "iid": 1, "title": "x", "source_branch": "a", "target_branch": "b", "author_id": 7,
        "merge_request_diff": {"state": "collected", "merge_request_diff_commits": [commit]},
    }  # fmt: skip
    found = import_at_once(
        database_url, destinations, {"merge_requests": [request]}, held="merge_request_diff_commit_users"
    )
    people = destinations[0].rows("merge_request_diff_commit_users", "id", "name")
    assert [name for _, name in people] == ["Ada"]
    assert destinations[0].rows("merge_request_diff_commits", "commit_author_id") == [(people[0][0],)] * 2
    for row in found:
        author = "merge_requests.merge_request_diff.merge_request_diff_commits.commit_author"
        assert (row.status.name, row.has_failures) == ("finished", False)
        assert counts(destinations[0].accounting(row))[author] == (1, 1, 0, 0, {})


def test_an_epic_of_the_common_group_is_made_once_by_projects_that_come_at_once(
    database_url: str, destinations: list[Destination]
) -> None:
    epic = {"title": "big", "iid": 4, "author_id": 7}
    found = import_at_once(database_url, destinations, {"issues": [issue(1, epic_issue={"epic": epic})]}, held="epics")
    assert destinations[0].rows("epics", "title", "iid") == [("big", 4)]
    assert len(destinations[0].rows("epic_issues", "id")) == 2
    assert [(row.status.name, row.has_failures) for row in found] == [("finished", False)] * 2


def test_what_hangs_on_a_milestone_of_the_common_group_comes_once_with_projects_that_come_at_once(
    database_url: str, destinations: list[Destination]
) -> None:
    with destinations[0].database.raw_connection() as connection, connection.transaction():
        connection.execute("INSERT INTO milestones (title, iid, group_id) SELECT 'v1', 1, id FROM namespaces")
    closed = {"action": "closed", "author_id": 7, "created_at": MOMENT, "target_type": "Milestone"}
    milestone = {"title": "v1", "iid": 1, "group_id": 3, "events": [closed]}
    found = import_at_once(database_url, destinations, {"issues": [issue(1, milestone=milestone)]}, held="events")
    assert destinations[0].rows("events", "action", "target_type") == [(3, "Milestone")]
    for row in found:
        assert counts(destinations[0].accounting(row))["issues.milestone.events"] == (1, 1, 0, 0, {})


def test_projects_of_one_group_do_not_wait_for_each_others_own_labels(
    database_url: str, destinations: list[Destination]
) -> None:
    """The lock is no wider than what is shared: both have reached the table itself when it is given up."""
    label = {"title": "bug", "color": "#ff0000"}
    found = import_at_once(database_url, destinations, {"labels": [label]}, held="labels", locks=["relation"])
    assert destinations[0].rows("labels", "title") == [("bug",)] * 2
    assert [(row.status.name, row.has_failures) for row in found] == [("finished", False)] * 2


def test_stand_ins_for_the_same_names_are_made_at_once_without_a_deadlock(
    database_url: str, destinations: list[Destination]
) -> None:
    with destinations[0].database.raw_connection() as connection, connection.transaction():
        connection.execute("INSERT INTO namespaces (name, path, type) VALUES ('Other', 'other', 'Group')")
    (first,), (second,) = destinations[0].rows("namespaces", "id")
    names = ["ada", "carol", "bob"]
    hold = sql.SQL("INSERT INTO users (username, name, email) VALUES ('carol', 'Carol', 'carol@example.com')")
    lookups = [
        stand_ins(destinations[0].database, first, names),
        stand_ins(destinations[1].database, second, [*reversed(names)]),
    ]
    with ThreadPoolExecutor(2) as threads:
        with held_until_both_wait(database_url, hold):
            runs = [threads.submit(lookup.resolve, [1, 2, 3]) for lookup in lookups]
        for run in runs:
            run.result(timeout=SECONDS)
    placeholders = {name for (name,) in destinations[0].rows("users", "username")}
    assert set(names) < placeholders
    assert len(placeholders) == 6
    assert len({lookup.get(source_id) for lookup in lookups for source_id in (1, 2, 3)}) == 6


def test_two_that_need_the_ghost_user_at_once_get_one_although_its_name_is_taken(
    database_url: str, destinations: list[Destination]
) -> None:
    with destinations[0].database.session() as session:
        session.add(User(username="ghost", email="casper@example.com"))
    lookups = [stand_ins(there.database, 1, []) for there in destinations]
    hold = sql.SQL("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    with ThreadPoolExecutor(2) as threads:
        with held_until_both_wait(database_url, hold):
            runs = [threads.submit(lambda lookup: lookup.ghost_id, lookup) for lookup in lookups]
        ids = {run.result(timeout=SECONDS) for run in runs}
    assert destinations[0].rows("users", "id", "username", "name", user_type=UserType.ghost) == [
        (*ids, "ghost1", "Ghost User")
    ]


def test_the_limit_on_placeholders_holds_for_those_that_come_at_once(
    database_url: str, destinations: list[Destination]
) -> None:
    ((group,),) = destinations[0].rows("namespaces", "id")
    lookups = [
        stand_ins(there.database, group, ["ada", "bob"], first_id=first_id, placeholder_limit=3)
        for there, first_id in zip(destinations, (1, 3), strict=True)
    ]
    hold = sql.SQL("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    with ThreadPoolExecutor(2) as threads:
        with held_until_both_wait(database_url, hold):
            runs = [threads.submit(lookup.resolve, ids) for lookup, ids in zip(lookups, ([1, 2], [3, 4]), strict=True)]
        for run in runs:
            run.result(timeout=SECONDS)
    kinds = sorted(kind.name for (kind,) in destinations[0].rows("users", "user_type"))
    assert kinds == ["import_user", "placeholder", "placeholder", "placeholder"]


def stand_ins(
    database: Database, namespace_id: int, names: Sequence[str], *, first_id: int = 1, placeholder_limit: int = 0
) -> StandIns:
    """A lookup that has learned names for the ids from `first_id`."""
    lookup = StandIns(
        database,
        namespace_id=namespace_id,
        source_hostname="https://source.example",
        import_type="offline_export",
        source_ghost_user_id=None,
        importer_id=1,
        placeholder_limit=placeholder_limit,
    )
    for source_id, name in enumerate(names, first_id):
        lookup.learn(source_id, username=name, name=name.title(), public_email=None)
    return lookup
