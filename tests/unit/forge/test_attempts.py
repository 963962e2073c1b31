"""Attempts: what dies leaves something that a sweep can tell from what lives."""

import ctypes
import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from offline_transfer.forge.attempts import Attempts, put_in_place

DYING = """
import os, signal, sys
from pathlib import Path
from offline_transfer.forge.attempts import Attempts
with Attempts(Path(sys.argv[1])).begin() as place:
    (place / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_attempt_has_a_private_directory_that_goes_with_it(tmp_path: Path) -> None:
    with Attempts(tmp_path / "attempts").begin() as place:
        (place / "inner").mkdir()
        assert place.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "attempts").iterdir()) == []


def test_an_attempt_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Attempts(tmp_path).begin() as place:
        (place / "half").write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_removes_what_a_killed_process_left_and_spares_the_living(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    killed = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = tmp_path.glob("*/half")
    with attempts.begin() as place:
        (place / "half").write_text("alive")
        assert attempts.sweep() == 1
        assert not left.parent.exists()
        assert (place / "half").read_text() == "alive"
    assert attempts.sweep() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_before_the_first_attempt_finds_nothing(tmp_path: Path) -> None:
    assert Attempts(tmp_path / "absent").sweep() == 0


def test_a_sweep_never_follows_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    directory = tmp_path / "attempts"
    directory.mkdir()
    (directory / "x.lock").touch()
    (directory / "x").symlink_to(outside)
    Attempts(directory).sweep()
    assert (outside / "precious").read_text() == "precious"


@pytest.fixture(params=["exchange", "renames"])
def _way_of_replacing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "exchange":
        return

    class LibraryWithoutExchange:
        def renameat2(self, *_: object) -> int:
            ctypes.set_errno(errno.EINVAL)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: LibraryWithoutExchange())


@pytest.mark.usefixtures("_way_of_replacing")
def test_what_stands_in_a_place_is_replaced_as_a_whole(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "place"
    for text in ("first", "second"):
        with Attempts(tmp_path / "attempts").begin() as directory:
            fresh = directory / "fresh"
            fresh.mkdir()
            (fresh / text).write_text(text)
            put_in_place(fresh, place)
            assert [path.name for path in place.iterdir()] == [text]
    assert list((tmp_path / "attempts").iterdir()) == []


def test_a_file_in_the_place_is_not_replaced(tmp_path: Path) -> None:
    fresh, place = tmp_path / "fresh", tmp_path / "place"
    fresh.mkdir()
    place.write_text("a file")
    with pytest.raises(NotADirectoryError):
        put_in_place(fresh, place)
    assert place.read_text() == "a file"
