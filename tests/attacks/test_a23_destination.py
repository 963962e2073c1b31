"""Where an import may go."""

from pathlib import Path

import pytest

from offline_transfer.forge import accounts, membership
from offline_transfer.importing.errors import DestinationForbiddenError
from tests.attacks.making import archives
from tests.attacks.victim import Victim


class TestA23Destination:
    """A23: whoever may import somewhere gets an import to where they may not.

    It happened to GitLab with tokens of fewer rights than their users (CVE-2026-82632).
    Defence: the group into which an entity goes is looked up, and the right to it asked, when the import is taken on and again
    for each entity before it is made. Nobody is told whether a group exists that they cannot see.
    """

    def test_a_place_that_is_not_yours_is_refused_before_the_first_row(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.honest(tmp_path)
        for username, into in (("olga", "other"), ("olga", "nowhere"), ("dan", "place")):
            with pytest.raises(DestinationForbiddenError) as caught:
                victim.takes_for(username, archive, into)
            assert f"`{into}`" in caught.value.message
        assert victim.witness.added() == {}

    def test_who_loses_the_right_meanwhile_imports_nothing_more(self, victim: Victim, tmp_path: Path) -> None:
        def demote() -> None:
            with victim.database.session() as session:
                membership.add(session, "place", accounts.find(session, "olga"), membership.Role.DEVELOPER)

        archive = archives.honest(tmp_path)
        taken = victim.imports(archive, into="place", actor=victim.actor("olga"), between=demote)
        assert {item["status"] for item in taken.document["entities"]} == {"failed"}
        assert set(victim.witness.added()) <= {"users"}
        assert "`place`" in taken.messages[0]
