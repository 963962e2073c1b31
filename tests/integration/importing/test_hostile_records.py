"""Records that nobody would write by accident: each is accounted for, and takes nothing else down."""

from typing import Any

from offline_transfer.types import PortableKind
from tests.integration.importing.test_records import MOMENT, counts, issue
from tests.support.importing import Destination, Records, RecordsSource

LONG = "".join(map(chr, range(0x4E00, 0x9FFF)))
"""A text that does not compress, longer than what fits into an index."""


def import_group(destination: Destination, relations: dict[str, Records]) -> dict[str, Any]:
    """Imports a group, and gives the counts of its paths."""
    source = RecordsSource(PortableKind.GROUP, "source", {}, {name: [records] for name, records in relations.items()})
    return counts(destination.accounting(destination.run(source, slug="group")))


def test_what_hangs_on_a_record_that_the_database_refuses_is_not_written(destination: Destination) -> None:
    emoji = [{"name": "tada", "user_id": 7}]
    _, accounting = destination.import_project({"issues": [issue(1), issue(1, award_emoji=emoji)]})
    assert counts(accounting) == {
        "issues": (2, 1, 0, 1, {"constraint": 1}),
        "issues.award_emoji": (1, 0, 0, 1, {"parent_failed": 1}),
    }
    assert destination.rows("award_emoji", "name") == []


def test_a_text_that_no_index_can_hold_fails_alone(destination: Destination) -> None:
    _, accounting = destination.import_project(
        {
            "labels": [{"title": LONG, "color": "#000000"}, {"title": "short", "color": "#000000"}],
            "protected_tags": [{"name": LONG}, {"name": "v*"}],
        }
    )
    assert counts(accounting) == {
        "labels": (2, 1, 0, 1, {"constraint": 1}),
        "protected_tags": (2, 1, 0, 1, {"constraint": 1}),
    }
    assert destination.rows("labels", "title") == [("short",)]
    assert destination.rows("protected_tags", "name") == [("v*",)]


def test_many_records_below_one_are_searched_by_halves(destination: Destination) -> None:
    links = [{"name": str(number), "url": f"https://{number}.example"} for number in range(3000)]
    release = {"tag": "v1", "author_id": 7, "created_at": MOMENT, "updated_at": MOMENT, "released_at": MOMENT}
    _, accounting = destination.import_project({"releases": [{**release, "links": [*links, links[0]]}]})
    assert counts(accounting)["releases.links"] == (3001, 3000, 0, 1, {"constraint": 1})
