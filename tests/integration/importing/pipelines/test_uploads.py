"""The attachments and the avatar of a group or project."""

from dataclasses import replace
from pathlib import Path

import pytest

from offline_transfer.forge.files import Files
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageFullError
from offline_transfer.types import PortableKind
from tests.support.faulty_store import Fault, FaultyStore, Method
from tests.support.pipelines import Failed, Portable, Scene, tar_of

SECRET = "a" * 32
FILES = {f"{SECRET}/plan.txt": b"first this", "avatar/logo.png": b"\x89PNG", "too/deep/down.txt": b"x"}
OWNERS = [(PortableKind.PROJECT, "projects", "Project"), (PortableKind.GROUP, "namespaces", "Namespace")]


@pytest.mark.parametrize(("kind", "table", "model"), OWNERS)
def test_files_are_stored_under_their_secrets_and_again_the_same_ones(
    scene: Scene, kind: PortableKind, table: str, model: str
) -> None:
    portable = scene.portable(kind)
    found = tar_of("uploads", FILES)
    batch = portable.batch("uploads")
    for _ in range(2):
        count = portable.run_batch(batch, found).paths["uploads"]
        assert (count.source, count.imported, count.failed) == (3, 2, 1)
        rows = portable.instance.rows("uploads", "secret", "mount_point", "size", model_type=model)
        assert rows == [(SECRET, None, 10), (None, "avatar", 4)]
        assert portable.instance.rows(table, "avatar", id=portable.id) == [("logo.png",)]
        (failure,) = portable.failures("uploads")
        assert failure == Failed("UploadsPipeline", "loader", "invalid_value", failure.message, "uploads", None)
        portable.lose_end(batch)


def test_an_object_that_is_cut_fails_and_says_where_but_what_was_written_of_it_counts(scene: Scene) -> None:
    project = scene.portable(PortableKind.PROJECT)
    count = project.run(tar_of("uploads", FILES, records=3).cut()).paths["uploads"]
    assert (count.source, count.imported, count.failed, dict(count.reasons)) == (3, 2, 1, {"object_damaged": 1})
    assert len(project.instance.rows("uploads", "id", model_type="Project", model_id=project.id)) == 2
    (failure,) = project.failures("uploads")
    assert failure == Failed("UploadsPipeline", "extractor", "object_damaged", failure.message, "uploads", None)
    assert failure.message.startswith("project_1/uploads.gz ")


def with_room_for_one(portable: Portable, directory: Path) -> Portable:
    """The same where the store of the instance is full after the first file."""
    full = Fault(method=Method.PUT, call=2, error=StorageFullError(key="x", store="files"))
    files = Files(FaultyStore(DiskStore(directory), full))
    destination = replace(portable.work.destination, files=files)
    return replace(portable, work=replace(portable.work, destination=destination))


@pytest.mark.parametrize(("announced", "failed"), [(3, 2), (None, 1)])
def test_files_that_were_stored_before_the_store_was_full_count_as_imported_and_the_others_come_with_a_retry(
    scene: Scene, tmp_path: Path, announced: int | None, failed: int
) -> None:
    project = scene.portable(PortableKind.PROJECT)
    names = [f"{SECRET}/{name}.txt" for name in "abc"]
    found = tar_of("uploads", dict.fromkeys(names, b"x"), records=announced)
    batch = project.batch("uploads")
    count = with_room_for_one(project, tmp_path / "files").run_batch(batch, found).paths["uploads"]
    assert (count.source, count.imported, count.failed) == (1 + failed, 1, failed)
    assert dict(count.reasons) == {"given_up": failed}
    stored = {"model_type": "Project", "model_id": project.id}
    assert project.instance.rows("uploads", "path", **stored) == [(names[0],)]
    (failure,) = project.failures("uploads")
    assert failure == Failed("UploadsPipeline", "loader", "given_up", failure.message, "uploads", None)
    assert project.run(found).paths["uploads"].imported == 3
    assert project.instance.rows("uploads", "path", **stored) == [(name,) for name in names]
