"""The rows of pipelines and batches: what they cost, what an announcement is believed, and what is left when an entity fails."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from offline_transfer.archive.errors import TruncatedObjectError
from offline_transfer.errors import DatabaseError
from offline_transfer.importing.stages import pipelines
from offline_transfer.types import Edition, PortableKind
from tests.integration.importing.test_killed import Life, mortal
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, Records, RecordsObject, RecordsSource
from tests.support.importing import run as run_entity

UNLIMITED = -1
TRANSACTIONS_OF_AN_EMPTY_PROJECT = 23


@dataclass(frozen=True, slots=True)
class Announced(RecordsObject):
    """Says something of its own about how many records it has."""

    announced: int | None = None
    is_damaged: bool = False

    @property
    def records(self) -> int | None:
        """What it says."""
        return self.announced

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its records, or only that it is damaged."""
        if self.is_damaged:
            raise TruncatedObjectError(name=self.where, reason="it ends early")
        with RecordsObject.lines(self) as lines:
            yield lines


@dataclass(frozen=True, slots=True)
class AnnouncingSource(RecordsSource):
    """Has these objects, and empty ones of all other relations, as an archive does; of some it has none."""

    own: Mapping[str, Announced] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def objects(self, relation: str) -> Sequence[RecordsObject] | None:  # type: ignore[override]
        """One for each relation."""
        if relation in self.absent:
            return None
        return [self.own.get(relation) or Announced(1, relation, (), announced=0)]


def trackers(destination: Destination) -> dict[str, tuple[str, str | None]]:
    """State and error of every tracker."""
    found = destination.rows("bulk_import_trackers", "relation", "status", "error")
    return {relation: (status.name, error) for relation, status, error in found}


def test_relations_without_a_record_cost_no_transaction_of_their_own(destination: Destination) -> None:
    life = Life(UNLIMITED)
    source = RecordsSource()
    entity_id = destination.add_entity(source)
    run_entity(mortal(destination, life).context(source), entity_id)
    relations = [stage.relation for stage in pipelines(PortableKind.PROJECT, Edition.EE)]
    assert list(trackers(destination)) == ["self", *relations, "references"]
    assert set(trackers(destination).values()) == {("finished", None)}
    assert life.begun <= TRANSACTIONS_OF_AN_EMPTY_PROJECT < len(relations)


def test_explicit_empty_objects_cost_none_either_and_a_gap_says_what_it_is(destination: Destination) -> None:
    files = ("repository", "wiki", "design", "snippets_repository", "uploads", "lfs_objects")
    life = Life(UNLIMITED)
    source = AnnouncingSource(absent=frozenset({*files, "labels"}))
    entity_id = destination.add_entity(source)
    run_entity(mortal(destination, life).context(source), entity_id)
    found = trackers(destination)
    assert found.pop("issues") == ("finished", None)
    assert {found.pop(name) for name in source.absent} == {("skipped", "the archive holds nothing of this relation")}
    assert set(found.values()) == {("finished", None)}
    assert life.begun <= TRANSACTIONS_OF_AN_EMPTY_PROJECT


def test_an_object_that_is_announced_as_empty_is_looked_into(destination: Destination) -> None:
    """Whoever says that there is nothing cannot make records vanish in silence."""
    source = AnnouncingSource(
        own={
            "issues": Announced(1, "issues", [issue(1)], announced=0),
            "labels": Announced(1, "labels", [], announced=0, is_damaged=True),
            "milestones": Announced(1, "milestones", [b"null", b""], announced=0),
        }
    )
    row = destination.run(source)
    found = counts(destination.accounting(row))
    assert found["issues"] == (1, 0, 0, 1, {"object_damaged": 1})
    assert found["labels"] == (1, 0, 0, 1, {"object_damaged": 1})
    assert "milestones" not in found
    assert trackers(destination)["labels"][0] == "failed"
    assert trackers(destination)["milestones"] == ("finished", None)


class DatabaseGoneError(DatabaseError):
    """The database is gone."""


@dataclass(frozen=True, slots=True)
class FailingObject(RecordsObject):
    """Fails once."""

    failures: list[Exception] = field(default_factory=list)
    error: Exception = field(default_factory=DatabaseGoneError)

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its records, from the second time on."""
        if not self.failures:
            self.failures.append(self.error)
            raise self.error
        with RecordsObject.lines(self) as lines:
            yield lines


@dataclass(frozen=True, slots=True)
class FailingSource(RecordsSource):
    """Fails once in one of its objects, for a reason that is not the object's own unless another is named."""

    relation: str = "merge_requests"
    number: int = 1
    failures: list[Exception] = field(default_factory=list)
    error: Exception = field(default_factory=DatabaseGoneError)

    def objects(self, relation: str) -> list[RecordsObject]:
        """The same objects, one of which fails."""
        return [
            FailingObject(item.number, relation, item.content, self.failures, self.error)
            if (relation, item.number) == (self.relation, self.number)
            else item
            for item in RecordsSource.objects(self, relation)
        ]


RELATIONS: Mapping[str, Sequence[Records]] = {
    "labels": [[{"title": "bug", "color": "#ff0000"}]],
    "issues": [[issue(1), issue(2)], [issue(3)]],
    "merge_requests": [[{"iid": 1, "notes": [{"note": "x", "author_id": 7}]}]],
    "releases": [[{"tag": "v1"}, {"tag": "v2"}]],
}


def test_of_an_entity_that_fails_in_the_middle_every_record_is_accounted_for_once(destination: Destination) -> None:
    row = destination.run(FailingSource(relations=RELATIONS))
    assert (row.status.name, row.error) == ("failed", "The database is gone.")
    assert counts(destination.accounting(row)) == {
        "labels": (1, 1, 0, 0, {}),
        "issues": (3, 3, 0, 0, {}),
        "merge_requests": (1, 0, 0, 1, {"parent_failed": 1}),
        "merge_requests.notes": (1, 0, 0, 1, {"parent_failed": 1}),
        "releases": (2, 0, 0, 2, {"parent_failed": 2}),
    }
    states = trackers(destination)
    assert states["merge_requests"] == states["releases"] == ("failed", "The database is gone.")


def test_a_batch_that_fails_for_another_reason_than_its_own_is_given_up_alone(destination: Destination) -> None:
    row = destination.run(FailingSource(relations=RELATIONS, relation="issues", number=2))
    assert (row.status.name, row.has_failures) == ("finished", True)
    assert counts(destination.accounting(row))["issues"] == (3, 2, 0, 1, {"given_up": 1})
    assert trackers(destination)["issues"] == ("failed", "The database is gone.")
