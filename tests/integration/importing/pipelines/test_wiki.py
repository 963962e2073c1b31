"""The wiki of a group or project."""

from pathlib import Path

import pytest

from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.types import PortableKind
from tests.support.pipelines import Failed, Scene, bundle, tar_of

KINDS = [(PortableKind.PROJECT, RepositoryKind.WIKI), (PortableKind.GROUP, RepositoryKind.GROUP_WIKI)]


@pytest.mark.parametrize(("kind", "repository"), KINDS)
def test_a_bundle_becomes_the_wiki_and_again_the_same_one(
    scene: Scene, tmp_path: Path, kind: PortableKind, repository: RepositoryKind
) -> None:
    portable = scene.portable(kind)
    found = tar_of("wiki", {"wiki.bundle": bundle(tmp_path), "other": b"x"}, records=1)
    batch = portable.batch("wiki")
    expected = (2, 1, 1, 0, {"no_place": 1})
    for _ in range(2):
        count = portable.run_batch(batch, found).paths["wiki"]
        assert (count.source, count.imported, count.skipped, count.failed, dict(count.reasons)) == expected
        refs = portable.work.destination.repositories.refs(RepositoryPath(repository, portable.id))
        assert [ref.name for ref in refs] == ["refs/heads/branch-0"]
        portable.lose_end(batch)


def test_without_a_bundle_there_is_no_wiki(scene: Scene) -> None:
    project = scene.portable(PortableKind.PROJECT)
    assert project.run(tar_of("wiki", {}, records=0)).paths == {}
    assert not project.work.destination.repositories.exists(RepositoryPath(RepositoryKind.WIKI, project.id))


def test_a_bundle_that_is_none_fails_in_the_loader_with_all_its_refs(scene: Scene) -> None:
    project = scene.portable(PortableKind.PROJECT)
    count = project.run(tar_of("wiki", {"wiki.bundle": b"no bundle"}, records=3)).paths["wiki"]
    assert (count.source, count.failed) == (3, 3)
    (failure,) = project.failures("wiki")
    assert failure == Failed("WikiPipeline", "loader", "invalid_value", failure.message, "wiki", None)
    assert "bundle" in failure.message
