"""The attachments and the avatar of a group or project."""

import pytest

from offline_transfer.types import PortableKind
from tests.support.pipelines import Failed, Scene, tar_of

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


def test_an_object_that_is_cut_fails_as_a_whole_and_says_where(scene: Scene) -> None:
    project = scene.portable(PortableKind.PROJECT)
    count = project.run(tar_of("uploads", FILES, records=3).cut()).paths["uploads"]
    assert (count.source, count.failed, dict(count.reasons)) == (3, 3, {"object_damaged": 3})
    (failure,) = project.failures("uploads")
    assert failure == Failed("UploadsPipeline", "extractor", "object_damaged", failure.message, "uploads", None)
    assert failure.message.startswith("project_1/uploads.gz ")
