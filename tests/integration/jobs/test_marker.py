"""Which data directory belongs to a database."""

from dataclasses import replace
from pathlib import Path

import pytest

from offline_transfer.jobs import marker
from offline_transfer.jobs.errors import ForeignDataDirectoryError
from offline_transfer.jobs.instance import Instance
from tests.integration.jobs.scene import Scene


def elsewhere(instance: Instance, directory: Path) -> Instance:
    """The same database, and another directory."""
    return replace(instance, settings=instance.settings.model_copy(update={"data_dir": directory}))


def test_the_first_directory_is_the_one_that_belongs_to_the_database(scene: Scene, tmp_path: Path) -> None:
    marker.require(scene.instance)
    marker.require(scene.instance)
    kept = scene.scalar("SELECT marker FROM data_directories")
    assert (scene.settings.data_dir / marker.FILE).read_text() == f"{kept}\n"
    other = tmp_path / "other"
    with pytest.raises(ForeignDataDirectoryError) as caught:
        marker.require(elsewhere(scene.instance, other))
    assert caught.value.message == (
        f"The data directory {other} is not the one that belongs to the database {scene.database.where}: it has no file"
        " `instance-id`. Give the right one with `--data-dir` (on another machine it has to lie on a shared file system), or"
        " start a worker that needs none with `offline-transfer worker --queue rows`."
    )
    assert not other.exists()


def test_the_directory_of_another_database_is_refused(scene: Scene, tmp_path: Path) -> None:
    marker.require(scene.instance)
    other = tmp_path / "other"
    other.mkdir()
    (other / marker.FILE).write_text("0123456789abcdef\n")
    with pytest.raises(ForeignDataDirectoryError, match="its file `instance-id` is another one's"):
        marker.require(elsewhere(scene.instance, other))


def test_a_directory_that_has_a_marker_keeps_it_for_a_new_database(scene: Scene) -> None:
    scene.settings.data_dir.mkdir(exist_ok=True)
    (scene.settings.data_dir / marker.FILE).write_text("0123456789abcdef\n")
    marker.require(scene.instance)
    assert scene.scalar("SELECT marker FROM data_directories") == "0123456789abcdef"


def test_the_directory_of_an_embedded_database_is_always_right(scene: Scene) -> None:
    embedded = scene.settings.model_copy(update={"database_url": None})
    instance = replace(scene.instance, settings=embedded)
    marker.require(instance)
    kept = (embedded.data_dir / marker.FILE).read_text()
    (embedded.data_dir / marker.FILE).unlink()
    marker.require(instance)
    assert (embedded.data_dir / marker.FILE).read_text() == kept
