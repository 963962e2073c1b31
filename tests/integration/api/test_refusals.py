"""What is said to requests that are not answered with what they ask for: whole bodies, as GitLab's clients know them."""

import socket
from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update

from offline_transfer.forge.tokens import Scope
from offline_transfer.forge.users import PersonalAccessToken
from tests.support.api import Api, Person

UNAUTHORIZED = {"message": "401 Unauthorized"}


def test_who_brings_no_token_is_told_so(api: Api) -> None:
    answer = api.client().get("/user")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == 'Bearer realm="offline-transfer"'


@pytest.mark.parametrize(
    "headers",
    [
        {"PRIVATE-TOKEN": "glpat-nonsense"},
        {"PRIVATE-TOKEN": ""},
        {"PRIVATE-TOKEN": "x" * 5000},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
        {"Authorization": ""},
    ],
)
def test_who_brings_what_is_no_token_is_told_the_same(api: Api, headers: dict[str, str]) -> None:
    answer = api.client(None, **headers).get("/user")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    ("name", "value"), [("PRIVATE-TOKEN", "{}"), ("Authorization", "Bearer {}"), ("authorization", "bEARER  {}")]
)
def test_a_token_comes_in_either_header(api: Api, name: str, value: str) -> None:
    ada = api.person("ada")
    answer = api.client(None, **{name: value.format(ada.token)}).get("/user")
    assert answer.json()["username"] == ada.username


def test_a_token_in_the_address_is_none(api: Api) -> None:
    answer = api.client().get("/user", params={"private_token": api.person("ada").token})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


def spoilt(api: Api, person: Person, **columns: object) -> dict[str, object]:
    with api.instance.database.session() as session:
        session.execute(update(PersonalAccessToken).where(PersonalAccessToken.user_id == person.id).values(**columns))
    answer = api.client(person).get("/user")
    assert answer.status_code == 401
    found: dict[str, object] = answer.json()
    return found


def test_a_token_that_was_revoked_is_told_so(api: Api) -> None:
    assert spoilt(api, api.person("ada"), revoked=True) == {
        "error": "invalid_token",
        "error_description": "The token was revoked. Make another one with `offline-transfer token create`.",
    }


def test_a_token_that_has_expired_is_told_so(api: Api) -> None:
    today = datetime.now(UTC).date()
    assert spoilt(api, api.person("ada"), expires_at=today) == {
        "error": "invalid_token",
        "error_description": f"The token expired on {today}. Make another one with `offline-transfer token create`.",
    }


def test_a_user_who_is_blocked_is_told_so(api: Api) -> None:
    ada = api.person("ada", state="blocked")
    answer = api.client(ada).get("/user")
    assert (answer.status_code, answer.json()) == (
        403,
        {"message": f"The user {ada.username} may not sign in: the account is blocked. Ask an administrator."},
    )


def test_a_token_without_a_scope_may_not_even_look(api: Api) -> None:
    answer = api.client(api.person("ada", scopes=[])).get("/user")
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "read_api",
        },
    )


def test_a_token_that_reads_may_look(api: Api) -> None:
    assert api.client(api.person("ada", scopes=[Scope.READ_API])).get("/user").status_code == 200


def test_many_bad_tokens_from_one_address_are_slowed_down_and_good_ones_are_not(own_api: Api) -> None:
    ada, stranger = own_api.client(own_api.person("ada")), own_api.client(None, **{"PRIVATE-TOKEN": "glpat-guess"})
    answers = [stranger.get("/user") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {401}
    assert (answers[60].status_code, answers[60].json()) == (
        429,
        {"message": {"error": "Too many tokens from this address were refused. Try again later."}},
    )
    assert 1 <= int(answers[60].headers["retry-after"]) <= 60
    assert ada.get("/user").status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v4/nothing", "/api/v4/user/", "/api/v4", "/", "/api/v4/../../etc/passwd", "/-/"]
)
def test_where_nothing_is_nothing_is_found(api: Api, path: str) -> None:
    answer = api.client(api.person("ada")).get(f"{api.address}{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "404 Not Found"})


def test_a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has(api: Api) -> None:
    answer = api.client(api.person("ada")).delete("/user")
    assert (answer.status_code, answer.json()) == (405, {"error": "405 Not Allowed"})
    assert answer.headers["allow"] == "GET"


def test_every_answer_has_a_number_and_is_not_to_be_guessed_at(api: Api) -> None:
    first, second = (api.client().get("/user").headers for _ in range(2))
    assert first["x-content-type-options"] == "nosniff"
    assert len(first["x-request-id"]) == 32
    assert first["x-request-id"] != second["x-request-id"]
    assert "server" not in first


def test_a_program_fault_tells_nothing_of_itself(own_api: Api) -> None:
    ada = own_api.person("ada")
    with own_api.instance.database.session() as session:
        session.execute(text("ALTER TABLE users RENAME COLUMN name TO secret_name"))
    answer = own_api.client(ada).get("/user")
    assert (answer.status_code, answer.json()) == (500, {"message": "500 Internal Server Error"})
    assert "x-request-id" in answer.headers


def test_what_is_not_http_is_not_answered_with_a_trace(api: Api) -> None:
    host, _, port = api.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert b"Traceback" not in connection.recv(1000)
