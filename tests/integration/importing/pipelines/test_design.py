"""The repository of a project's designs."""

from pathlib import Path

from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from tests.support.pipelines import Failed, Portable, bundle, tar_of


def test_a_bundle_becomes_the_repository_of_designs_and_again_the_same_one(project: Portable, tmp_path: Path) -> None:
    found = tar_of("design", {"design.bundle": bundle(tmp_path)}, records=1)
    batch = project.batch("design")
    path = RepositoryPath(RepositoryKind.DESIGN, project.id)
    for _ in range(2):
        count = project.run_batch(batch, found).paths["design"]
        assert (count.source, count.imported) == (1, 1)
        assert [ref.name for ref in project.work.destination.repositories.refs(path)] == ["refs/heads/branch-0"]
        project.lose_end(batch)


def test_a_bundle_that_is_none_is_no_repository(project: Portable) -> None:
    count = project.run(tar_of("design", {"design.bundle": b"no bundle"})).paths["design"]
    assert (count.source, count.failed) == (1, 1)
    (failure,) = project.failures("design")
    assert failure == Failed("DesignPipeline", "loader", "invalid_value", failure.message, "design", None)
    path = RepositoryPath(RepositoryKind.DESIGN, project.id)
    assert not project.work.destination.repositories.exists(path)
