"""The embedded PostgreSQL: which programs run, and as whom."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from offline_transfer.embedded import THROWAWAY, running
from offline_transfer.embedded import program as programs
from offline_transfer.embedded.errors import EmbeddedProgramError

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="offline-transfer-test-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def closed_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The wheel, installed where only we can enter: a virtual environment below /root, say."""
    real = programs.find_program(tmp_path / "none").directory
    site = tmp_path / "site"
    shutil.copytree(real, site / programs.WHEEL / real.name, ignore=shutil.ignore_patterns("include"))
    if (libraries := real.parent.parent / programs.WHEEL_LIBRARIES).exists():
        shutil.copytree(libraries, site / programs.WHEEL_LIBRARIES)
    (site / programs.WHEEL / "__init__.py").touch()
    monkeypatch.syspath_prepend(site)
    programs.installed_versions.cache_clear()
    yield site
    programs.installed_versions.cache_clear()


def test_programs_that_the_server_user_cannot_reach_are_copied_to_where_it_can(
    tmp_path: Path, open_directory: Path, closed_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "SHARED_COPIES", open_directory / "copies")
    with running(tmp_path / "instance", THROWAWAY) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    used = programs.find_program(tmp_path / "instance/postgresql/server/data").directory
    assert used.is_relative_to(open_directory if IS_ROOT else closed_wheel)
    assert len(list(open_directory.glob("copies/*"))) == (1 if IS_ROOT else 0)
    assert not any(path.stat().st_mode & 0o022 for path in open_directory.rglob("*") if not path.is_symlink())


def test_data_that_belongs_to_a_user_is_served_as_that_user_even_by_root(tmp_path: Path) -> None:
    with running(tmp_path, THROWAWAY):
        pass
    owner = 1 if IS_ROOT else os.geteuid()
    server = tmp_path / "postgresql/server"
    for path in (server, *server.rglob("*")):
        os.chown(path, owner, -1)
    with running(tmp_path, THROWAWAY):
        process = (server / "data/postmaster.pid").read_text().split("\n")[0]
        assert Path(f"/proc/{process}").stat().st_uid == owner


def test_data_of_a_version_that_the_wheel_does_not_have_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedProgramError, match=f"the data in {tmp_path} was made by PostgreSQL 9"):
        programs.find_program(tmp_path)


def test_a_wheel_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
    programs.installed_versions.cache_clear()
    try:
        with pytest.raises(EmbeddedProgramError, match="the package no_such_wheel is not installed"):
            programs.find_program(tmp_path)
    finally:
        programs.installed_versions.cache_clear()
