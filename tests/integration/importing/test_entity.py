"""Entities as a whole: names, visibility, counters, and what running twice does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from offline_transfer.forge.models import Base
from offline_transfer.transfers.states import EntityState
from offline_transfer.types import JsonObject, PortableKind
from tests.integration.importing.test_records import counts, issue
from tests.support.importing import Destination, RecordsObject, RecordsSource
from tests.support.importing import run as run_entity

RELATIONS = {
    "labels": [[{"title": "bug", "color": "#ff0000"}]],
    "issues": [
        [issue(number, notes=[{"note": "x", "author_id": 7}]) for number in (1, 2)],
        [issue(3), issue(4, title=None)],
        [issue(5, label_links=[{"target_type": "Issue", "label": {"title": "bug"}}])],
    ],
}


def table_counts(destination: Destination) -> dict[str, int]:
    """How many rows each table has, those of our own work left out."""
    with destination.database.session() as session:
        found = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if not table.name.startswith(("bulk_", "import_"))
        }
    return {name: count for name, count in found.items() if count}


def test_names_that_are_taken_get_a_number(destination: Destination) -> None:
    for _ in range(3):
        destination.run(RecordsSource(attributes={"name": "App"}))
    assert destination.rows("routes", "path") == [("dest",), ("dest/app",), ("dest/app_1",), ("dest/app_2",)]


def test_nothing_is_more_visible_than_the_group_around_it(destination: Destination) -> None:
    private = RecordsSource(kind=PortableKind.GROUP, full_path="g", attributes={"name": "G", "visibility_level": 0})
    destination.run(private, slug="hidden")
    entity_id = destination.add_entity(RecordsSource(attributes={"visibility_level": 20}), namespace="dest/hidden")
    run_entity(destination.context(RecordsSource(attributes={"visibility_level": 20})), entity_id)
    assert destination.rows("projects", "visibility_level") == [(0,)]


def test_a_group_that_does_not_say_its_visibility_is_private(destination: Destination) -> None:
    destination.run(RecordsSource(kind=PortableKind.GROUP, full_path="g", attributes={"name": "G"}), slug="g")
    assert destination.rows("namespaces", "visibility_level", path="g") == [(0,)]


def test_a_destination_that_does_not_exist_fails_the_entity_and_says_so(destination: Destination) -> None:
    entity_id = destination.add_entity(RecordsSource(), namespace="nowhere")
    run_entity(destination.context(RecordsSource()), entity_id)
    row = destination.entity(entity_id)
    assert (row.status, row.error) == (
        EntityState.failed,
        "There is no group `nowhere` to import into. Create it first, or name another destination.",
    )
    assert destination.rows("projects", "id") == []


def test_what_the_source_leaves_open_stays_open_and_what_it_does_not_mention_gets_the_default(
    destination: Destination,
) -> None:
    undecided: JsonObject = {"name": "Undecided", "reset_approvals_on_push": None, "squash_option": None}
    destination.run(RecordsSource(attributes=undecided), slug="undecided")
    destination.run(RecordsSource(attributes={"name": "Silent"}), slug="silent")
    assert destination.rows("projects", "reset_approvals_on_push") == [(None,), (True,)]
    assert destination.rows("project_settings", "squash_option") == [(None,), (3,)]


def test_counters_continue_after_the_highest_number_that_the_source_ever_gave(destination: Destination) -> None:
    source = RecordsSource(
        relations=RELATIONS, highest={"issues": 41, "merge_requests": 7, "odd": 5, "ci_pipelines": "x"}
    )
    destination.run(source)
    assert sorted(destination.rows("internal_ids", "usage", "last_value")) == [("issues", 41), ("merge_requests", 7)]


def test_an_import_that_is_run_again_changes_nothing(destination: Destination) -> None:
    source = RecordsSource(relations=RELATIONS)
    row = destination.run(source)
    before = table_counts(destination), counts(destination.accounting(row))
    run_entity(destination.context(source), row.id)
    assert (table_counts(destination), counts(destination.accounting(row))) == before


class KilledError(Exception):
    """The process is gone."""


@dataclass(frozen=True, slots=True)
class DyingSource(RecordsSource):
    """Dies after so many lines of the second batch of issues."""

    lines: int = 0

    def objects(self, relation: str) -> Sequence[RecordsObject]:
        """The same objects, one of which is deadly."""
        return [
            DyingObject(item.number, relation, item.content, self.lines)
            if relation == "issues" and item.number == 2
            else item
            for item in RecordsSource.objects(self, relation)
        ]


@dataclass(frozen=True, slots=True)
class DyingObject(RecordsObject):
    """Dies after so many lines."""

    alive: int = 0

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """The first lines, then death."""

        def dying() -> Iterator[bytes]:
            with RecordsObject.lines(self) as lines:
                for number, line in enumerate(lines):
                    if number == self.alive:
                        raise KilledError
                    yield line
            raise KilledError

        yield dying()


@pytest.mark.parametrize("alive", [0, 1, 2])
def test_an_import_that_was_killed_inside_a_batch_ends_like_an_undisturbed_one(
    destination: Destination, alive: int
) -> None:
    healthy = RecordsSource(relations=RELATIONS)
    undisturbed = destination.run(healthy, slug="other")
    expected = counts(destination.accounting(undisturbed))
    before = table_counts(destination)
    dying = DyingSource(relations=RELATIONS, lines=alive)
    entity_id = destination.add_entity(dying)
    with pytest.raises(KilledError):
        # One record at a time is written, so that something is there to be rolled back.
        run_entity(destination.context(dying, flush_bytes=64 * 1024), entity_id)
    run_entity(destination.context(healthy), entity_id)
    assert counts(destination.accounting(destination.entity(entity_id))) == expected
    after = table_counts(destination)
    shared = {"users": 0, "namespaces": 0}
    assert {name: after[name] - before[name] for name in before} == {
        **{name: count for name, count in before.items() if name in ("issues", "notes", "labels", "label_links")},
        **dict.fromkeys(("projects", "routes", "project_settings", "internal_ids"), 1),
        **shared,
    }
    assert destination.rows("issues", "relative_position")[:4] == destination.rows("issues", "relative_position")[4:]


def test_community_edition_counts_what_it_leaves_out(destination: Destination) -> None:
    epic_issue = {"relative_position": 1, "epic": {"title": "big", "iid": 1, "author_id": 7}}
    source = RecordsSource(
        relations={
            "issues": [[issue(1, epic_issue=epic_issue)]],
            "push_rule": [[{"max_file_size": 5}]],
            "vulnerabilities": [[]],
        }
    )
    row = destination.run(source, edition="ce")
    assert counts(destination.accounting(row)) == {
        "issues": (1, 1, 0, 0, {}),
        "issues.epic_issue": (1, 0, 1, 0, {"edition": 1}),
        "issues.epic_issue.epic": (1, 0, 1, 0, {"parent_skipped": 1}),
        "push_rule": (1, 0, 1, 0, {"edition": 1}),
    }


def test_an_old_group_says_the_other_way_round_whether_it_sends_mail(destination: Destination) -> None:
    silent = RecordsSource(kind=PortableKind.GROUP, full_path="g", attributes={"name": "G", "emails_disabled": True})
    destination.run(silent, slug="g")
    assert destination.rows("namespaces", "emails_enabled", path="g") == [(False,)]
