"""Rights that an archive claims: A16 to A19."""

from pathlib import Path
from typing import Final

import pytest

from offline_transfer.forge import accounts, membership
from offline_transfer.forge.access import OPERATOR, level_cap
from offline_transfer.forge.enums import AccessLevel
from tests.attacks.making import archives, records
from tests.attacks.victim import Victim

RULES: Final = (
    "protected_branch_merge_access_levels",
    "protected_branch_push_access_levels",
    "protected_branch_unprotect_access_levels",
    "protected_tag_create_access_levels",
    "protected_environment_deploy_access_levels",
)
LEVELS: Final = (0, 10, 30, 35, 40, 50, 60, -1)
"""No one, guests, developers, nobody's, maintainers, owners, administrators, nonsense."""


@pytest.fixture
def sue(victim: Victim) -> str:
    """Somebody who owns a subgroup and develops in the group around it."""
    with victim.database.session() as session:
        user = accounts.create(session, "sue", email="sue@example.com", name="Sue")
        membership.add(session, "place", user, membership.Role.DEVELOPER)
        membership.add(session, "place/inner", user, membership.Role.OWNER)
    return "sue"


def levels_of(victim: Victim, table: str) -> list[int]:
    """The levels that the rules of a table let through which were imported last, in their order."""
    return victim.column(f"SELECT access_level FROM {table} ORDER BY id DESC LIMIT {len(LEVELS)}")[::-1]


class TestA16Members:
    """A16: an archive says that somebody is an owner, and they are.

    It happened to GitLab with edited rows of members (a report of 2021, and another of 2023).
    Defence: nobody gets more than the importing user has, never more than an owner, and no level that does not exist.
    Members of an archive are people who stand for those of the source; nobody who can sign in here gets a role by an
    archive.
    """

    def test_levels_are_capped_and_have_to_exist(self, victim: Victim, tmp_path: Path) -> None:
        before = victim.rows("SELECT count(*) FROM members m JOIN users u ON u.id = m.user_id WHERE u.user_type = 0")
        taken = victim.takes(records.members(tmp_path, 60, 50, 40, 30, 45, -1, "60", 2**31, True))
        assert taken.counts("project_members") == (9, 5, 0, 4)
        assert taken.reasons("project_members") == {"invalid_value": 4}
        found = victim.column("SELECT access_level FROM members ORDER BY id DESC LIMIT 5")
        assert sorted(found) == [30, 40, 50, 50, 50]
        people = "SELECT count(*) FROM members m JOIN users u ON u.id = m.user_id WHERE u.user_type = 0"
        assert victim.rows(people) == before

    def test_nobody_gives_more_than_they_have(self, victim: Victim, sue: str) -> None:
        (other,) = victim.column("SELECT id FROM namespaces WHERE path = 'other'")
        (inner,) = victim.column("SELECT id FROM namespaces WHERE path = 'inner'")
        with victim.database.session() as session:
            caps = {name: level_cap(session, victim.actor(name), inner) for name in ("root", "olga", "dan", sue)}
            assert level_cap(session, OPERATOR, inner) == AccessLevel.owner
            assert level_cap(session, victim.actor("dan"), other) == AccessLevel.no_access
        assert caps == {"root": 50, "olga": 50, "dan": 30, sue: 50}

    def test_a_name_that_is_known_here_stands_for_somebody_else(self, victim: Victim, tmp_path: Path) -> None:
        """The archive's `root` is not ours, whatever it is called."""
        person = {"id": 7, "username": "root", "name": "Root", "public_email": "root@example.com"}
        made = records.members_who_are(tmp_path, person, level=50)
        taken = victim.takes(made)
        assert taken.counts("project_members") == (1, 1, 0, 0)
        (row,) = victim.rows(
            "SELECT u.username, u.user_type, u.admin FROM members m JOIN users u ON u.id = m.user_id ORDER BY m.id DESC LIMIT 1"
        )
        assert row[0] != "root"
        assert row[1:] == (15, False)


class TestA17Protections:
    """A17: rules of an archive let the importer, or a stranger, push to a protected branch, and so get at its variables.

    It happened to GitLab (reports of 2023, 2024, and a regression of the fix).
    Defence: only an owner of the root group brings rules that let others through than no one and maintainers, and of those
    only the ones that GitLab knows. Groups of a rule do not travel, and its users are people who stand for those of the
    source.
    """

    def test_who_does_not_own_the_root_group_brings_no_rights(self, victim: Victim, tmp_path: Path, sue: str) -> None:
        taken = victim.takes_for(sue, records.protections(tmp_path, *LEVELS), "place/inner")
        assert taken.messages == []
        for table in RULES:
            assert levels_of(victim, table) == [0, 40, 40, 40, 40, 40, 40, 40], table

    def test_an_owner_of_the_root_group_brings_those_that_exist(self, victim: Victim, tmp_path: Path) -> None:
        victim.takes_for("olga", records.protections(tmp_path, *LEVELS), "place/inner")
        for table in RULES:
            assert levels_of(victim, table) == [0, 40, 30, 40, 40, 40, 60, 40], table

    def test_a_rule_for_one_user_or_group_lets_nobody_through_who_is_here(self, victim: Victim, tmp_path: Path) -> None:
        (olga,) = victim.column("SELECT id FROM users WHERE username = 'olga'")
        (group,) = victim.column("SELECT id FROM namespaces WHERE path = 'other'")
        victim.takes(records.protections(tmp_path, user_id=olga, group_id=group))
        for table in RULES:
            found = victim.rows(
                f"SELECT u.user_type, t.group_id FROM {table} t LEFT JOIN users u ON u.id = t.user_id ORDER BY t.id DESC LIMIT 2"
            )
            assert found == [(None, None), (15, None)], table


class TestA18Schedules:
    """A18: a schedule of an archive starts pipelines, with the rights of whoever imported it.

    It happened to GitLab (a report of 2021).
    Defence: schedules arrive switched off, without a next run and without variables. They belong to the importing user, who
    sees them when switching them on.
    """

    def test_schedules_rest(self, victim: Victim, tmp_path: Path) -> None:
        (root, olga) = victim.column("SELECT id FROM users WHERE username IN ('root', 'olga') ORDER BY username DESC")
        taken = victim.takes_for("olga", records.schedules(tmp_path, root), "place")
        assert taken.counts("pipeline_schedules") == (1, 1, 0, 0)
        columns = "active, owner_id, next_run_at"
        (row,) = victim.rows(f"SELECT {columns} FROM ci_pipeline_schedules ORDER BY id DESC LIMIT 1")
        assert row == (False, olga, None)


class TestA19Runners:
    """A19: a project that is imported into a group runs on the runners of the group, which know its secrets.

    It happened to GitLab (reports of 2022 and 2023).
    Defence: runners of the group and of the instance, and Auto DevOps, arrive switched off, and the plan says so. Tokens of
    runners do not travel.
    """

    def test_nothing_runs_until_somebody_says_so(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes_for("olga", records.runners(tmp_path), "place")
        (project,) = victim.column("SELECT max(id) FROM projects")
        assert victim.column("SELECT shared_runners_enabled FROM projects WHERE id = :id", id=project) == [False]
        assert victim.column(
            "SELECT group_runners_enabled FROM project_ci_cd_settings WHERE project_id = :id", id=project
        ) == [False]
        assert victim.column("SELECT enabled FROM project_auto_devops WHERE project_id = :id", id=project) == [False]
        assert taken.dropped("self")["runners_token"] == "excluded"

    def test_saying_nothing_is_not_saying_yes(self, victim: Victim, tmp_path: Path) -> None:
        victim.takes(archives.honest(tmp_path))
        assert victim.column("SELECT shared_runners_enabled FROM projects ORDER BY id DESC LIMIT 1") == [False]
