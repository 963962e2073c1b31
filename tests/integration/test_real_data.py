"""GitLab's own exports through everything: loaded, exported, imported, exported again, compared.

The data lies outside this repository; these tests say so where it is absent.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offline_transfer.db import Database
from offline_transfer.files.load import load
from offline_transfer.importing.request import Wanted
from tests.support.instances import Exported, Instance, compared

pytestmark = pytest.mark.fixtures

MakeDatabase = Callable[[], Database]


def project_exports(fixtures: Path) -> Iterator[Path]:
    """The directories of project exports that can be opened."""
    for tree in sorted(fixtures.glob("*/*/tree/project.json")):
        if "invalid_json" not in tree.parts:
            yield tree.parent.parent


def group_exports(fixtures: Path) -> Iterator[Path]:
    """The directories of group exports."""
    for tree in sorted(fixtures.glob("gitlab/group_exports/**/tree/groups")):
        yield tree.parent.parent


def same(first: Exported, second: Exported, roots: dict[str, str] | None = None) -> None:
    """Both archives say the same, or the test says what differs."""
    comparison = compared(first, second, roots)
    assert "\n".join(str(finding.to_json()) for finding in comparison.findings) == ""
    assert [path for path in comparison.paths if not path.is_equal] == []


@pytest.mark.slow
def test_all_of_gitlabs_exports_survive_the_way_and_enter_their_own_instance_again(
    gitlab_fixtures: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "destination").mkdir()
    source = Instance(make_database(), tmp_path / "source", {"batch_size": 7})
    loaded = []
    for path in project_exports(gitlab_fixtures):
        load(source, path, namespace="apps", slug=path.name, source_hostname=f"https://{path.name}.example")
        loaded.append(path.name)
    for path in group_exports(gitlab_fixtures):
        load(source, path, namespace="teams", slug=path.name, source_hostname=f"https://{path.name}.example")
    assert len(loaded) >= 10
    first = source.export(tmp_path / "first", "apps", "teams")
    assert first.failures == []
    destination = Instance(make_database(), tmp_path / "destination", {"batch_size": 1000})
    destination.dirty_sequences()
    imported = destination.import_archive(first)
    assert imported.failures == []
    assert imported.lost() == []
    assert imported.unbalanced() == []
    same(first, destination.export(tmp_path / "second", "apps", "teams"))
    for slug in ("once", "twice"):
        again = source.import_archive(first, [Wanted("apps", "teams", slug)])
        assert again.failures == []
        assert again.unbalanced() == []
    comparison = compared(
        source.export(tmp_path / "third", "teams/once"),
        source.export(tmp_path / "fourth", "teams/twice"),
        {"teams/once": "teams/twice"},
    )
    assert comparison.equal
