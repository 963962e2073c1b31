"""Relations of records of a group: what the relation file says of each is all that its pipeline is made of."""

from typing import Final

import pytest

from tests.support.pipelines import NO_SUCH_DAY, Case, Portable, check_case, refused

CASES: Final = {
    "members": Case(
        "members",
        {"access_level": 50, "source_type": "Namespace", "type": "GroupMember"},
        {"access_level": 50, "user_id": 7, "source_type": "Namespace", "notification_level": 3},
        {"access_level": "king", "user_id": 8, "source_type": "Namespace", "notification_level": 3},
        "`access_level` is not an integer",
        reason="invalid_value",
    ),
    "namespace_settings": Case(
        "namespace_settings",
        {"prevent_sharing_groups_outside_hierarchy": True},
        {"prevent_sharing_groups_outside_hierarchy": True},
        {"prevent_sharing_groups_outside_hierarchy": False},
        **refused('duplicate key value violates unique constraint "namespace_settings_pkey"'),
    ),
    "labels": Case(
        "labels",
        {"title": "bug", "color": "#ff0000", "type": "GroupLabel"},
        {"title": "bug", "color": "#ff0000", "type": "GroupLabel"},
        {"color": "#00ff00"},
        "`title` is missing",
    ),
    "milestones": Case(
        "milestones", {"iid": 4, "title": "v1"}, {"iid": 4, "title": "v1"}, {"iid": 5}, "`title` is missing"
    ),
    "badges": Case(
        "badges",
        {"name": "build", "link_url": "https://a.example", "type": "GroupBadge"},
        {"name": "build", "link_url": "https://a.example", "image_url": "https://b.example", "type": "GroupBadge"},
        {"name": "nowhere"},
        "`image_url` is missing",
    ),
    "iterations_cadences": Case(
        "iterations_cadences", {"title": "Sprints"}, {"title": "Sprints"}, {"active": True}, "`title` is missing"
    ),
    "boards": Case("boards", {"name": "Work"}, {"name": "Work"}, {"name": ""}, "`name` is missing"),
    "epics": Case(
        "epics",
        {"iid": 1, "title": "All of it"},
        {"iid": 1, "title": "All of it", "author_id": 7},
        {"iid": 2, "author_id": 7},
        "`title` is missing",
    ),
    "epic_boards": Case(
        "boards_epic_boards",
        {"name": "Epics"},
        {"name": "Epics"},
        {"name": "Never", "created_at": NO_SUCH_DAY},
        **refused(f'date/time field value out of range: "{NO_SUCH_DAY}"'),
    ),
}


@pytest.mark.parametrize("relation", CASES)
def test_a_record_becomes_a_row_and_one_that_is_at_fault_fails_alone(group: Portable, relation: str) -> None:
    check_case(group, relation, CASES[relation])
