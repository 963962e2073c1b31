"""The repositories of a project's snippets, each found by a digest of its snippet."""

from pathlib import Path

from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippet_digest import hexdigest
from tests.support.pipelines import MOMENT, Failed, Portable, bundle, lines_of, tar_of


def test_each_bundle_finds_its_snippet_and_again_the_same_one(project: Portable, tmp_path: Path) -> None:
    snippet = {"author_id": 7, "content": "x", "visibility_level": 0, "created_at": MOMENT, "updated_at": MOMENT}
    project.run(lines_of("snippets", *({**snippet, "title": title} for title in ("first", "second"))))
    columns = ("id", "title", "description", "created_at", "updated_at")
    (first, *_), (second, *what) = project.instance.rows("snippets", *columns, project_id=project.id)
    files = {f"{hexdigest(*what)}.bundle": bundle(tmp_path), "0" * 64 + ".bundle": b"of nobody"}
    found = tar_of("snippets_repository", files)
    batch = project.batch("snippets_repository")
    for _ in range(2):
        count = project.run_batch(batch, found).paths["snippets_repository"]
        assert (count.source, count.imported, dict(count.reasons)) == (2, 1, {"not_found": 1})
        repositories = project.work.destination.repositories
        exists = [repositories.exists(RepositoryPath(RepositoryKind.SNIPPET, found)) for found in (first, second)]
        assert exists == [False, True]
        project.lose_end(batch)
    broken = tar_of("snippets_repository", {f"{hexdigest(*what)}.bundle": b"no bundle"})
    assert project.run(broken).paths["snippets_repository"].failed == 1
    (failure,) = project.failures("snippets_repository")
    name = "SnippetsRepositoryPipeline"
    assert failure == Failed(name, "loader", "invalid_value", failure.message, "snippets_repository", None)
