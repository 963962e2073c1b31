"""For whom a token stands, and when it stops."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from offline_transfer.forge import access, tokens
from offline_transfer.forge.access import Actor
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.errors import (
    BadExpiryError,
    NotSignedInError,
    ScopeMissingError,
    TokenExpiredError,
    TokenNotFoundError,
    TokenRevokedError,
    UserMayNotSignInError,
)
from offline_transfer.forge.tokens import MadeToken, Scope
from offline_transfer.forge.users import PersonalAccessToken, User
from tests.integration.people.world import ADA, BOB, World

TODAY = datetime.now(UTC).date()


def make(world: World, *scopes: Scope, days: int | None = None, user: int = ADA) -> MadeToken:
    expires_at = None if days is None else TODAY + timedelta(days=days)
    return tokens.create(world.session, world.session.get_one(User, user), scopes=scopes, expires_at=expires_at)


def test_a_token_stands_for_its_user_with_its_scopes(world: World) -> None:
    made = make(world, Scope.READ_API)
    assert made.text.startswith("glpat-")
    assert len(made.text) == 38
    assert access.authenticate(world.session, made.text) == Actor(ADA, "ada", False, frozenset({Scope.READ_API}))


def test_only_the_digest_is_kept(world: World) -> None:
    made = make(world, Scope.API)
    row = world.session.get_one(PersonalAccessToken, made.id)
    assert row.token_digest == tokens.digest(made.text)
    kept = world.session.execute(select(PersonalAccessToken.__table__)).mappings().one()
    assert not any(made.text[6:] in str(value) for value in kept.values())


def test_no_two_tokens_are_alike(world: World) -> None:
    assert len({make(world, Scope.API).text for _ in range(20)}) == 20


@pytest.mark.parametrize("given", ["", "glpat-", "glpat-wrong", "x" * 100_000, "ü\x00", "' OR 1=1 --", "\udcff"])
def test_an_unknown_token_stands_for_nobody(world: World, given: str) -> None:
    make(world, Scope.API)
    with pytest.raises(NotSignedInError) as caught:
        access.authenticate(world.session, given)
    assert type(caught.value) is NotSignedInError
    assert given == "" or given not in caught.value.message


def test_a_digest_is_no_token(world: World) -> None:
    with pytest.raises(NotSignedInError):
        access.authenticate(world.session, tokens.digest(make(world, Scope.API).text))


def test_a_revoked_token_stands_for_nobody(world: World) -> None:
    made = make(world, Scope.API)
    tokens.revoke(world.session, made.id)
    world.session.flush()
    with pytest.raises(TokenRevokedError):
        access.authenticate(world.session, made.text)


def test_a_token_ends_with_the_day_before_it_expires(world: World) -> None:
    made = make(world, Scope.API, days=1)
    assert access.authenticate(world.session, made.text).id == ADA
    world.session.get_one(PersonalAccessToken, made.id).expires_at = TODAY
    world.session.flush()
    with pytest.raises(TokenExpiredError, match=f"expired on {TODAY}"):
        access.authenticate(world.session, made.text)


@pytest.mark.parametrize("days", [0, -1])
def test_a_token_that_could_never_be_used_is_not_made(world: World, days: int) -> None:
    with pytest.raises(BadExpiryError):
        make(world, Scope.API, days=days)


@pytest.mark.parametrize("state", ["blocked", "deactivated", "ldap_blocked", "banned", "anything else"])
def test_a_user_who_is_not_active_may_not_sign_in(world: World, state: str) -> None:
    made = make(world, Scope.API)
    world.session.get_one(User, ADA).state = state
    world.session.flush()
    with pytest.raises(UserMayNotSignInError, match=f"the account is {state}"):
        access.authenticate(world.session, made.text)


@pytest.mark.parametrize("kind", [kind for kind in UserType if kind is not UserType.human])
def test_only_people_sign_in(world: World, kind: UserType) -> None:
    made = make(world, Scope.API)
    world.session.get_one(User, ADA).user_type = kind
    world.session.flush()
    with pytest.raises(UserMayNotSignInError):
        access.authenticate(world.session, made.text)


def test_a_scope_that_is_unknown_here_allows_nothing(world: World) -> None:
    made = make(world, Scope.API)
    world.session.get_one(PersonalAccessToken, made.id).scopes = ["sudo", "read_repository"]
    world.session.flush()
    actor = access.authenticate(world.session, made.text)
    assert actor.scopes == frozenset()
    with pytest.raises(ScopeMissingError):
        access.require_scope(actor, Scope.READ_API)


def test_api_includes_reading_and_not_the_other_way(world: World) -> None:
    everything = access.authenticate(world.session, make(world, Scope.API).text)
    reading = access.authenticate(world.session, make(world, Scope.READ_API).text)
    access.require_scope(everything, Scope.READ_API)
    access.require_scope(everything, Scope.API)
    access.require_scope(reading, Scope.READ_API)
    with pytest.raises(ScopeMissingError, match="`api`"):
        access.require_scope(reading, Scope.API)


def test_tokens_are_listed_with_their_users(world: World) -> None:
    make(world, Scope.API)
    make(world, Scope.READ_API, user=BOB)
    assert [(name, token.scopes) for token, name in tokens.listed(world.session)] == [
        ("ada", ["api"]),
        ("bob", ["read_api"]),
    ]
    assert [name for _, name in tokens.listed(world.session, "bob")] == ["bob"]


def test_a_token_that_is_not_there_cannot_be_revoked(world: World) -> None:
    with pytest.raises(TokenNotFoundError, match="the number 77"):
        tokens.revoke(world.session, 77)
