"""Archives from which something was left out on purpose, at their destination."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.exporting import result
from offline_transfer.exporting.create import create_export
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge.planning import Milestone
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.verify.findings import FindingKind
from tests.integration.exporting.exporter import Exporter
from tests.support.instances import Exported, Instance, compared

MakeDatabase = Callable[[], Database]


def export(instance: Instance, place: Path, *skip: str) -> Exported:
    context = instance.export_context()
    storage = StorageConfiguration.from_location(str(place), {})
    entity = RequestedEntity(full_path="top", skip_relations=skip)
    created = create_export(context, ExportRequest(entities=[entity], storage=storage))
    queue.run_until_empty(context)
    with instance.database.session() as session:
        rows = [row.to_json() for row in result.rows(session, created.id)]
        return Exported(place, created.prefix, rows, list(result.failures(session, created.id)))


@pytest.fixture
def source(exporter: Exporter) -> Instance:
    """`top/sub/app` with two milestones."""
    exporter.add(*(Milestone(iid=iid, title=f"Milestone {iid}", project_id=5) for iid in (1, 2)))
    return Instance(exporter.database, exporter.directory)


def test_what_was_left_out_is_no_gap_at_the_destination(
    source: Instance, make_database: MakeDatabase, tmp_path: Path
) -> None:
    archive = export(source, tmp_path / "first", "milestones", "repository", "max_iids", "user_contributions")
    destination = Instance(make_database(), tmp_path / "destination")
    imported = destination.import_archive(archive)
    assert (imported.gaps, imported.failures, imported.is_clean) == ([], [], True)
    with destination.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Milestone)) == 0
    back = export(destination, tmp_path / "second")
    comparison = compared(archive, back)
    assert comparison.equal
    assert {(finding.kind, finding.path) for finding in comparison.findings} == {
        (FindingKind.SKIPPED_RELATION, relation)
        for relation in ("milestones", "repository", "max_iids", "user_contributions")
    }


def test_what_was_left_out_of_one_archive_is_not_compared_and_that_is_said(source: Instance, tmp_path: Path) -> None:
    whole, partly = export(source, tmp_path / "whole"), export(source, tmp_path / "partly", "milestones")
    comparison = compared(whole, partly)
    assert comparison.equal
    assert {(finding.entity, finding.path, finding.reason) for finding in comparison.findings} == {
        (path, "milestones", "whoever exported the second archive left it out on purpose, so it is not compared")
        for path in ("top", "top/sub", "top/sub/App")
    }
    assert not any(path.path == "milestones" for path in comparison.paths)
