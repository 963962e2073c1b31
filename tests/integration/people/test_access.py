"""What memberships allow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from offline_transfer.db import psycopg_connection
from offline_transfer.forge import access
from offline_transfer.forge.access import OPERATOR, Ability
from offline_transfer.forge.enums import AccessLevel, UserType, Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.users import User
from offline_transfer.types import PortableKind
from tests.integration.people.world import ADA, APP, BOB, OTHER, OTHER_APP, ROOT, SUB, TOP, World

TODAY = datetime.now(UTC).date()
OF_PROJECTS = (Ability.ADMIN_PROJECT, Ability.READ_PROJECT)
LEVELS = [level for level in AccessLevel if level is not AccessLevel.admin]


def test_an_owner_owns_all_below(world: World) -> None:
    assert [world.can(ADA, Ability.ADMIN_GROUP, group) for group in (TOP, SUB, OTHER)] == [True, True, False]
    assert [world.can(ADA, Ability.ADMIN_PROJECT, project) for project in (APP, OTHER_APP)] == [True, False]


@pytest.mark.parametrize("level", LEVELS)
def test_a_group_takes_an_owner_and_a_project_a_maintainer(world: World, level: AccessLevel) -> None:
    world.join(BOB, OTHER, level)
    assert world.can(BOB, Ability.ADMIN_GROUP, OTHER) == (level == AccessLevel.owner)
    assert world.can(BOB, Ability.ADMIN_PROJECT, OTHER_APP) == (level >= AccessLevel.maintainer)
    assert world.can(BOB, Ability.READ_GROUP, OTHER) == (level >= AccessLevel.guest)
    assert world.can(BOB, Ability.READ_PROJECT, OTHER_APP) == (level >= AccessLevel.guest)
    assert world.can(BOB, Ability.CREATE_GROUP, OTHER) == (level >= AccessLevel.maintainer)


def test_a_membership_of_a_project_holds_there_alone(world: World) -> None:
    world.join(BOB, APP, AccessLevel.owner)
    assert world.can(BOB, Ability.ADMIN_PROJECT, APP)
    assert not world.can(BOB, Ability.ADMIN_GROUP, SUB)
    assert not world.can(BOB, Ability.ADMIN_PROJECT, OTHER_APP)


def test_a_project_and_a_group_of_one_number_are_not_mixed_up(world: World) -> None:
    world.session.add(Project(id=TOP, name="Ten", path="ten", namespace_id=OTHER))
    world.session.flush()
    assert not world.can(ADA, Ability.ADMIN_PROJECT, TOP)


def test_the_highest_level_counts(world: World) -> None:
    world.join(BOB, TOP, AccessLevel.owner)
    world.join(BOB, SUB, AccessLevel.guest)
    world.join(BOB, APP, AccessLevel.reporter)
    assert world.can(BOB, Ability.ADMIN_GROUP, SUB)
    assert world.can(BOB, Ability.ADMIN_PROJECT, APP)


def test_a_membership_below_says_nothing_above(world: World) -> None:
    world.join(BOB, SUB, AccessLevel.owner)
    assert world.can(BOB, Ability.ADMIN_GROUP, SUB)
    assert not world.can(BOB, Ability.ADMIN_GROUP, TOP)


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"expires_at": TODAY}, False),
        ({"expires_at": TODAY - timedelta(days=1)}, False),
        ({"expires_at": TODAY + timedelta(days=1)}, True),
        ({"requested_at": datetime.now(UTC)}, False),
        ({"invite_token": "abc"}, False),
        ({"invite_email": "bob@example.com"}, False),
        ({"invite_email": "bob@example.com", "invite_accepted_at": datetime.now(UTC)}, True),
        ({}, True),
    ],
)
@pytest.mark.parametrize("source", [TOP, SUB, APP])
def test_only_memberships_in_force_count(world: World, source: int, more: dict[str, Any], holds: bool) -> None:
    world.join(BOB, source, AccessLevel.owner, **more)
    assert world.can(BOB, Ability.ADMIN_PROJECT, APP) == holds
    if source != APP:
        assert world.can(BOB, Ability.ADMIN_GROUP, SUB) == holds


def test_administrators_and_the_operator_may_everything(world: World) -> None:
    for ability in Ability:
        assert world.can(ROOT, ability, OTHER)
        assert access.can(world.session, OPERATOR, ability, OTHER)
    assert world.can(ROOT, Ability.CREATE_GROUP, None)
    assert access.can(world.session, OPERATOR, Ability.CREATE_GROUP, None)
    assert access.actor_of(world.session, None) is OPERATOR


@pytest.mark.parametrize("change", [{"state": "blocked"}, {"user_type": UserType.placeholder}])
@pytest.mark.parametrize("who", [ROOT, ADA])
def test_whoever_is_blocked_meanwhile_may_nothing_any_more(world: World, who: int, change: dict[str, Any]) -> None:
    actor = world.actor(who)
    assert access.can(world.session, actor, Ability.ADMIN_GROUP, TOP)
    user = world.session.get_one(User, who)
    for name, value in change.items():
        setattr(user, name, value)
    for ability in Ability:
        assert not access.can(world.session, actor, ability, TOP)
    assert not access.can(world.session, actor, Ability.CREATE_GROUP, None)


def test_an_administrator_who_is_none_any_more_may_no_more_than_others(world: World) -> None:
    actor = world.actor(ROOT)
    world.session.get_one(User, ROOT).admin = False
    assert actor.admin
    assert not access.can(world.session, actor, Ability.ADMIN_GROUP, TOP)


@pytest.mark.parametrize(
    ("visibility", "seen"), [(Visibility.private, False), (Visibility.internal, True), (Visibility.public, True)]
)
def test_what_is_not_private_can_be_read_by_everybody(world: World, visibility: Visibility, seen: bool) -> None:
    world.session.get_one(Namespace, OTHER).visibility_level = visibility
    world.session.get_one(Project, OTHER_APP).visibility_level = visibility
    assert world.can(BOB, Ability.READ_GROUP, OTHER) == seen
    assert world.can(BOB, Ability.READ_PROJECT, OTHER_APP) == seen
    assert not world.can(BOB, Ability.ADMIN_GROUP, OTHER)


def test_a_group_may_leave_subgroups_to_its_owners(world: World) -> None:
    world.join(BOB, OTHER, AccessLevel.maintainer)
    world.session.get_one(Namespace, OTHER).subgroup_creation_level = 0
    assert not world.can(BOB, Ability.CREATE_GROUP, OTHER)
    assert world.can(BOB, Ability.CREATE_GROUP, None)
    assert not world.can(BOB, Ability.ADMIN_GROUP, None)


@pytest.mark.parametrize("ability", Ability)
def test_what_does_not_exist_is_nobodys(world: World, ability: Ability) -> None:
    assert not world.can(ADA, ability, 999_999)


def test_the_abilities_to_export_follow_the_kind() -> None:
    assert [Ability.to_admin(kind) for kind in PortableKind] == [Ability.ADMIN_GROUP, Ability.ADMIN_PROJECT]


def test_many_are_looked_up_at_once(world: World) -> None:
    world.session.execute(
        text(
            "INSERT INTO projects (id, name, path, namespace_id)"
            " SELECT 1000 + n, 'p', 'p', CASE WHEN n % 2 = 0 THEN 11 ELSE 12 END FROM generate_series(0, 5999) n"
        )
    )
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    actor = world.actor(ADA)
    event.listen(world.session.get_bind(), "before_cursor_execute", note)
    try:
        mine = access.allowed(world.session, actor, Ability.ADMIN_PROJECT, range(1000, 7000))
    finally:
        event.remove(world.session.get_bind(), "before_cursor_execute", note)
    assert mine == frozenset(range(1000, 7000, 2))
    assert len(statements) == 3


def test_a_circle_of_groups_ends(world: World) -> None:
    world.session.get_one(Namespace, TOP).parent_id = SUB
    world.session.flush()
    assert not world.can(BOB, Ability.ADMIN_PROJECT, APP)
    assert world.can(ADA, Ability.ADMIN_PROJECT, APP)


def test_memberships_are_found_by_an_index(world: World) -> None:
    session = world.session
    for statement in (
        "INSERT INTO users (id, username, name) SELECT 1000 + n, 'u' || n, 'u' FROM generate_series(1, 5000) n",
        "INSERT INTO namespaces (id, name, path, type, parent_id)"
        " SELECT 2000 + n, 'g', 'g' || n, 'Group', 10 FROM generate_series(1, 3000) n",
        "INSERT INTO projects (id, name, path, namespace_id) SELECT 9000 + n, 'p', 'p', 2000 + n FROM generate_series(1, 3000) n",
        "INSERT INTO members (user_id, source_type, source_id, access_level, notification_level)"
        " SELECT 1000 + u, kind, 2000 + g, 50, 3 FROM generate_series(1, 100) u, generate_series(1, 50) g,"
        " unnest(ARRAY['Namespace', 'Project']) kind",
        "ANALYZE users",
        "ANALYZE namespaces",
        "ANALYZE projects",
        "ANALYZE members",
    ):
        session.execute(text(statement))
    plans: list[str] = []

    def explain(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if not statement.startswith("EXPLAIN"):
            driver = psycopg_connection(session)
            plans.append("\n".join(row[0] for row in driver.execute(f"EXPLAIN {statement}", parameters)))  # type: ignore[call-overload]

    actor = world.actor(BOB)
    event.listen(session.get_bind(), "before_cursor_execute", explain)
    try:
        for ability in Ability:
            access.can(session, actor, ability, 9001 if ability in OF_PROJECTS else 2001)
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", explain)
    assert len(plans) > 2 * len(Ability) - 1
    assert [plan for plan in plans if "Seq Scan" in plan] == []


def test_nobody_gives_others_more_than_what_is_their_own(world: World) -> None:
    world.join(BOB, OTHER, AccessLevel.maintainer)
    caps = {
        (user, group): access.level_cap(world.session, world.actor(user), group)
        for user in (ADA, BOB, ROOT)
        for group in (TOP, SUB, OTHER)
    }
    assert caps == {
        (ADA, TOP): 50,
        (ADA, SUB): 50,
        (ADA, OTHER): 0,
        (BOB, TOP): 0,
        (BOB, SUB): 0,
        (BOB, OTHER): 40,
        (ROOT, TOP): 50,
        (ROOT, SUB): 50,
        (ROOT, OTHER): 50,
    }
    assert [access.level_cap(world.session, who, None) for who in (OPERATOR, world.actor(BOB))] == [50, 50]
