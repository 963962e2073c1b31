"""The Git repository of a project."""

from pathlib import Path

from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from tests.support.pipelines import Failed, Portable, bundle, tar_of


def refs(project: Portable) -> list[str]:
    """The refs of the project's repository."""
    path = RepositoryPath(RepositoryKind.PROJECT, project.id)
    return [ref.name for ref in project.work.destination.repositories.refs(path)]


def test_a_bundle_becomes_the_repository_and_again_the_same_one(project: Portable, tmp_path: Path) -> None:
    found = tar_of("repository", {"repository.bundle": bundle(tmp_path, branches=2)}, records=2)
    batch = project.batch("repository")
    for _ in range(2):
        count = project.run_batch(batch, found).paths["repository"]
        assert (count.source, count.imported) == (2, 2)
        assert refs(project) == ["refs/heads/branch-0", "refs/heads/branch-1"]
        project.lose_end(batch)


def test_without_a_bundle_the_repository_is_empty_and_there(project: Portable) -> None:
    assert project.run(tar_of("repository", {}, records=0)).paths == {}
    assert refs(project) == []


def test_a_bundle_that_is_none_leaves_an_empty_repository_and_a_failure(project: Portable) -> None:
    count = project.run(tar_of("repository", {"repository.bundle": b"no bundle"}, records=5)).paths["repository"]
    assert (count.source, count.failed) == (5, 5)
    (failure,) = project.failures("repository")
    assert failure == Failed("RepositoryPipeline", "loader", "invalid_value", failure.message, "repository", None)


def test_what_was_left_of_a_bundle_on_the_way_is_gone(project: Portable, tmp_path: Path) -> None:
    made = bundle(tmp_path)
    damaged = tar_of("repository", {"repository.bundle": made}, records=2).cut()
    count = project.run(damaged).paths["repository"]
    # The end of the object is what is cut: what was put in place before is there, and counts.
    assert (count.source, count.imported, dict(count.reasons)) == (2, 1, {"object_damaged": 1})
    assert refs(project) == ["refs/heads/branch-0"]
    (failure,) = project.failures("repository")
    assert (failure.step, failure.reason) == ("extractor", "object_damaged")
    assert list((project.instance.directory / "spool").iterdir()) == []
