"""Names that a pattern does not expect."""

from pathlib import Path

from tests.attacks.making import tars
from tests.attacks.victim import Victim


class TestA03OddNames:
    """A3: a name with a line break or another odd character slips through the check that should have caught it.

    It happened to GitLab in 2018: `.\\nevil` was not seen by the pattern that looked for links after unpacking.
    Defence: no cleaning after the fact. A name is accepted as a whole or refused, by what characters are allowed; the tar
    as a whole where no honest export writes such a name, one upload alone where only this forge refuses it.
    """

    def test_a_tar_with_such_a_name_is_refused_as_a_whole(self, victim: Victim, tmp_path: Path) -> None:
        for number, (name, reason) in enumerate(tars.ODD_NAMES.items()):
            taken = victim.takes(tars.named(tmp_path / str(number), name))
            assert taken.counts("uploads") == (1, 0, 0, 1), name
            (message,) = taken.messages
            assert "holds a member that is refused" in message
            assert reason in message
        assert victim.rows("SELECT path FROM uploads") == []

    def test_an_upload_that_another_system_could_misread_fails_alone(self, victim: Victim, tmp_path: Path) -> None:
        count = len(tars.STORED_NAMES)
        taken = victim.takes(tars.stored(tmp_path, *tars.STORED_NAMES))
        assert taken.counts("uploads") == (count + 1, 1, 0, count)
        assert taken.reasons("uploads") == {"invalid_value": count}
        assert victim.column("SELECT path FROM uploads") == [f"{tars.SECRET}/good.png"]

    def test_names_of_all_languages_are_taken(self, victim: Victim, tmp_path: Path) -> None:
        names = ("Überblick.pdf", "図.png", "حزيران 1.txt", "a b (1).txt", "-rf", "$(id).png")
        taken = victim.takes(tars.stored(tmp_path, *names))
        assert taken.counts("uploads") == (7, 7, 0, 0)
