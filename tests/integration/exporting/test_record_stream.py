"""Records in parts: whatever is read at once, the same lines come out."""

import json

import pytest

from offline_transfer.db import Database
from offline_transfer.exporting import record_stream
from offline_transfer.exporting.reading import reading, statements_of
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.notes import Note
from offline_transfer.forge.projects import Project
from offline_transfer.forge.users import User
from offline_transfer.types import Edition, PortableKind

ISSUES = range(1, 41)


@pytest.fixture
def forge(database: Database) -> Database:
    """Forty issues of which each has as many notes as its number says, by people in turn."""
    with database.session() as session:
        for user_id in range(1, 8):
            session.add(User(id=user_id, username=f"user-{user_id}", name=f"User {user_id}"))
        session.add(Namespace(id=2, name="Top", path="top", type="Group"))
        session.flush()
        session.add(Project(id=5, name="App", path="app", namespace_id=2))
        session.flush()
        for number in ISSUES:
            session.add(Issue(id=number, iid=number, title=f"Issue {number}", project_id=5))
            session.flush()
            for note in range(number):
                text = f"{note} of {number}"
                session.add(
                    Note(noteable_type="Issue", noteable_id=number, note=text, author_id=number % 7 + 1, project_id=5)
                )
    return database


def read(database: Database) -> tuple[list[bytes], dict[str, int], list[int]]:
    with reading(database) as moment:
        records = moment.records(statements_of(PortableKind.PROJECT, "issues", Edition.EE), ISSUES)
        return list(records), dict(records.counts), records.users


@pytest.mark.parametrize(
    "sizes",
    [
        {"RECORDS_AT_ONCE": 1},
        {"RECORDS_AT_ONCE": 7},
        {"LIMIT_BYTES": 30_000},
        {"LIMIT_BYTES": 1, "HELD_BYTES": 1},
        {"HELD_BYTES": 1},
        {"ROWS_AT_ONCE": 1},
    ],
    ids=str,
)
def test_the_same_is_read_however_many_records_and_rows_come_at_once(
    forge: Database, sizes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, counts, users = read(forge)
    assert [len(json.loads(line)["notes"]) for line in lines] == list(ISSUES)
    assert counts == {"issues": 40, "issues.notes": 820, "issues.notes.author": 820}
    assert users == [1, 2, 3, 4, 5, 6, 7]
    for name, value in sizes.items():
        monkeypatch.setattr(record_stream, name, value)
    assert read(forge) == (lines, counts, users)


def test_reading_can_end_between_two_records(forge: Database) -> None:
    with reading(forge) as moment:
        records = moment.records(statements_of(PortableKind.PROJECT, "issues", Edition.EE), ISSUES)
        assert json.loads(next(iter(records)))["iid"] == 1
        records.close()
    assert len(read(forge)[0]) == 40
