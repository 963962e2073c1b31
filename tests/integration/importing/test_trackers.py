"""The rows of pipelines and batches: what they cost, what an announcement is believed, and what is left when an entity fails."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from offline_transfer.archive.errors import TruncatedObjectError
from offline_transfer.errors import DatabaseError
from offline_transfer.importing import entity, lost
from offline_transfer.importing.stages import pipelines
from offline_transfer.transfers.accounting import Fail
from offline_transfer.types import Edition, PortableKind
from tests.integration.importing.test_killed import Life, mortal
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, RecordsObject, RecordsSource

UNLIMITED = -1
TRANSACTIONS_OF_AN_EMPTY_PROJECT = 12


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
    entity.run(mortal(destination, life).context(source), entity_id)
    relations = [stage.relation for stage in pipelines(PortableKind.PROJECT, Edition.EE)]
    assert list(trackers(destination)) == ["self", *relations]
    assert set(trackers(destination).values()) == {("finished", None)}
    assert life.begun <= TRANSACTIONS_OF_AN_EMPTY_PROJECT < len(relations)


def test_explicit_empty_objects_cost_none_either_and_a_gap_says_what_it_is(destination: Destination) -> None:
    files = ("repository", "wiki", "design", "snippets_repository", "uploads", "lfs_objects")
    life = Life(UNLIMITED)
    source = AnnouncingSource(absent=frozenset({*files, "labels"}))
    entity_id = destination.add_entity(source)
    entity.run(mortal(destination, life).context(source), entity_id)
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
    assert found["issues"] == (1, 1, 0, 0, {})
    assert found["labels"] == (1, 0, 0, 1, {"object_damaged": 1})
    assert "milestones" not in found
    assert trackers(destination)["labels"][0] == "failed"
    assert trackers(destination)["milestones"] == ("finished", None)


class DatabaseGoneError(DatabaseError):
    """The database is gone."""


@dataclass(frozen=True, slots=True)
class FailingObject(RecordsObject):
    """Fails for a reason that is not its own."""

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Nothing."""
        raise DatabaseGoneError
        yield iter(())


@dataclass(frozen=True, slots=True)
class FailingSource(RecordsSource):
    """Fails in the second batch of issues, and is read without a fault when it is only counted."""

    def objects(self, relation: str) -> list[RecordsObject]:
        """The same objects, one of which ends the import of the entity."""
        return [
            FailingObject(item.number, relation, item.content) if relation == "issues" and item.number == 2 else item
            for item in RecordsSource.objects(self, relation)
        ]


def test_of_an_entity_that_fails_in_the_middle_every_record_is_accounted_for_once(destination: Destination) -> None:
    relations = {
        "labels": [[{"title": "bug", "color": "#ff0000"}]],
        "issues": [[issue(1), issue(2)], [issue(3)], [issue(4, notes=[{"note": "x", "author_id": 7}])]],
        "merge_requests": [[{"iid": 1}]],
    }
    row = destination.run(FailingSource(relations=relations))
    assert (row.status.name, row.error) == ("failed", "The database is gone.")
    for _ in range(2):
        with destination.database.session() as session:
            lost.account(
                session,
                row.id,
                RecordsSource(relations=relations),
                own=Fail.INVALID_VALUE,
                edition=Edition.EE,
                limits=destination.context(RecordsSource()).limits,
            )
        assert counts(destination.accounting(row)) == {
            "labels": (1, 1, 0, 0, {}),
            "issues": (4, 2, 0, 2, {"parent_failed": 2}),
            "issues.notes": (1, 0, 0, 1, {"parent_failed": 1}),
            "merge_requests": (1, 0, 0, 1, {"parent_failed": 1}),
        }
