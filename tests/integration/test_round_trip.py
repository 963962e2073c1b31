"""The main test: everything leaves one instance, enters another, leaves that, and says the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from offline_transfer.db import Database
from tests.support.fill import empty_paths, fill_every_relation, unset_attributes
from tests.support.instances import Exported, Instance, compared

CLEARED = {
    "ci_pipeline_schedules.next_run_at",
    "protected_branch_merge_access_levels.group_id",
    "protected_branch_push_access_levels.group_id",
    "protected_branch_unprotect_access_levels.group_id",
    "protected_environment_deploy_access_levels.group_id",
    "protected_tag_create_access_levels.group_id",
    "users.public_email",
}
"""What an import leaves empty on purpose; public e-mail addresses are kept beside the stand-ins."""

MakeDatabase = Callable[[], Database]


def instance(make_database: MakeDatabase, directory: Path, **overrides: object) -> Instance:
    """An empty instance."""
    directory.mkdir()
    return Instance(make_database(), directory, overrides)


@pytest.fixture
def source(make_database: MakeDatabase, tmp_path: Path) -> Instance:
    """An instance in which every relation has records."""
    filled = instance(make_database, tmp_path / "source", batch_size=3)
    fill_every_relation(filled.database, filled.repositories, filled.files)
    return filled


@pytest.fixture
def exported(source: Instance, tmp_path: Path) -> Exported:
    """Its archive."""
    archive = source.export(tmp_path / "first", "fill")
    assert archive.failures == []
    return archive


def same(first: Exported, second: Exported, roots: dict[str, str] | None = None) -> None:
    """Both archives say the same, or the test says what differs."""
    comparison = compared(first, second, roots)
    assert [str(finding) for finding in comparison.findings] == []
    assert [path for path in comparison.paths if not path.is_equal] == []


def test_every_relation_survives_the_way_into_an_empty_instance_with_dirty_sequences(
    exported: Exported, make_database: MakeDatabase, tmp_path: Path
) -> None:
    destination = instance(make_database, tmp_path / "destination", batch_size=5)
    destination.dirty_sequences()
    imported = destination.import_archive(exported)
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert imported.gaps == []
    assert empty_paths(destination.database, least=1) == set()
    assert unset_attributes(destination.database) == CLEARED
    same(exported, destination.export(tmp_path / "second", "fill"))
