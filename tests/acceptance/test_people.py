"""The first set-up of an instance: users, tokens, members, settings."""

import re
import shlex
import stat
from pathlib import Path

import pytest

from offline_transfer.cli.choices import MemberRole, TokenScope
from offline_transfer.db import connect
from offline_transfer.errors import ExitStatus
from offline_transfer.forge import access
from offline_transfer.forge.access import Ability
from offline_transfer.forge.application_settings import NAMES
from offline_transfer.forge.errors import TokenRevokedError, UserMayNotSignInError
from offline_transfer.forge.membership import Role
from offline_transfer.forge.tokens import Scope
from offline_transfer.secrets import Vault
from tests.acceptance.conftest import MakeInstance, Prepared
from tests.acceptance.program import Instance, Program
from tests.support.environment import REPOSITORY


@pytest.fixture
def instance(make_instance: MakeInstance) -> Instance:
    """An instance in which nobody is."""
    return make_instance("instance")


def test_a_user_is_made_and_listed(instance: Instance) -> None:
    outcome = instance.run("user", "create", "ada.lovelace", "--email", "ada@example.com", "--admin").ok()
    assert outcome.out == "Made ada.lovelace, number 1\n"
    assert outcome.err == f"Mails to ada@example.com go to {instance.data_dir / 'mail'}\n"
    made = instance.json("user", "create", "bob", "--email", "bob@example.com", "--full-name", "Bob B.")
    made.pop("created_at")
    assert made == {
        "id": 2,
        "username": "bob",
        "name": "Bob B.",
        "email": "bob@example.com",
        "state": "active",
        "is_admin": False,
    }
    users = instance.json("user", "list")["users"]
    assert [(user["username"], user["name"], user["is_admin"]) for user in users] == [
        ("ada.lovelace", "ada.lovelace", True),
        ("bob", "Bob B.", False),
    ]
    assert "ada@example.com" in instance.run("user", "list").ok().out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["ADA", "--email", "x@example.com"],
            ExitStatus.CONFLICT,
            "There is a user with the name ADA already. Choose another, or see `offline-transfer user list`.",
        ),
        (
            ["other", "--email", "Ada@example.com"],
            ExitStatus.CONFLICT,
            "There is a user with the e-mail address Ada@example.com already. Choose another, or see"
            " `offline-transfer user list`.",
        ),
        (
            ["a/b", "--email", "x@example.com"],
            ExitStatus.USAGE,
            "'a/b' cannot be the name of a user: it has other characters, or is too long. Choose 1 to 255 letters, digits, `_`,"
            " `-` and `.`, as in `ada.lovelace`.",
        ),
        (
            ["x.git", "--email", "x@example.com"],
            ExitStatus.USAGE,
            "'x.git' cannot be the name of a user: it ends like an address of something else. Choose 1 to 255 letters, digits,"
            " `_`, `-` and `.`, as in `ada.lovelace`.",
        ),
        (
            ["Ghost", "--email", "x@example.com"],
            ExitStatus.USAGE,
            "'Ghost' cannot be the name of a user: it belongs to a user of the program itself. Choose 1 to 255 letters, digits,"
            " `_`, `-` and `.`, as in `ada.lovelace`.",
        ),
        (
            ["other", "--email", "x@example.com\nBcc: y@example.com"],
            ExitStatus.USAGE,
            "'x@example.com\\nBcc: y@example.com' is not an e-mail address. Write it as in `ada@example.com`.",
        ),
    ],
)
def test_a_user_who_cannot_be_is_refused(
    instance: Instance, words: list[str], status: ExitStatus, message: str
) -> None:
    instance.run("user", "create", "ada", "--email", "ada@example.com").ok()
    assert instance.run("user", "create", *words).refused(status) == message
    assert [user["username"] for user in instance.json("user", "list")["users"]] == ["ada"]


def test_a_token_is_printed_alone_and_stands_for_its_user_until_it_is_revoked(instance: Instance) -> None:
    instance.run("user", "create", "ada", "--email", "ada@example.com").ok()
    token = instance.run("token", "create", "ada").ok().out
    assert token.startswith("glpat-")
    assert token.count("\n") == 1
    reading = instance.json(
        "token", "create", "ADA", "--scope", "read_api", "--label", "looks", "--expires-at", "2099-12-31"
    )
    database = connect(instance.environment["DATABASE_URL"])
    with database.session() as session:
        assert access.authenticate(session, token.strip()).scopes == {Scope.API}
        assert access.authenticate(session, reading["token"]).scopes == {Scope.READ_API}
    rows = instance.json("token", "list", "ada")["tokens"]
    assert [(row["id"], row["label"], row["scopes"], row["expires_at"], row["revoked"]) for row in rows] == [
        (1, "offline-transfer", ["api"], None, False),
        (2, "looks", ["read_api"], "2099-12-31", False),
    ]
    listed = instance.run("token", "list").ok().out
    assert token.strip() not in listed
    assert "glpat-" not in listed
    assert instance.run("token", "revoke", "1").ok().out == "Revoked token 1\n"
    with database.session() as session, pytest.raises(TokenRevokedError):
        access.authenticate(session, token.strip())
    database.close()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["create", "eve"],
            ExitStatus.NOT_FOUND,
            "There is no user 'eve' in this instance. `offline-transfer user list` shows who there is.",
        ),
        (
            ["create", "ada", "--expires-at", "2020-02-29"],
            ExitStatus.USAGE,
            "A token that expires on 2020-02-29 could not be used at all. Choose a day after today.",
        ),
        (
            ["revoke", "77"],
            ExitStatus.NOT_FOUND,
            "There is no token with the number 77. `offline-transfer token list` shows which there are.",
        ),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    instance: Instance, words: list[str], status: ExitStatus, message: str
) -> None:
    instance.run("user", "create", "ada", "--email", "ada@example.com").ok()
    assert instance.run("token", *words).refused(status) == message


def test_whoever_is_blocked_is_out_until_let_in_again(instance: Instance) -> None:
    instance.run("user", "create", "ada", "--email", "ada@example.com").ok()
    token = instance.run("token", "create", "ada").ok().out.strip()
    assert instance.run("user", "block", "ada").ok().out == "ada is blocked\n"
    database = connect(instance.environment["DATABASE_URL"])
    with database.session() as session, pytest.raises(UserMayNotSignInError):
        access.authenticate(session, token)
    assert instance.json("user", "unblock", "ada")["state"] == "active"
    with database.session() as session:
        assert access.authenticate(session, token).username == "ada"
    database.close()


def test_members_come_change_and_go(settled: Prepared, program: Program, tmp_path: Path) -> None:
    with settled.copied(program, tmp_path / "instance") as instance:
        instance.run("user", "create", "grace", "--email", "grace@example.com").ok()
        user = instance.json("user", "list")["users"][-1]["id"]
        assert (
            instance.run("member", "add", "PLACE", "grace", "--role", "guest").ok().out == "grace is guest of place\n"
        )
        assert instance.json("member", "add", "place", "grace", "--role", "owner", "--expires-at", "2099-01-01") == {
            "path": "place",
            "username": "grace",
            "kind": "human",
            "role": "owner",
            "expires_at": "2099-01-01",
        }
        instance.run("member", "add", "place/inner/app", "grace", "--role", "reporter").ok()
        listed = instance.json("member", "list", "place/inner/app")["members"]
        assert [tuple(row.values()) for row in listed] == [
            ("place", "grace", "human", "owner", "2099-01-01"),
            ("place/inner/app", "ada", "placeholder", "maintainer", None),
            ("place/inner/app", "bo", "placeholder", "developer", None),
            ("place/inner/app", "grace", "human", "reporter", None),
        ]
        database = connect(instance.environment["DATABASE_URL"])
        with database.session() as session:
            actor = access.actor_of(session, user)
            assert access.can(session, actor, Ability.ADMIN_PROJECT, 1)
        assert instance.run("member", "remove", "place", "grace").ok().out == "grace is no member any more\n"
        with database.session() as session:
            assert not access.can(session, actor, Ability.ADMIN_PROJECT, 1)
        database.close()
        assert instance.run("member", "remove", "place", "grace").refused(ExitStatus.NOT_FOUND) == (
            "grace is not a direct member of `place`. `offline-transfer member list` shows who is."
        )
        assert instance.run("member", "add", "nowhere", "grace", "--role", "owner").refused(ExitStatus.NOT_FOUND) == (
            "There is no group or project 'nowhere' in this instance. `offline-transfer tree` shows what there is."
        )
        assert instance.run("member", "add", "place", "grace", "--role", "king").status == ExitStatus.USAGE


def test_the_name_of_a_stand_in_is_taken(settled: Prepared, program: Program) -> None:
    instance = settled.shared(program)
    taken = instance.run("user", "create", "Ada", "--email", "ada@example.com").refused(ExitStatus.CONFLICT)
    assert taken == (
        "The name Ada belongs to a user that an import made, who stands for one of its source. Choose another."
    )
    assert instance.run("token", "create", "ada").refused(ExitStatus.NOT_FOUND) == (
        "There is no user 'ada' in this instance. `offline-transfer user list` shows who there is."
    )
    assert instance.json("user", "list") == {"users": []}


def test_settings_are_listed_changed_and_given_back(instance: Instance) -> None:
    rows = {row["name"]: row for row in instance.json("settings", "list")["settings"]}
    assert tuple(rows) == NAMES
    assert rows["offline_transfer_exports_enabled"]["value"] is False
    outcome = instance.run("settings", "set", "offline_transfer_exports_enabled", "true").ok()
    assert outcome.out == "true\n"
    assert instance.run("settings", "get", "offline_transfer_exports_enabled").ok().out == "true\n"
    instance.run("settings", "set", "offline_transfer_disk_roots", "/media/a,/media/b").ok()
    assert instance.json("settings", "get", "offline_transfer_disk_roots") == {
        "name": "offline_transfer_disk_roots",
        "value": ["/media/a", "/media/b"],
        "default": [],
        "unit": None,
        "changed": True,
        "description": "The directories below which archives may be written and read, with commas between, or `none`. Every"
        " worker has to see them.",
    }
    assert instance.run("settings", "reset", "offline_transfer_disk_roots").ok().out == "none\n"
    changed = [row["name"] for row in instance.json("settings", "list")["settings"] if row["changed"]]
    assert changed == ["offline_transfer_exports_enabled"]
    assert "offline_transfer_exports_enabled" in instance.run("settings", "list").ok().out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["set", "exports", "true"],
            ExitStatus.NOT_FOUND,
            "There is no setting 'exports'. `offline-transfer settings list` shows which there are.",
        ),
        (
            ["set", "concurrent_relation_exports", "many"],
            ExitStatus.USAGE,
            "The setting `concurrent_relation_exports` cannot be 'many': input should be a valid integer, unable to parse string"
            " as an integer. `offline-transfer settings get concurrent_relation_exports` explains it.",
        ),
        (
            ["get", "id"],
            ExitStatus.NOT_FOUND,
            "There is no setting 'id'. `offline-transfer settings list` shows which there are.",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    instance: Instance, words: list[str], status: ExitStatus, message: str
) -> None:
    assert instance.run("settings", *words).refused(status) == message


def test_keys_are_made_once_and_rotated(instance: Instance, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    instance = Instance(instance.program, instance.data_dir, {"DATABASE_URL": instance.environment["DATABASE_URL"]})
    assert instance.program.run("db", "make-key", keys).ok().out == f"Wrote {keys}\n"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert instance.program.run("db", "make-key", keys).refused(ExitStatus.CONFLICT) == (
        f"There are keys in {keys} already. Keep them; `offline-transfer db rotate-key` puts a new one in front."
    )
    (first,) = keys.read_text().split()
    assert instance.run("db", "rotate-key").refused(ExitStatus.USAGE) == (
        "With DATABASE_URL the keys that encrypt credentials lie in a file that OFFLINE_TRANSFER_SECRETS_FILE names, and it is"
        " not set. Make one with `offline-transfer db make-key FILE`, and give the same file to every machine of this instance."
    )
    having = instance.having(OFFLINE_TRANSFER_SECRETS_FILE=str(keys))
    assert having.run("db", "rotate-key").ok().out == "Encrypted anew: 0\n"
    assert having.json("db", "rotate-key", "--no-new-key") == {"resealed": 0, "broken": []}
    newest, kept = keys.read_text().split()
    assert kept == first
    assert first != newest
    token = Vault(keys).seal("x", table="import_offline_configurations", column="object_storage_credentials", id=1)
    keys.write_text(newest)
    assert (
        Vault(keys).open(token, table="import_offline_configurations", column="object_storage_credentials", id=1) == "x"
    )


def test_what_options_accept_is_what_there_is() -> None:
    assert [scope.value for scope in TokenScope] == [scope.value for scope in Scope]
    assert [role.value for role in MemberRole] == [role.value for role in Role]


def test_the_howto_says_what_works(
    settled: Prepared, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (REPOSITORY / "docs" / "howto" / "first-set-up.md").read_text("utf-8")
    commands = re.findall(r"^\.venv/bin/offline-transfer (.+)$", page, re.MULTILINE)
    assert len(commands) == 13
    keys = tmp_path / "keys"
    monkeypatch.setenv("OFFLINE_TRANSFER_SECRETS_FILE", str(keys))
    with settled.copied(program, tmp_path / "forge") as instance:
        for command in commands:
            words = shlex.split(command.replace("/etc/offline-transfer/keys", str(keys)).replace(" acme", " place"))
            if words[0] == "serve":
                continue
            if "--data-dir" in words:
                place = words.index("--data-dir")
                assert words[place + 1] == "/tmp/forge"
                del words[place : place + 2]
            if words[:2] == ["db", "make-key"]:
                instance.program.run(*words).ok()
            else:
                instance.run(*words).ok()
