"""An import that is killed at any of its transactions and run again ends like one that was left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg
import pytest
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import TruncatedObjectError
from offline_transfer.db import Database
from offline_transfer.importing import batch
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, RecordsObject, RecordsSource
from tests.support.importing import run as run_entity


class KilledError(Exception):
    """Stands for kill -9."""


@dataclass(slots=True)
class Life:
    """How many transactions are left, and how many there were."""

    left: int
    begun: int = 0

    def spend(self) -> None:
        """Begins a transaction, unless life is over."""
        if self.begun == self.left:
            raise KilledError
        self.begun += 1


@dataclass(frozen=True, slots=True)
class MortalDatabase(Database):
    """A database whose user dies before one of its transactions."""

    life: Life = field(default_factory=lambda: Life(-1))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of one more transaction."""
        self.life.spend()
        with Database.session(self) as session:
            yield session

    @contextmanager
    def raw_connection(self) -> Iterator[psycopg.Connection]:
        """A connection for one more transaction."""
        self.life.spend()
        with Database.raw_connection(self) as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class DamagedObject(RecordsObject):
    """Ends too early."""

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """The first line, then the end of the file."""

        def cut() -> Iterator[bytes]:
            yield b'{"title":"never written"}'
            raise TruncatedObjectError(name=self.where, reason="it ends early")

        yield cut()


@dataclass(frozen=True, slots=True)
class UnluckySource(RecordsSource):
    """Has a damaged object and a relation that nobody knows."""

    def objects(self, relation: str) -> list[RecordsObject]:
        """The same objects, one of which is damaged."""
        return [
            DamagedObject(item.number, relation, item.content) if relation == "labels" and item.number == 2 else item
            for item in RecordsSource.objects(self, relation)
        ]

    def strangers(self) -> list[tuple[str, int]]:
        """One relation without a place."""
        return [("oddities", 3)]


LABEL = {"title": "bug", "color": "#ff0000", "priorities": [{"priority": 1}]}
SOURCE = UnluckySource(
    relations={
        "user_contributions": [[{"id": 7, "username": "ada", "name": "Ada"}]],
        "labels": [[LABEL], [LABEL, LABEL]],
        "milestones": [[{"title": "v1", "iid": 1, "events": [{"action": "created", "author_id": 9}]}]],
        "issues": [
            [issue(1, milestone={"title": "v2", "iid": 2}, label_links=[{"target_type": "Issue", "label": LABEL}])],
            [issue(2, notes=[{"note": "me too", "author_id": 8}], award_emoji=[{"name": "tada", "user_id": 8}]), issue(2)],
        ],
    }
)  # fmt: skip

ONE_PROJECT = {
    "projects": 1,
    "routes": 1,
    # Shared records are made before their chunk: that of the damaged object's first line stays.
    "labels": 2,
    "label_priorities": 1,
    "milestones": 2,
    "events": 1,
    "issues": 2,
    "notes": 1,
    "award_emoji": 1,
    "users": 0,
}


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_a_killed_import_that_runs_again_ends_like_an_undisturbed_one(
    destination: Destination, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 1)
    life = Life(-1)
    undisturbed = run(destination, life, "undisturbed")
    expected = counts(destination.accounting(destination.entity(undisturbed)))
    assert expected["labels"] == (3, 1, 0, 2, {"object_damaged": 2})
    assert expected["oddities"] == (3, 0, 3, 0, {"no_place": 3})
    rows = sizes(destination)
    for transactions in range(life.begun - 1, -1, -every):
        slug = f"killed-{transactions}"
        entity_id = destination.add_entity(SOURCE, slug=slug)
        with pytest.raises(KilledError):
            run_entity(mortal(destination, Life(transactions)).context(SOURCE), entity_id)
        run_entity(destination.context(SOURCE), entity_id)
        ended = destination.entity(entity_id)
        assert (ended.status.name, ended.error, ended.has_failures) == ("finished", None, True), slug
        assert counts(destination.accounting(ended)) == expected, slug
        now = sizes(destination)
        assert {name: now[name] - rows[name] for name in now} == ONE_PROJECT, slug
        rows = now


def run(destination: Destination, life: Life, slug: str) -> int:
    """Imports with a life; gives the entity's id."""
    entity_id = destination.add_entity(SOURCE, slug=slug)
    run_entity(mortal(destination, life).context(SOURCE), entity_id)
    return entity_id


def mortal(destination: Destination, life: Life) -> Destination:
    """The same instance for somebody who dies."""
    found = destination.database
    return replace(
        destination, database=MortalDatabase(found.engine, found.sessions, found.where, found.conninfo, life)
    )


def sizes(destination: Destination) -> dict[str, int]:
    """How many rows the tables have."""
    return {name: len(destination.rows(name, "id")) for name in ONE_PROJECT}
